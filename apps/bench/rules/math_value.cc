#include <cctype>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <numbers>

#include "apps/bench/rules/math_answer.h"

namespace pareto {
namespace {

using Value = std::optional<std::complex<double>>;

constexpr int kMaxDepth = 64;

// sum := product (+|- product)*, product := power ((*|/|nothing) power)*, power := unary (^ power)?
class Expression {
 public:
  explicit Expression(std::string_view text) : text_(text) {}

  Value value() {
    Value found = sum();
    return at_ == text_.size() ? found : std::nullopt;
  }

 private:
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  Value sum() {
    if (++depth_ > kMaxDepth) return std::nullopt;
    Value left = product();
    while (left && (peek() == '+' || peek() == '-')) {
      const bool plus = text_[at_++] == '+';
      const Value right = product();
      if (!right) return std::nullopt;
      left = plus ? *left + *right : *left - *right;
    }
    --depth_;
    return left;
  }

  bool begins_factor() const {
    return std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '(' || peek() == '.';
  }

  Value product() {
    Value left = signed_power();
    while (left) {
      const bool divides = take("/");
      if (!divides && !take("*") && !begins_factor()) break;
      const Value right = signed_power();
      if (!right || (divides && *right == 0.0)) return std::nullopt;
      left = divides ? *left / *right : *left * *right;
    }
    return left;
  }

  Value signed_power() {
    bool negative = false;
    for (; peek() == '-' || peek() == '+'; ++at_) negative ^= peek() == '-';
    const Value value = power();
    return value && negative ? Value(-*value) : value;
  }

  Value power() {
    if (++depth_ > kMaxDepth) return std::nullopt;
    Value base = atom();
    if (base && take("^")) {
      const Value exponent = signed_power();
      if (!exponent) return std::nullopt;
      // Whole powers of reals are exact where std::pow of complex numbers is not.
      base = base->imag() == 0 && exponent->imag() == 0 &&
                     (base->real() >= 0 || std::nearbyint(exponent->real()) == exponent->real())
                 ? std::complex<double>(std::pow(base->real(), exponent->real()))
                 : std::pow(*base, *exponent);
    }
    --depth_;
    return base;
  }

  Value bracketed() {
    if (!take("(")) return std::nullopt;
    const Value inner = sum();
    return take(")") ? inner : std::nullopt;
  }

  Value atom() {
    if (take("sqrt")) {
      const Value inner = bracketed();
      return inner ? Value(std::sqrt(*inner)) : std::nullopt;
    }
    if (take("root")) {  // root(3)(8)
      const Value degree = bracketed();
      const Value inner = bracketed();
      if (!degree || !inner || *degree == 0.0) return std::nullopt;
      if (inner->imag() == 0 && degree->real() == 3) return std::cbrt(inner->real());
      return std::pow(*inner, 1.0 / *degree);
    }
    if (take("pi")) return std::numbers::pi;
    if (take("i")) return std::complex<double>(0, 1);
    if (peek() == '(') return bracketed();
    return number();
  }

  Value number() {
    const std::size_t begun = at_;
    int points = 0;
    for (; std::isdigit(static_cast<unsigned char>(peek())) != 0 || peek() == '.'; ++at_) {
      points += peek() == '.' ? 1 : 0;
    }
    if (at_ == begun || points > 1 || at_ - begun == static_cast<std::size_t>(points)) {
      return std::nullopt;
    }
    return std::strtod(std::string(text_.substr(begun, at_ - begun)).c_str(), nullptr);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Value math_value(std::string_view plain) {
  const Value value = Expression(plain).value();
  if (!value || !std::isfinite(value->real()) || !std::isfinite(value->imag())) return std::nullopt;
  return value;
}

}  // namespace pareto

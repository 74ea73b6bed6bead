#include "tools/sandbox/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace pareto::sandbox {
namespace {

bool letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

bool valid_name(std::string_view name) {
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [](char c) { return letter(c) || digit(c); });
}

void set(Environment& environment, const std::string& name, const std::string& value) {
  const auto found = std::ranges::find(environment, name, &Environment::value_type::first);
  if (found == environment.end()) {
    environment.emplace_back(name, value);
  } else {
    found->second = value;
  }
}

}  // namespace

Result<Environment> make_environment(const std::string& path, const Environment& extra) {
  Environment environment = {
      {"PATH", path},   {"HOME", "/tmp"},  {"LANG", "C.UTF-8"},
      {"TERM", "dumb"}, {"PAGER", "cat"},  {"GIT_PAGER", "cat"},
      {"CI", "1"},      {"NO_COLOR", "1"}, {"PYTHONDONTWRITEBYTECODE", "1"},
  };
  for (const auto& [name, value] : extra) {
    if (!valid_name(name)) {
      return fail(ErrorCode::invalid,
                  fmt::format("sandbox: \"{}\" can't be the name of an environment variable; "
                              "expected letters, digits and underscores",
                              name));
    }
    if (value.find('\0') != std::string::npos) {
      return fail(ErrorCode::invalid,
                  fmt::format("sandbox: the value of the variable {} holds a NUL", name));
    }
    set(environment, name, value);
  }
  return environment;
}

}  // namespace pareto::sandbox

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pareto::sandbox {

// Makes what a terminal program prints readable as text, piece by piece: escape sequences are
// removed, a line that was overwritten after a carriage return is dropped, other control characters
// are removed, and runs of bytes that are not UTF-8 become one U+FFFD.
class OutputFilter {
 public:
  // Appends what is certain by now to `out`.
  void feed(std::string_view bytes, std::string& out);
  // Appends the rest, once, at the end.
  void finish(std::string& out);

 private:
  enum class Mode { text, escape, sequence, string, string_escape };

  void run(std::string_view bytes, std::string& out);
  void byte(unsigned char byte, std::string& out);
  void text_byte(unsigned char byte, std::string& out);
  void escape_byte(unsigned char byte, std::string& out);
  void character(std::string_view bytes, std::string& out);
  void malformed(std::string& out);

  Mode mode_ = Mode::text;
  std::string line_;       // the current line, as it may yet be overwritten
  bool returned_ = false;  // a carriage return was the last thing seen
  bool replaced_ = false;  // the last character was U+FFFD, written for bytes that made no sense
  unsigned char partial_[4] = {};  // of a UTF-8 sequence
  std::size_t have_ = 0;
  std::size_t want_ = 0;
  std::size_t escape_length_ = 0;
};

// Keeps the beginning and the end of a text of any length, in memory of a fixed size, and says how
// much it left out. Tests print their summary last, so the end gets the larger part.
class BoundedText {
 public:
  // Bytes to keep at most, not counting the marker.
  BoundedText(std::size_t head, std::size_t tail);

  void append(std::string_view text);  // any pieces of a valid UTF-8 text
  bool cut() const;
  // head + "\n[... N bytes left out ...]\n" + tail, cut at UTF-8 boundaries.
  std::string text() const;

 private:
  std::size_t head_size_;
  std::size_t tail_size_;
  std::string head_;
  std::string tail_;  // up to twice tail_size_, so that dropping from its front is rare
  std::uint64_t total_ = 0;
};

// The only place where output is bounded.
class BoundedOutput {
 public:
  BoundedOutput(std::size_t head, std::size_t tail) : text_(head, tail) {}
  void append(std::string_view bytes);
  void finish();
  bool cut() const { return text_.cut(); }
  std::string text() const { return text_.text(); }

 private:
  OutputFilter filter_;
  BoundedText text_;
  std::string scratch_;
};

}  // namespace pareto::sandbox

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/recall.h"

// Reads what a model wrote. Pure, and safe on any bytes.

namespace pareto {

// A fenced block of a reply.
struct FencedBlock {
  std::string info;     // what follows the opening fence
  std::string heading;  // the last line that is not blank before it, if none is a block's
  std::string text;     // every line ends in a newline
  bool closed = true;

  friend bool operator==(const FencedBlock&, const FencedBlock&) = default;
};

std::vector<FencedBlock> fenced_blocks(std::string_view reply);

// Whether the model ended its reply itself. A cut reply's last block is not a whole file.
enum class ReplyEnd { complete, cut };

inline constexpr std::size_t kMostWrittenFiles = 32;

// The files that a reply gives in whole: fenced blocks with a path in the info string, in a comment
// on their first line, or in the line before. `known` are files of any name that may be meant. The
// last block of a path wins. Paths that would leave the workspace are dropped.
std::vector<BriefedFile> extract_files(std::string_view reply, std::span<const BriefedFile> known,
                                       ReplyEnd end);

// What a reply without any path means: the block that is most like one of the candidates (the files
// shown, and those the prompt names) replaces it, else the only block is the first candidate. Test
// files are not meant.
std::optional<BriefedFile> guess_file(std::string_view reply,
                                      std::span<const BriefedFile> candidates, ReplyEnd end);

// What follows the last "Answer:", else the last \boxed{}, else what the last line says the answer
// is, else the whole reply; without markup around it.
std::string extract_answer(std::string_view reply);

// The answer that a reply gave before it was cut off: on a line behind "Answer:" that ends before
// the cut, or boxed.
std::optional<std::string> answer_before_cut(std::string_view reply);

// The whole reply, but for an "Answer:" that it begins with, or has once, in its last line.
std::string plain_answer(std::string_view reply);

// A reply without its fenced blocks.
std::string prose_of(std::string_view reply);

// Whether a path stays inside the workspace: relative, without "..".
bool is_workspace_path(std::string_view path);

// Whether a file name says that it holds tests.
bool is_test_file(std::string_view path);

}  // namespace pareto

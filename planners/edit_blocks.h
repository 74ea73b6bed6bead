#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/recall.h"

// Changes of a few lines, as models write them between conflict markers:
//
//   <<<<<<< PATH
//   the lines as they stand in the file
//   =======
//   the lines that replace them
//   >>>>>>>

namespace pareto {

struct EditBlock {
  std::string path;  // as written; may be empty
  std::string old_lines;
  std::string new_lines;

  friend bool operator==(const EditBlock&, const EditBlock&) = default;
};

std::vector<EditBlock> edit_blocks(std::string_view reply);

// The text with `old_lines` replaced, if they stand in it once: exactly, else up to their
// indentation, and then the text's own indentation is kept. Nothing when nothing would change.
std::optional<std::string> apply_edit(std::string_view text, std::string_view old_lines,
                                      std::string_view new_lines);

// The files that the edits of a reply change, in whole. An edit without the path of a known file
// belongs to the one file, test files aside, that it fits. What fits nowhere is left out.
std::vector<BriefedFile> edited_files(std::string_view reply, std::span<const BriefedFile> known);

}  // namespace pareto

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/planner.h"

// What instant and reasoning have in common: everything in one prompt, one reply, at most one
// repair. They differ in what they ask for and in how long a reply may be.

namespace pareto {

// What a task's reply has to hold, judged from the task itself.
enum class Product {
  answer,  // no files are in sight
  files,   // a check decides, and it looks at the workspace
  either,  // files are there, but nothing says that they have to change
};

Product product_of(const Run& run);

// In which form a call asks for changed files: each of them whole, or the faulty lines between
// conflict markers (planners/edit_blocks.h).
enum class FileForm { whole, edits };

// How a mode words its wish, by product. The form of whole files follows `files`; `either` is
// followed by it and then by `otherwise`.
struct SingleCallWords {
  std::string_view answer;
  std::string_view files;
  std::string_view either;
  std::string_view otherwise;
  std::string_view repair;  // after a failed check
  // What a small model is asked for first when a program has to be repaired.
  FileForm first = FileForm::whole;
};

// The first messages: everything known, then what the reply should look like.
Planned single_call_plan(const Run& run, const SingleCallWords& words);

// The call, the files of its reply, one more call after a failed check, the end. A reply without a
// usable block is taken as it is; one that was cut off before it had any is a failure.
//
// A small model repeats itself when it is shown its own failed repair. It is asked again from the
// start instead, in the other form: measured on 16 small repairs with Qwen2.5-Coder-1.5B, lines
// first solve 7 and whole files afterwards 3 of the other 9; the second call behind the first one's
// history solves none of them.
Action single_call_next(const Run& run, const SingleCallWords& words,
                        std::int64_t max_output_tokens);

// The answer where files were changed: what was said besides, or which files they are.
std::string changes_told(const Run& run, const std::vector<BriefedFile>& files);

// The files that the last reply gives and that may be written: not those that the check consists
// of, and where nothing asks for changes, only what can be a whole file.
std::vector<BriefedFile> reply_files(const Run& run);

// Whether the last reply was cut off by its bound before it gave an answer or a whole file: it came
// to nothing, whatever it says.
bool cut_off(const Run& run);

// How a run ends after such a reply: a failure, or an error where the connection failed and no
// check decides.
Finish cut_off_end(const Run& run);

// Whether the last reply is not whole: its bound of tokens was reached, or something broke within.
bool is_cut(const Run& run);

// The last reply of the model, or null.
const Message* last_reply(const Run& run);

// Whether the limit leaves another turn.
bool has_turn(const Run& run);

// Whether the last verification failed and nothing was changed since.
bool check_fails(const Run& run);

}  // namespace pareto

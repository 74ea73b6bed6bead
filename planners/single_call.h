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

// How a mode words its wish, by product. The form of the files follows `files`; `either` is
// followed by it and then by `otherwise`.
struct SingleCallWords {
  std::string_view answer;
  std::string_view files;
  std::string_view either;
  std::string_view otherwise;
};

// The first messages: everything known, then what the reply should look like.
Planned single_call_plan(const Run& run, const SingleCallWords& words);

// The call, the files of its reply, after a failed check one more call that asks for `repair`, the
// end. A reply cut by its bound, or without a usable block, is taken as it is.
Action single_call_next(const Run& run, std::int64_t max_output_tokens, std::string_view repair);

// The files that the last reply gives and that may be written: not those that the check consists
// of, and where nothing asks for changes, only what can be a whole file.
std::vector<BriefedFile> reply_files(const Run& run);

// The last reply of the model, or null.
const Message* last_reply(const Run& run);

// Whether the limit leaves another turn.
bool has_turn(const Run& run);

// Whether the last verification failed and nothing was changed since.
bool check_fails(const Run& run);

}  // namespace pareto

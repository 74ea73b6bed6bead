#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/json_fields.h"
#include "agent/core/result.h"
#include "agent/core/task.h"
#include "apps/bench/readers/reader.h"

namespace pareto {

// One item of a benchmark file, and where it stands: "line 3", "item 3".
struct Record {
  std::string where;
  Json value;
};

// The objects of a text of JSON lines, or of a JSON array. Errors name the line or the item.
Result<std::vector<Record>> json_records(std::string_view text);

// The rows of a CSV file with a header line (RFC 4180: quotes, doubled quotes, line ends within
// quotes) as objects of texts. Errors name the line.
Result<std::vector<Record>> csv_records(std::string_view text);

// The first record of either form, or null when there is none that can be read.
Json first_record(std::string_view text);
bool has_keys(const Json& record, std::initializer_list<std::string_view> keys);

// Makes a task of a record. `number` counts from 1.
using MakeTask = std::function<Result<Task>(JsonFields& fields, std::size_t number)>;

// One task a record; what is wrong in one is reported with its place. An id twice and a source
// without a record are errors.
Result<std::vector<Task>> tasks_of(const Result<std::vector<Record>>& records,
                                   std::string_view format, const MakeTask& make);

// What `make` returns when it has read all fields: the task, or the first error among them.
Result<Task> done(const JsonFields& fields, Task task);

// "gsm8k-0042": ids of benchmarks whose items have none.
std::string numbered(std::string_view format, std::size_t number);

// The JSON text of a score type that takes `answers`.
std::string answers_score(std::string_view type, const std::vector<std::string>& answers);
// For types that normalise answers: those of which nothing would be left ("A", "?!") are left out,
// since an empty answer would meet them; when none remains, the first is compared as it stands.
std::string normalised_score(std::string_view type, std::vector<std::string> answers);

// A text that may not be empty.
std::string filled_text(JsonFields& fields, std::string_view key);

// One of the texts that an option may be; the first is the default.
Result<std::string> option_of(const Source& source, std::string_view key,
                              std::initializer_list<std::string_view> choices);
// An error for every key of [reader] that is not listed.
Result<void> only_options(const Source& source, std::initializer_list<std::string_view> known);

}  // namespace pareto

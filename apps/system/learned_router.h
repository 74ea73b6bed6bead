#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/core/ports.h"
#include "agent/io/sqlite_connection.h"
#include "policies/routing/router.h"

namespace pareto {

// A PriorRouter that knows how earlier runs went as of each question: what any process has learned
// since the last one is read again. Without a change of the file that costs one pragma, with one a
// sum over the experiences. Where they can't be read, what was known stays.
class LearnedRouter final : public Router {
 public:
  // `state_file` holds the experiences. Errors: those of opening and reading it.
  static Result<std::unique_ptr<LearnedRouter>> open(RouterOptions options,
                                                     const std::string& state_file);

  Result<Route> route(const Question& question, std::uint64_t seed) const override;

 private:
  LearnedRouter(RouterOptions options, SqliteConnection connection);
  Result<void> read_again() const;

  RouterOptions options_;
  // A question changes nothing that anybody sees, but for how fresh the answer is.
  mutable SqliteConnection connection_;
  mutable std::optional<std::int64_t> version_;  // of the file, when it was read
  mutable PriorRouter router_;
};

}  // namespace pareto

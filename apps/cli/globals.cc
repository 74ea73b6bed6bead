#include "apps/cli/globals.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "apps/cli/terminal_text.h"

extern char** environ;

namespace pareto {

Result<Config> load_config(const Globals& globals, std::vector<Setting> flags) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  auto sources = gather_settings(environment);
  if (!sources) return std::unexpected(sources.error());
  if (!globals.state.empty()) flags.push_back({"state", globals.state, "--state"});
  if (globals.unsafe_no_sandbox) {
    flags.push_back({"sandbox.unsafe_none", true, "--unsafe-no-sandbox"});
  }
  sources->layers.push_back(std::move(flags));
  return make_config(*sources);
}

int report(const Error& error) {
  fmt::print(stderr, "pareto: {}\n", text_for(stderr, error.message));
  switch (error.code) {
    case ErrorCode::invalid:
      return kExitUsage;
    case ErrorCode::cancelled:
      return kExitCancelled;
    default:
      return kExitInfrastructure;
  }
}

int report_failed(const Error& error) {
  const int status = report(error);
  return status == kExitInfrastructure ? kExitFailed : status;
}

bool lively(const Globals& globals) {
  const char* no_color = std::getenv("NO_COLOR");
  return isatty(STDERR_FILENO) != 0 && !globals.quiet && (no_color == nullptr || *no_color == '\0');
}

}  // namespace pareto

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "agent/models/local/engine.h"
#include "agent/models/local/file_lock.h"

// What `pareto` is to the engine, for tests that kill processes:
//   engine_helper engine-supervisor ...          the hidden subcommand
//   engine_helper own CACHE SCRIPT WEIGHTS SECONDS   acquires, prints the engine's process id,
//   waits
int main(int argc, char** argv) {
  using namespace pareto;
  if (argc > 1 && std::string_view(argv[1]) == "engine-supervisor") {
    return supervisor_main(argc - 1, argv + 1);
  }
  if (argc != 6 || std::string_view(argv[1]) != "own") return 2;
  const EngineCommand command{
      EngineCommand::Kind::custom,
      {"python3", argv[3], "{weights}", "{port}", "{context}", "{slots}", "{threads}"}};
  const EngineSpec spec{argv[4], 1024, 1, 1, std::atoi(argv[5])};
  const Result<EngineLease> lease = Engine::acquire(
      {argv[2], "", {}}, command, spec, Deadline::in(std::chrono::seconds(20), wall_now()));
  fmt::print("{}\n", lease ? std::to_string(lease->status().pid) : lease.error().message);
  std::fflush(stdout);
  ::pause();
  return 0;
}

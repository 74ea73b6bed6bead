#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"

namespace pareto {

// How to start an engine: `argv` holds placeholders {weights}, {port}, {context} (of all slots
// together), {slots} and {threads}.
struct EngineCommand {
  enum class Kind { llama_server, wheel, custom };
  Kind kind = Kind::custom;
  std::vector<std::string> argv;

  friend bool operator==(const EngineCommand&, const EngineCommand&) = default;
};

const char* to_string(EngineCommand::Kind kind);

struct EngineOptions {
  std::string cache_dir;     // default_cache_dir()
  std::string llama_server;  // configured program; empty: look on PATH, then for the wheel
  // What is executed as the engine's parent; empty: this program with "engine-supervisor".
  std::vector<std::string> supervisor;
};

// What an engine must offer. A running engine with the same weights and at least this context and
// these slots is reused.
struct EngineSpec {
  std::string weights;   // absolute path
  int context = 16'384;  // tokens a slot
  int slots = 1;
  int threads = 0;       // 0: one for every usable processor
  int keep_alive = 300;  // seconds that the engine outlives its last owner; the latest wish
                         // of an owner counts

  friend bool operator==(const EngineSpec&, const EngineSpec&) = default;
};

// A running engine as others see it.
struct EngineStatus {
  int port = 0;
  int pid = 0;
  int supervisor_pid = 0;
  EngineSpec spec;
  std::string command;  // the program, for people
};

// A share in a running engine. While any process holds one the engine lives. Movable, released by
// the destructor, and by the kernel if the process dies.
class EngineLease {
 public:
  EngineLease(EngineLease&&) noexcept;
  EngineLease& operator=(EngineLease&&) noexcept;
  ~EngineLease();

  const std::string& base_url() const;  // "http://127.0.0.1:40123", without a slash at the end
  const EngineStatus& status() const;

  struct State;  // defined in engine.cc

 private:
  friend class Engine;
  explicit EngineLease(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The local engine: an HTTP server of llama.cpp, started on demand on a free loopback port and
// shared by all processes of the user.
class Engine {
 public:
  // A configured program, else llama-server on PATH, else the installed wheel, else an error
  // that names `pareto models engine install`.
  static Result<EngineCommand> locate(const EngineOptions& options);

  // Blocks until the engine answers; for a worker thread. Errors: not_found (no weights),
  // timeout, unavailable (the engine ended; the text holds the end of its log).
  static Result<EngineLease> acquire(const EngineOptions& options, const EngineCommand& command,
                                     const EngineSpec& spec, Deadline deadline);

  // Makes sure that the engine of a lease still answers and starts it again if it has died; its
  // address may change. Blocks.
  static Result<void> renew(EngineLease& lease, Deadline deadline);

  // The engines of this user that run now.
  static std::vector<EngineStatus> running(const std::string& cache_dir);

  // Ends every engine that has no owner; returns how many.
  static int stop_idle(const std::string& cache_dir);
};

// The hidden subcommand `engine-supervisor`: argv[0] is its name. The engine's parent: starts it,
// records it, and ends it when it has had no owner for `keep_alive` seconds.
int supervisor_main(int argc, char** argv);

}  // namespace pareto

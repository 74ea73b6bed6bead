#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/models/local/engine.h"

namespace pareto {

// The folder of one engine, CACHE/engines/NAME, and what lies in it:
//   owners.lock      every owner holds it shared; its modification time is the last use
//   supervisor.lock  the supervisor holds it exclusively while it lives
//   start.lock       held exclusively by whoever starts the engine
//   engine.json      the running engine (EngineStatus), written by the supervisor
//   keep_alive       seconds, written by the latest owner
//   engine.log       what the engine prints
struct EnginePlace {
  std::string folder;

  std::string owners() const { return folder + "/owners.lock"; }
  std::string supervisor() const { return folder + "/supervisor.lock"; }
  std::string start() const { return folder + "/start.lock"; }
  std::string record() const { return folder + "/engine.json"; }
  std::string keep_alive() const { return folder + "/keep_alive"; }
  std::string log() const { return folder + "/engine.log"; }
  std::string launcher() const { return folder + "/launcher.py"; }

  friend bool operator==(const EnginePlace&, const EnginePlace&) = default;
};

// The place of an engine with exactly this weights file, context, slots and threads.
EnginePlace place_of(const std::string& cache_dir, const EngineSpec& spec);
// Every place that was ever used, in the order of their names.
std::vector<EnginePlace> all_places(const std::string& cache_dir);

// Whether a supervisor lives there.
bool supervised(const EnginePlace& place);

std::optional<EngineStatus> read_record(const EnginePlace& place);
Result<void> write_record(const EnginePlace& place, const EngineStatus& status);

// A small file that readers see whole or not at all.
Result<void> replace_file(const std::string& path, const std::string& text);
// The beginning of a small file, up to 64 KiB; empty when it can't be read.
std::string read_small_file(const std::string& path);

}  // namespace pareto

#include "agent/models/local/engine_place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/models/local/file_lock.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

// FNV-1a: tells files of the same name in different folders apart.
std::uint32_t hash(std::string_view text) {
  std::uint32_t value = 2'166'136'261U;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 16'777'619U;
  return value;
}

}  // namespace

EnginePlace place_of(const std::string& cache_dir, const EngineSpec& spec) {
  const std::string stem = fs::path(spec.weights).stem().string().substr(0, 80);
  return {fmt::format("{}/engines/{}-{:08x}-c{}-s{}-t{}", cache_dir, stem, hash(spec.weights),
                      spec.context, spec.slots, spec.threads)};
}

std::vector<EnginePlace> all_places(const std::string& cache_dir) {
  std::vector<EnginePlace> places;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cache_dir + "/engines", error)) {
    if (entry.is_directory(error)) places.push_back({entry.path().string()});
  }
  std::ranges::sort(places, {}, &EnginePlace::folder);
  return places;
}

bool supervised(const EnginePlace& place) {
  Result<FileLock> lock = FileLock::open(place.supervisor());
  return lock && !lock->try_lock(LockMode::shared);
}

std::optional<EngineStatus> read_record(const EnginePlace& place) {
  const Result<Json> json = parse_json(read_small_file(place.record()));
  if (!json) return std::nullopt;
  JsonFields fields(*json, "engine");
  const auto number = [&fields](std::string_view key) {
    return static_cast<int>(std::clamp<std::int64_t>(fields.integer(key), 0, INT_MAX));
  };
  EngineStatus status;
  status.port = number("port");
  status.pid = number("pid");
  status.supervisor_pid = number("supervisor");
  status.spec = {fields.text("weights"), number("context"), number("slots"), number("threads"),
                 number("keep_alive")};
  status.command = fields.text("command");
  // A signal to process 0 or 1 would hit the wrong ones.
  if (!fields.done() || status.port < 1 || status.port > 65'535 || status.pid < 2 ||
      status.supervisor_pid < 2) {
    return std::nullopt;
  }
  return status;
}

Result<void> write_record(const EnginePlace& place, const EngineStatus& status) {
  const Json json = {{"port", status.port},
                     {"pid", status.pid},
                     {"supervisor", status.supervisor_pid},
                     {"weights", status.spec.weights},
                     {"context", status.spec.context},
                     {"slots", status.spec.slots},
                     {"threads", status.spec.threads},
                     {"keep_alive", status.spec.keep_alive},
                     {"command", status.command}};
  return replace_file(place.record(), dump_json(json) + "\n");
}

Result<void> replace_file(const std::string& path, const std::string& text) {
  std::string fresh = path + ".XXXXXX";
  const int descriptor = ::mkostemp(fresh.data(), O_CLOEXEC);
  if (descriptor < 0) {
    return fail(ErrorCode::internal, fmt::format("can't write {}: {}", path, std::strerror(errno)));
  }
  const ssize_t count = ::write(descriptor, text.data(), text.size());
  ::close(descriptor);
  if (count != static_cast<ssize_t>(text.size()) || ::rename(fresh.c_str(), path.c_str()) != 0) {
    const std::string reason = std::strerror(errno);
    ::unlink(fresh.c_str());
    return fail(ErrorCode::internal, fmt::format("can't write {}: {}", path, reason));
  }
  return {};
}

std::string read_small_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(64 * 1024, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

}  // namespace pareto

#include "agent/models/local/engine_place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "agent/core/json.h"
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

int number(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<int>() : 0;
}

std::string text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
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
  const Json json = Json::parse(read_small_file(place.record()), nullptr, false);
  if (!json.is_object()) return std::nullopt;
  EngineStatus status;
  status.port = number(json, "port");
  status.pid = number(json, "pid");
  status.supervisor_pid = number(json, "supervisor");
  status.spec = {text(json, "weights"), number(json, "context"), number(json, "slots"),
                 number(json, "threads"), number(json, "keep_alive")};
  status.command = text(json, "command");
  if (status.port <= 0 || status.port > 65'535 || status.pid <= 1 || status.supervisor_pid <= 1) {
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
  return replace_file(place.record(),
                      json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
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

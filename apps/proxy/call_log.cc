#include "apps/proxy/call_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"

namespace pareto {
namespace {

std::unexpected<Error> failure(const std::string& path) {
  return fail(ErrorCode::internal,
              fmt::format("{}: {}", path, std::generic_category().message(errno)));
}

}  // namespace

Result<CallLog> CallLog::open(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file.open()) return failure(path);
  return CallLog(std::move(file), path);
}

Result<void> CallLog::append(const Json& line) {
  const std::string text = dump_json(line) + "\n";
  if (::write(file_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fdatasync(file_.get()) != 0) {
    return failure(path_);
  }
  return {};
}

Money cost_of_log(const std::string& path) {
  std::map<std::string, Money> calls;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto json = parse_json(line);
    if (!json || !json->is_object()) continue;
    JsonFields fields(*json, "call");
    const std::string event = fields.text_or("event", "");
    const std::string call = fields.text_or("call", "");
    if (event == "begun") calls[call] = fields.money("reserved_usd");
    if (event == "ended") calls[call] = fields.money("settled_usd");
  }
  Money sum;
  for (const auto& [call, cost] : calls) sum += cost;
  return sum;
}

}  // namespace pareto

// Logs of another harness: an archive of whatever bytes, or whatever stands in the entries of a
// sound one. What is read are rows that a report can use.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "apps/export/inspect_rows.h"

namespace {

using pareto::Json;
using pareto::exporting::ZipReader;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_row(const Json& row) {
  require(row["score"].is_null() || (row["score"] >= 0.0 && row["score"] <= 1.0));
  require(row["repeat"] >= 0 && row["turns"] >= 0 && row["seconds"] >= 0.0);
  require(row["cached_prompt_tokens"] >= 0 && row["prompt_tokens"] >= row["cached_prompt_tokens"]);
  require(row["cost_known"].get<bool>() == row["cost_usd"].is_string());
  require(!row["task"].get<std::string>().empty() && !row["suite"].get<std::string>().empty());
}

void read(std::string_view bytes) {
  auto archive = ZipReader::of_bytes(bytes, "FILE");
  if (!archive) return;
  for (const std::string& name : archive->names()) {
    const auto text = archive->read(name, 1'000);
    if (text) require(text->size() <= 1'000);
    if (!text) require(text.error().message.starts_with("FILE: entry "));
  }
  const auto rows = pareto::exporting::read_inspect_log(*archive, "FILE");
  if (!rows) return;
  for (const Json& row : rows->rows) check_row(row);
}

}  // namespace

// The first byte chooses; a zero byte separates the header from the summaries.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    read(rest);
    return 0;
  }
  const std::size_t end = std::min(rest.find('\0'), rest.size());
  const std::string header(rest.substr(0, end));
  const std::string summaries(rest.substr(std::min(end + 1, rest.size())));
  const auto bytes = pareto::exporting::zip_archive(
      {{"header.json", header}, {"summaries.json", summaries}}, pareto::Instant());
  require(bytes.has_value());
  read(*bytes);
  return 0;
}

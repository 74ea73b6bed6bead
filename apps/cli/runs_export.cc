#include "apps/cli/runs_export.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/text/nearest_name.h"
#include "apps/cli/store_access.h"
#include "apps/export/atif.h"
#include "apps/export/otlp.h"
#include "apps/system/task_file.h"

namespace pareto {
namespace {

const std::array<std::string, 2> kFormats = {"atif", "otlp"};

Result<void> check_flags(const ExportFlags& flags) {
  if (std::ranges::find(kFormats, flags.format) == kFormats.end()) {
    const auto nearest = nearest_name(flags.format, kFormats);
    return fail(ErrorCode::invalid,
                fmt::format("--format {}: expected atif or otlp{}", flags.format,
                            nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : ""));
  }
  if (flags.content && flags.format != "otlp") {
    return fail(ErrorCode::invalid, "--content is for otlp: a trajectory always has its texts");
  }
  if (flags.runs.size() > 1 && flags.out.empty()) {
    return fail(ErrorCode::invalid, "several runs need --out DIR, one file each");
  }
  return {};
}

// Who serves a configured model, in the words of the GenAI conventions: "openai" also stands for
// whatever speaks its protocol.
std::map<std::string, std::string> providers_of(const Config& config) {
  std::map<std::string, std::string> providers;
  for (const auto& [name, model] : config.models) {
    providers[name] = model.engine == "llama" ? "llama.cpp" : model.engine;
  }
  return providers;
}

Result<std::string> document_of(StoreAccess& store, const RunId& run, const ExportFlags& flags) {
  auto events = store.journal->load(run);
  if (!events) return std::unexpected(events.error());
  const auto turns = exporting::turns_of(*events);
  if (!turns) return std::unexpected(turns.error());
  if (flags.format == "atif") {
    return dump_json(exporting::atif_trajectory(*turns, PARETO_VERSION)) + "\n";
  }
  const exporting::OtlpOptions options{
      .version = PARETO_VERSION,
      .content = flags.content ? exporting::Content::included : exporting::Content::left_out,
      .providers = providers_of(store.config)};
  return dump_json(exporting::otlp_trace(*turns, options)) + "\n";
}

// A folder for several runs, or where the path is one already.
Result<std::string> path_of(const ExportFlags& flags, const RunId& run) {
  std::error_code error;
  const bool folder = flags.runs.size() > 1 || flags.out.ends_with('/') ||
                      std::filesystem::is_directory(flags.out, error);
  if (!folder) return flags.out;
  std::filesystem::create_directories(flags.out, error);
  if (error) return fail(ErrorCode::invalid, "--out " + flags.out + ": " + error.message());
  return (std::filesystem::path(flags.out) / (run.value + "." + flags.format + ".json")).string();
}

Result<void> write(const ExportFlags& flags, const RunId& run, const std::string& document,
                   const Globals& globals) {
  if (flags.out.empty()) {
    fmt::print("{}", document);
    return {};
  }
  const auto path = path_of(flags, run);
  if (!path) return std::unexpected(path.error());
  const std::string parent = std::filesystem::path(*path).parent_path().string();
  if (!parent.empty() && !std::filesystem::is_directory(parent)) {
    return fail(ErrorCode::invalid, fmt::format("--out {}: no such folder: {}", *path, parent));
  }
  if (auto written = write_text_file(parent.empty() ? "./" + *path : *path, document); !written) {
    return written;
  }
  if (!globals.quiet) fmt::print(stderr, "wrote {}\n", *path);
  return {};
}

}  // namespace

Result<int> export_runs(const Globals& globals, const ExportFlags& flags) {
  if (auto checked = check_flags(flags); !checked) return std::unexpected(checked.error());
  auto store = open_store(globals);
  if (!store) return std::unexpected(store.error());
  // All are looked for before any is written.
  std::vector<RunId> runs;
  for (const std::string& id : flags.runs) {
    auto run = store->journal->resolve(id);
    if (!run) return std::unexpected(run.error());
    runs.push_back(std::move(*run));
  }
  for (const RunId& run : runs) {
    const auto document = document_of(*store, run, flags);
    if (!document) return std::unexpected(document.error());
    if (auto written = write(flags, run, *document, globals); !written) {
      return std::unexpected(written.error());
    }
  }
  return kExitSuccess;
}

}  // namespace pareto

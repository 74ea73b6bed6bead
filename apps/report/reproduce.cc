#include "apps/report/reproduce.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/report/markup.h"

namespace pareto::reporting {
namespace {

// A value of a manifest that anybody may have written, as text; empty where there is none.
std::string text_at(const Json& json, std::initializer_list<const char*> path) {
  const Json* at = &json;
  for (const char* key : path) {
    if (!at->is_object()) return "";
    const auto found = at->find(key);
    if (found == at->end()) return "";
    at = &*found;
  }
  if (at->is_string()) return at->get<std::string>();
  return at->is_number() || at->is_boolean() ? at->dump() : "";
}

// What the rows themselves say of the bench that made them.
std::string bench_command(const SuiteReport& suite, std::size_t folder, const Json& manifest) {
  std::set<std::string> modes;
  std::set<std::string> models;
  std::int64_t repeats = 1;
  for (const ReportRow& row : suite.rows.rows) {
    if (row.folder != folder) continue;
    modes.insert(row.observation.arm.mode);
    if (!row.observation.arm.model.empty()) models.insert(row.observation.arm.model);
    repeats = std::max(repeats, row.observation.repeat + 1);
  }
  std::string command =
      "pareto bench SUITE --modes " + shell_word(fmt::format("{}", fmt::join(modes, ",")));
  if (!models.empty())
    command += " --models " + shell_word(fmt::format("{}", fmt::join(models, ",")));
  command += fmt::format(" --repeat {}", repeats);
  for (const char* name : {"seed", "memory", "learn"}) {
    const std::string value = text_at(manifest, {"configuration", name});
    if (!value.empty()) command += fmt::format(" --{} {}", name, shell_word(value));
  }
  return command;
}

std::string item(std::string_view name, const std::string& value) {
  return value.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>", name, escape(value));
}

std::string hosts(const Json& manifest) {
  std::set<std::string> found;
  if (manifest.is_object() && manifest.contains("sessions") && manifest["sessions"].is_array()) {
    for (const Json& session : manifest["sessions"]) {
      const std::string processor = text_at(session, {"host", "processor"});
      if (processor.empty()) continue;
      found.insert(fmt::format("{}, {} processors, {}", processor,
                               text_at(session, {"host", "processors"}),
                               text_at(session, {"host", "memory"})));
    }
  }
  return fmt::format("{}", fmt::join(found, "; "));
}

}  // namespace

std::string shell_word(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./,:=+@%").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, plain)) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string reproduce_html(const SuiteReport& suite, const PageSource& source) {
  std::string html = "<h3>How to reproduce</h3>";
  std::set<std::size_t> folders;
  for (const ReportRow& row : suite.rows.rows) folders.insert(row.folder);
  for (const std::size_t folder : folders) {
    const Json manifest = folder < source.manifests.size() ? source.manifests[folder] : Json();
    html += fmt::format("<pre>{}</pre><dl>", escape(bench_command(suite, folder, manifest)));
    html += item("suite", suite.rows.suite + " " + text_at(manifest, {"suite", "version"}));
    html += item("suite hash", suite.rows.suite_hash);
    html += item("from", text_at(manifest, {"suite", "source"}));
    html += item("pareto", text_at(manifest, {"configuration", "pareto"}));
    html += item("routing policy", text_at(manifest, {"configuration", "policy"}));
    html += item("configuration hash", text_at(manifest, {"configuration", "hash"}));
    html += item("seed", text_at(manifest, {"configuration", "seed"}));
    html += item("host", hosts(manifest));
    html += "</dl>";
    if (manifest.is_null()) {
      html += "<p>The folder has no bench.json, so that seed, versions and host are not known.</p>";
    }
  }
  return html + fmt::format("<p>This page: pareto {}</p><pre>{}</pre>", escape(source.version),
                            escape(source.command));
}

}  // namespace pareto::reporting

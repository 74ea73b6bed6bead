#include "apps/cli/report_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "apps/cli/journals.h"
#include "apps/export/inspect_log.h"
#include "apps/report/csv.h"
#include "apps/report/json.h"
#include "apps/report/page.h"
#include "apps/report/plot.h"
#include "apps/report/report.h"
#include "apps/report/reproduce.h"
#include "apps/report/terminal.h"
#include "apps/system/task_file.h"

namespace pareto {
namespace {

constexpr double kDefaultMargin = 3;  // points

struct ReportFlags {
  std::vector<std::string> folders;
  std::string baseline;
  std::string html;
  std::string svg;
  std::string csv;
  std::string inspect;
  double margin = kDefaultMargin;
  double hourly_usd = 0;
  bool plan = false;
};

Result<void> write_file(const std::string& path, const std::string& text) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "wb"), [](std::FILE* f) { return fclose(f); });
  if (!file || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      std::fflush(file.get()) != 0) {
    return fail(ErrorCode::invalid,
                fmt::format("{} can't be written: {}", path, std::strerror(errno)));
  }
  return {};
}

std::string folder_of(const std::string& path) {
  // Beside a foreign log there is nothing of ours.
  if (std::filesystem::is_directory(path) || path.ends_with(".eval")) return path;
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Json manifest_of(const std::string& folder) {
  auto text = read_text_file(folder + "/bench.json");
  if (!text) return {};
  auto json = parse_json(*text);
  return json ? std::move(*json) : Json();
}

// The flags that the page depends on, as a command.
std::string command_of(const ReportFlags& flags) {
  std::string command = "pareto report";
  for (const std::string& folder : flags.folders) command += " " + reporting::shell_word(folder);
  if (!flags.baseline.empty()) command += " --baseline " + reporting::shell_word(flags.baseline);
  if (flags.margin != kDefaultMargin) command += fmt::format(" --margin {:g}", flags.margin);
  if (flags.hourly_usd > 0) command += fmt::format(" --hourly-usd {:g}", flags.hourly_usd);
  if (flags.plan) command += " --plan";
  return command + " --html " + reporting::shell_word(flags.html);
}

// The events of rows, from the journals in their folders.
exporting::EventsOf events_of(const ReportFlags& flags) {
  std::vector<std::string> folders;
  for (const std::string& path : flags.folders) folders.push_back(folder_of(path));
  const auto journals = std::make_shared<Journals>(std::move(folders));
  return [journals](const reporting::ReportRow& row) { return journals->load(row); };
}

std::string page_of(const ReportFlags& flags, const reporting::Report& report) {
  reporting::PageSource source{.version = PARETO_VERSION, .command = command_of(flags)};
  for (const std::string& path : flags.folders) {
    source.folders.push_back(folder_of(path));
    source.manifests.push_back(manifest_of(source.folders.back()));
  }
  source.events = events_of(flags);
  return reporting::html_report(report, source);
}

// "1-demo-list-price.svg": numbered, since names of suites are anybody's.
std::string plot_name(std::size_t suite, const std::string& name, const std::string& cost_model) {
  std::string result = fmt::format("{}-", suite + 1);
  for (const char c : name + "-" + cost_model) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || c == '.') result += c;
    if (!plain && c != '.' && result.back() != '-') result += '-';
    if (result.size() > 100) break;
  }
  return result + ".svg";
}

// One log of Inspect AI for each arm of each suite.
Result<void> write_inspect_logs(const ReportFlags& flags, const reporting::ResultFiles& files,
                                const Globals& globals) {
  std::error_code error;
  std::filesystem::create_directories(flags.inspect, error);
  if (error) {
    return fail(ErrorCode::invalid, "--inspect " + flags.inspect + ": " + error.message());
  }
  const auto events = events_of(flags);
  for (const reporting::SuiteRows& suite : files.suites) {
    for (const offline::ArmId& arm : exporting::arms_of(suite)) {
      const exporting::InspectLog log = exporting::inspect_log(suite, arm, events, PARETO_VERSION);
      auto bytes = exporting::zip_archive(log.entries, log.created);
      if (!bytes) return std::unexpected(bytes.error());
      const std::string path = flags.inspect + "/" + log.file_name;
      if (auto written = write_file(path, *bytes); !written) return written;
      if (globals.quiet) continue;
      const std::string missing =
          log.without_events == 0 ? ""
                                  : fmt::format(", {} without messages: their journal is not there",
                                                log.without_events);
      fmt::print(stderr, "wrote {} ({} samples{})\n", path, log.samples, missing);
    }
  }
  return {};
}

Result<void> write_outputs(const ReportFlags& flags, const reporting::Report& report,
                           const Globals& globals) {
  std::vector<std::pair<std::string, std::string>> outputs;
  if (!flags.csv.empty()) outputs.emplace_back(flags.csv, reporting::csv_report(report));
  if (!flags.html.empty()) outputs.emplace_back(flags.html, page_of(flags, report));
  if (!flags.svg.empty()) {
    std::error_code error;
    std::filesystem::create_directories(flags.svg, error);
    if (error) return fail(ErrorCode::invalid, "--svg " + flags.svg + ": " + error.message());
    for (std::size_t i = 0; i < report.suites.size(); ++i) {
      const reporting::SuiteReport& suite = report.suites[i];
      for (const reporting::CostSection& section : suite.costs) {
        std::string plot = reporting::accuracy_cost_plot(section, {}, reporting::Standalone::yes);
        if (plot.empty()) continue;
        outputs.emplace_back(flags.svg + "/" + plot_name(i, suite.rows.suite, section.cost_model),
                             std::move(plot));
      }
    }
  }
  for (const auto& [path, text] : outputs) {
    if (auto written = write_file(path, text); !written) return written;
    if (!globals.quiet) fmt::print(stderr, "wrote {}\n", path);
  }
  return {};
}

Result<int> make(const ReportFlags& flags, const Globals& globals) {
  auto files = reporting::read_results(flags.folders);
  if (!files) return std::unexpected(files.error());
  reporting::ReportOptions options{.baseline = flags.baseline,
                                   .margin = flags.margin / 100,
                                   .hourly_usd = {},
                                   .plan = flags.plan};
  if (flags.hourly_usd > 0) options.hourly_usd = flags.hourly_usd;
  if (!flags.inspect.empty()) {
    if (auto written = write_inspect_logs(flags, *files, globals); !written) {
      return std::unexpected(written.error());
    }
  }
  auto report = reporting::make_report(std::move(*files), options);
  if (!report) return std::unexpected(report.error());
  if (auto written = write_outputs(flags, *report, globals); !written) {
    return std::unexpected(written.error());
  }
  if (globals.json) {
    fmt::print("{}\n", dump_json(reporting::json_report(*report)));
  } else {
    fmt::print("{}", reporting::terminal_report(*report));
  }
  return report->has_errors() ? kExitInfrastructure : kExitSuccess;
}

constexpr const char* kExamples = R"(Examples:
  pareto report pareto-bench/demo                              tables
  pareto report pareto-bench/demo --baseline agentic           and every arm against one
  pareto report pareto-bench/demo --html report.html           a page with every trajectory
  pareto report A B --baseline auto/local --plan --json        two folders; sample sizes; JSON)";

}  // namespace

void add_report_command(CLI::App& app, const Globals& globals, int& status) {
  auto* command = app.add_subcommand("report", "Tables, plots and a page from result rows");
  auto flags = std::make_shared<ReportFlags>();
  command->footer(kExamples);
  command
      ->add_option("folder", flags->folders,
                   "Folders of a bench, results.jsonl files, or logs of Inspect AI (.eval)")
      ->required();
  command->add_option("--baseline", flags->baseline,
                      "Compare every arm with this one: MODE or MODE/MODEL");
  command->add_option("--html", flags->html, "Write one page with plots and every trajectory");
  command->add_option("--svg", flags->svg, "Write the plots into this folder");
  command->add_option("--csv", flags->csv, "Write the summaries as CSV");
  command->add_option("--inspect", flags->inspect,
                      "Write a log of Inspect AI (.eval) for each arm into this folder");
  command->add_flag("--plan", flags->plan, "How many tasks a sequel needs; with --baseline");
  command->add_option("--margin", flags->margin, "Points of success that \"not worse\" may lose")
      ->check(CLI::Range(0.1, 50.0));
  command
      ->add_option("--hourly-usd", flags->hourly_usd,
                   "A second cost model: measured seconds at this price an hour")
      ->check(CLI::Range(0.0001, 1e6));
  command->callback([flags, &globals, &status] {
    auto made = make(*flags, globals);
    if (made) {
      status = *made;
      return;
    }
    report(made.error());
    // Whatever is wrong is a folder, a file or a flag.
    status = kExitUsage;
  });
}

}  // namespace pareto

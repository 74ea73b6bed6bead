#include "apps/cli/report_command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "apps/report/csv.h"
#include "apps/report/json.h"
#include "apps/report/report.h"
#include "apps/report/terminal.h"

namespace pareto {
namespace {

struct ReportFlags {
  std::vector<std::string> folders;
  std::string baseline;
  std::string csv;
  double margin = 3;  // points
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

Result<void> write_outputs(const ReportFlags& flags, const reporting::Report& report,
                           const Globals& globals) {
  const auto write = [&](const std::string& path, const std::string& text) -> Result<void> {
    if (auto written = write_file(path, text); !written) return written;
    if (!globals.quiet) fmt::print(stderr, "wrote {}\n", path);
    return {};
  };
  if (!flags.csv.empty()) {
    if (auto written = write(flags.csv, reporting::csv_report(report)); !written) return written;
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
  pareto report A B --baseline auto/local --plan --json        two folders; sample sizes; JSON)";

}  // namespace

void add_report_command(CLI::App& app, const Globals& globals, int& status) {
  auto* command = app.add_subcommand("report", "Tables, plots and a page from result rows");
  auto flags = std::make_shared<ReportFlags>();
  command->footer(kExamples);
  command->add_option("folder", flags->folders, "Folders of a bench, or results.jsonl files")
      ->required();
  command->add_option("--baseline", flags->baseline,
                      "Compare every arm with this one: MODE or MODE/MODEL");
  command->add_option("--csv", flags->csv, "Write the summaries as CSV");
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

// pareto-mock-server: a model without latency, for measuring what the loop around it costs.

#include <fmt/format.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "apps/bench_loop/mock_server.h"

int main(int argc, char** argv) {
  CLI::App app("Answers every chat completion at once with one tool call.", "pareto-mock-server");
  pareto::MockOptions options;
  std::int64_t delay_ms = 0;
  bool with_parent = false;
  app.add_option("--port", options.port, "0: any free one; printed as the first line");
  app.add_option("--tool", options.tool, "tool to call until the last turn");
  app.add_option("--arguments", options.arguments, "its arguments, as JSON");
  app.add_option("--turns", options.turns, "replies before the call of finish");
  app.add_option("--delay-ms", delay_ms, "latency of each reply");
  app.add_flag("--one-write", options.one_write, "send each response by one write");
  app.add_flag("--with-parent", with_parent, "end when the parent process ends");
  CLI11_PARSE(app, argc, argv);
  options.delay = pareto::Milliseconds(delay_ms);
  if (with_parent) prctl(PR_SET_PDEATHSIG, SIGTERM);
  auto server = pareto::MockServer::make(options);
  if (!server) {
    fmt::print(stderr, "{}\n", server.error().message);
    return 1;
  }
  fmt::print("{}\n", (*server)->port());
  std::fflush(stdout);
  (*server)->run();
}

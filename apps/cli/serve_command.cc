#include "apps/cli/serve_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <vector>

#include "apps/server/api.h"
#include "apps/server/problem.h"
#include "apps/system/system.h"

namespace pareto {
namespace {

// How long runs may take to wrap up. One that is not done then is left where it is and can be
// resumed: whoever started this server would kill it a little later anyway.
constexpr Milliseconds kGrace{25'000};
// How long an answer may take to reach its reader once there is nothing else to do.
constexpr Milliseconds kLastAnswers{2'000};

struct ServeFlags {
  std::string listen;
  std::string token_file;
  std::size_t runs = 64;
};

struct Place {
  std::string address;
  unsigned short port = 0;
};

Result<Place> parse_place(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Place place;
  if (colon != std::string::npos) {
    place.address = text.substr(0, colon);
    const char* begin = text.data() + colon + 1;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(begin, end, place.port);
    if (error != std::errc() || at != end) place.address.clear();
  }
  if (place.address.starts_with('[') && place.address.ends_with(']')) {
    place.address = place.address.substr(1, place.address.size() - 2);
  } else if (place.address == "localhost") {
    place.address = "127.0.0.1";
  } else if (place.address.contains(':')) {
    place.address.clear();  // without brackets nobody knows where the port begins
  }
  if (!place.address.empty()) return place;
  return fail(ErrorCode::invalid, fmt::format("--listen: expected ADDRESS:PORT, as in "
                                              "127.0.0.1:8766 or [::1]:8766; found \"{}\"",
                                              text));
}

// A file wins over the environment.
Result<std::string> read_token(const std::string& path) {
  if (path.empty()) {
    const char* token = std::getenv("PARETO_TOKEN");
    return token == nullptr ? std::string() : std::string(token);
  }
  std::ifstream file(path);
  std::stringstream all;
  all << file.rdbuf();
  std::string token = all.str();
  const std::size_t last = token.find_last_not_of(" \t\r\n");
  token.resize(last == std::string::npos ? 0 : last + 1);
  if (!file || token.empty() || token.find_first_of(" \t\r\n") != std::string::npos) {
    return fail(
        ErrorCode::invalid,
        fmt::format("--token-file {}: expected a readable file with one token in it", path));
  }
  return token;
}

// Every configured model can be asked for, those of the policy first.
std::vector<std::string> all_models(const Config& config) {
  std::vector<std::string> names = config.policy_models;
  for (const auto& [name, model] : config.models) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

// From a server that listens to one that has gone. At the first signal no request is accepted and
// every run wraps up; at the second nothing is waited for, and the journal knows where runs were.
class Service {
 public:
  Service(System& system, ApiOptions options) : system_(system), api_(system, std::move(options)) {}

  Result<void> listen(const Place& place) {
    HttpServerOptions options{.address = place.address, .port = place.port};
    options.refusal = [](int status, const std::string& why) { return problem(status, why); };
    auto server =
        HttpServer::listen(system_.loop(), std::move(options),
                           [this](const HttpExchange& exchange) { api_.handle(exchange); });
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    return {};
  }

  unsigned short port() const { return server_->port(); }

  int serve(bool quiet) {
    signals_ = system_.loop().on_signal({SIGINT, SIGTERM}, [this, quiet](int) { stop(quiet); });
    system_.loop().run_until([this] { return signalled_ > 0; });
    wait(kGrace, [this] { return api_.active() == 0; });
    wait(kLastAnswers, [this] { return server_->busy() == 0; });
    return at_once() ? kExitCancelled : kExitSuccess;
  }

 private:
  bool at_once() const { return signalled_ > 1; }

  void wait(Milliseconds most, const std::function<bool()>& done) {
    bool late = false;
    const auto limit = system_.loop().after(most, [&late] { late = true; });
    system_.loop().run_until([&] { return at_once() || late || done(); });
  }

  void stop(bool quiet) {
    if (++signalled_ > 1) return;
    if (!quiet && api_.active() > 0) {
      fmt::print(stderr, "Runs under way: {}. They wrap up; once more stops at once.\n",
                 api_.active());
    }
    server_->stop_accepting();
    api_.drain("the end of pareto serve");
  }

  System& system_;
  Api api_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Operation> signals_;
  int signalled_ = 0;
};

Result<int> serve(const ServeFlags& flags, const Globals& globals) {
  auto config = load_config(globals);
  if (!config) return std::unexpected(config.error());
  auto place = parse_place(flags.listen.empty() ? config->listen : flags.listen);
  if (!place) return std::unexpected(place.error());
  auto token = read_token(flags.token_file.empty() ? config->token_file : flags.token_file);
  if (!token) return std::unexpected(token.error());
  const bool loopback = is_loopback(place->address);
  if (!loopback && token->empty()) {
    return fail(ErrorCode::invalid,
                fmt::format("{} can be reached from other machines, so a token is needed: give "
                            "--token-file FILE or export PARETO_TOKEN, or listen on 127.0.0.1",
                            place->address));
  }
  SystemOptions options{.models = all_models(*config),
                        .missing_models = SystemOptions::MissingModels::leave_out,
                        .memory = config->memory_on};
  auto system = System::open(std::move(*config), std::move(options));
  if (!system) return std::unexpected(system.error());
  for (const auto& [name, error] : (*system)->model_errors()) {
    if (!globals.quiet) fmt::print(stderr, "pareto: without {}: {}\n", name, error.message);
  }
  Service service(**system,
                  {.token = std::move(*token), .loopback_only = loopback, .most_runs = flags.runs});
  if (auto listening = service.listen(*place); !listening) {
    return std::unexpected(listening.error());
  }
  const bool six = place->address.contains(':');
  fmt::print(stderr, "Listening on http://{}{}{}:{}\n", six ? "[" : "", place->address,
             six ? "]" : "", service.port());
  return service.serve(globals.quiet);
}

}  // namespace

void add_serve_command(CLI::App& app, const Globals& globals, int& status) {
  auto* command = app.add_subcommand("serve", "Offer runs over HTTP");
  auto flags = std::make_shared<ServeFlags>();
  command->footer(
      "Examples:\n  pareto serve\n  pareto serve --listen 0.0.0.0:8766 --token-file token");
  command->add_option("--listen", flags->listen, "ADDRESS:PORT; port 0 takes a free one");
  command->add_option("--token-file", flags->token_file,
                      "File of the token that clients must send");
  command->add_option("--runs", flags->runs, "Most runs at a time")->check(CLI::Range(1, 10'000));
  command->callback([flags, &globals, &status] {
    auto exit = serve(*flags, globals);
    status = exit ? *exit : report_failed(exit.error());
  });
}

}  // namespace pareto

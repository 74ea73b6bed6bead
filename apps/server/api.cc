#include "apps/server/api.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/text/hashing.h"
#include "apps/server/openapi.h"
#include "apps/server/problem.h"
#include "apps/server/run_request.h"
#include "apps/system/model_factory.h"
#include "apps/system/run_json.h"

namespace pareto {
namespace {

constexpr std::size_t kLongestKey = 200;
constexpr std::size_t kMostListed = 1'000;
constexpr const char* kDraining = "this server is going away";

HttpAnswer json_answer(const Json& json, int status = 200) {
  return {.status = status, .body = dump_json(json)};
}

// Takes the same time whatever the difference is.
bool same_secret(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// Of a Host header or an origin without its scheme.
bool names_this_machine(std::string host) {
  if (host.starts_with("[")) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  return host == "localhost" || is_loopback(host);
}

HttpAnswer not_offered(const std::string& methods) {
  HttpAnswer answer = problem(405, "expected " + methods);
  answer.headers.emplace_back("Allow", methods);
  return answer;
}

Json tool_json(const ToolSpec& spec) {
  return {{"name", spec.name},
          {"description", spec.description},
          {"parameters", spec.parameters ? *spec.parameters : Json::object()},
          {"idempotent", spec.replay == Replay::idempotent}};
}

Json models_json(const System& system) {
  Json models = Json::array();
  for (const auto& [name, config] : system.config().models) {
    const auto info = model_info(config);
    const auto error = system.model_errors().find(name);
    Json model = {{"name", name},
                  {"engine", config.engine},
                  {"available", info.has_value() && error == system.model_errors().end()}};
    if (info) model["context"] = info->context;
    if (info && info->price) {
      model["price"] = {{"input", info->price->input.to_string()},
                        {"cached_input", info->price->cached_input.to_string()},
                        {"output", info->price->output.to_string()}};
    }
    models.push_back(std::move(model));
  }
  return {{"models", std::move(models)}};
}

Result<RunFilter> run_filter(const HttpQuery& query) {
  RunFilter filter;
  const auto wanted = [&query](const char* name) -> std::optional<std::string> {
    const auto& all = query.parameters;
    const auto found = std::ranges::find(all, name, [](const auto& one) { return one.first; });
    return found == all.end() ? std::nullopt : std::optional(found->second);
  };
  filter.status = wanted("status");
  filter.mode = wanted("mode");
  filter.model = wanted("model");
  filter.task_id = wanted("task");
  filter.cursor = query.parameter("cursor");
  const std::string status = filter.status.value_or("running");
  if (status != "running" && status != "waiting") {
    if (auto known = parse_status(status); !known) return std::unexpected(known.error());
  }
  if (filter.mode) {
    if (auto known = parse_mode(*filter.mode); !known) return std::unexpected(known.error());
  }
  if (!filter.cursor.empty() && !is_ulid(filter.cursor)) {
    return fail(ErrorCode::invalid, "cursor: expected the \"next\" of an earlier page");
  }
  if (const auto text = wanted("limit")) {
    const auto [end, error] =
        std::from_chars(text->data(), text->data() + text->size(), filter.limit);
    if (error != std::errc() || end != text->data() + text->size() || filter.limit < 1 ||
        filter.limit > kMostListed) {
      return fail(ErrorCode::invalid, "limit: expected a number from 1 to 1000");
    }
  }
  return filter;
}

}  // namespace

Api::Api(System& system, ApiOptions options)
    : system_(system), options_(std::move(options)), hub_(system, options_.most_runs) {}

void Api::handle(const HttpExchange& exchange) {
  if (allowed(exchange)) route(exchange);
}

void Api::drain(const std::string& by) {
  draining_ = true;
  hub_.drain(by);
}

bool Api::allowed(const HttpExchange& exchange) const {
  const HttpQuery& query = exchange.query;
  if (options_.loopback_only) {
    std::string origin = query.header("origin");
    if (const std::size_t scheme = origin.find("://"); scheme != std::string::npos) {
      origin = origin.substr(scheme + 3);
    }
    if (!names_this_machine(query.header("host")) ||
        (!origin.empty() && !names_this_machine(origin))) {
      exchange.answer(problem(403, "this server answers requests for this machine only"));
      return false;
    }
  }
  const bool open = query.path == "/healthz" || query.path == "/readyz";
  if (open || options_.token.empty()) return true;
  if (same_secret(query.header("authorization"), "Bearer " + options_.token)) return true;
  exchange.answer(problem(401, "expected the header Authorization: Bearer TOKEN"));
  return false;
}

struct Api::Route {
  std::string_view path;
  std::string_view method;
  void (Api::*handle)(const HttpExchange&);
};

struct Api::RunRoute {
  std::string_view path;  // after /v1/runs/{id}
  std::string_view method;
  void (Api::*handle)(const HttpExchange&, const RunId&);
};

void Api::route(const HttpExchange& exchange) {
  static constexpr Route kRoutes[] = {
      {"/v1/runs", "GET", &Api::list_runs},         {"/v1/runs", "POST", &Api::create_run},
      {"/v1/tools", "GET", &Api::list_tools},       {"/v1/models", "GET", &Api::list_models},
      {"/openapi.json", "GET", &Api::show_openapi}, {"/healthz", "GET", &Api::show_health},
      {"/readyz", "GET", &Api::show_readiness}};
  const HttpQuery& query = exchange.query;
  constexpr std::string_view kRun = "/v1/runs/";
  if (query.path.starts_with(kRun)) {
    return route_run(exchange, std::string_view(query.path).substr(kRun.size()));
  }
  std::string methods;
  for (const Route& route : kRoutes) {
    if (route.path != query.path) continue;
    if (route.method == query.method) return (this->*route.handle)(exchange);
    methods += (methods.empty() ? "" : ", ") + std::string(route.method);
  }
  if (!methods.empty()) return exchange.answer(not_offered(methods));
  exchange.answer(problem(404, fmt::format("nothing is at {}; see /openapi.json", query.path)));
}

void Api::route_run(const HttpExchange& exchange, std::string_view rest) {
  static constexpr RunRoute kRoutes[] = {{"", "GET", &Api::show_run},
                                         {"/events", "GET", &Api::follow_run},
                                         {"/cancel", "POST", &Api::cancel_run},
                                         {"/approve", "POST", &Api::approve_run}};
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const RunId run{std::string(rest.substr(0, slash))};
  for (const RunRoute& route : kRoutes) {
    if (route.path != rest.substr(slash)) continue;
    if (route.method != exchange.query.method) {
      return exchange.answer(not_offered(std::string(route.method)));
    }
    if (!is_ulid(run.value)) return exchange.answer(problem(404, "no such run"));
    if (auto found = system_.journal().find(run); !found) {
      return exchange.answer(problem(found.error()));
    }
    return (this->*route.handle)(exchange, run);
  }
  exchange.answer(
      problem(404, fmt::format("a run has no \"{}\"; see /openapi.json", rest.substr(slash))));
}

void Api::show_health(const HttpExchange& exchange) {
  exchange.answer(json_answer({{"status", "ok"}}));
}

void Api::show_readiness(const HttpExchange& exchange) {
  if (draining_) return exchange.answer(problem(503, kDraining));
  exchange.answer(json_answer({{"status", "ready"}}));
}

void Api::show_openapi(const HttpExchange& exchange) {
  exchange.answer({.body = std::string(openapi_document())});
}

void Api::list_tools(const HttpExchange& exchange) {
  Json tools = Json::array();
  for (const ToolSpec& spec : system_.tools().all()) tools.push_back(tool_json(spec));
  exchange.answer(json_answer({{"tools", std::move(tools)}}));
}

void Api::list_models(const HttpExchange& exchange) {
  exchange.answer(json_answer(models_json(system_)));
}

void Api::create_run(const HttpExchange& exchange) {
  if (draining_) return exchange.answer(problem(503, kDraining));
  const std::string type = exchange.query.header("content-type");
  if (!type.starts_with("application/json")) {
    return exchange.answer(problem(415, "expected Content-Type: application/json"));
  }
  auto started = run_request(exchange.query.body, system_);
  if (!started) return exchange.answer(problem(422, started.error().message));
  started->run = RunId::make(system_.clock().now(), system_.random());
  const RunId run = started->run;
  if (const std::string key = exchange.query.header("idempotency-key"); !key.empty()) {
    if (key.size() > kLongestKey) {
      return exchange.answer(problem(400, "Idempotency-Key is longer than 200 characters"));
    }
    auto claimed = system_.journal().claim_key(key, to_hex(hash64(exchange.query.body)), run);
    if (!claimed) {
      const Error& error = claimed.error();
      return exchange.answer(error.code == ErrorCode::invalid ? problem(409, error.message)
                                                              : problem(error));
    }
    if (*claimed != run) {
      // The earlier request may not be durable yet; its client is told then.
      if (!system_.journal().find(*claimed)) {
        return exchange.answer(problem(409, "the request with this key is being worked on"));
      }
      return answer_run(exchange, *claimed, 200);
    }
  }
  hub_.start(std::move(*started), [this, exchange, run](Result<void> begun) {
    if (begun) return answer_run(exchange, run, 201);
    system_.journal().release_key(run);
    exchange.answer(problem(begun.error()));
  });
}

void Api::list_runs(const HttpExchange& exchange) {
  auto filter = run_filter(exchange.query);
  if (!filter) return exchange.answer(problem(filter.error()));
  auto page = system_.journal().list(*filter);
  if (!page) return exchange.answer(problem(page.error()));
  Json runs = Json::array();
  for (const RunSummary& run : page->runs) runs.push_back(run_json(run));
  exchange.answer(json_answer(
      {{"runs", std::move(runs)}, {"next", page->next.empty() ? Json() : Json(page->next)}}));
}

void Api::show_run(const HttpExchange& exchange, const RunId& run) {
  answer_run(exchange, run, 200);
}

void Api::answer_run(const HttpExchange& exchange, const RunId& run, int status) {
  auto json = run_details(system_.journal(), run);
  if (!json) return exchange.answer(problem(json.error()));
  HttpAnswer answer = json_answer(*json, status);
  if (status == 201) answer.headers.emplace_back("Location", "/v1/runs/" + run.value);
  exchange.answer(std::move(answer));
}

void Api::follow_run(const HttpExchange& exchange, const RunId& run) {
  std::int64_t after = 0;
  if (const std::string sent = exchange.query.header("last-event-id"); !sent.empty()) {
    const auto [end, error] = std::from_chars(sent.data(), sent.data() + sent.size(), after);
    if (error != std::errc() || end != sent.data() + sent.size() || after < 0) {
      return exchange.answer(problem(400, "Last-Event-ID: expected the number of an event"));
    }
  }
  // A client that has everything is told not to come back.
  auto last = system_.journal().last_seq(run);
  if (!last) return exchange.answer(problem(last.error()));
  auto summary = system_.journal().find(run);
  const bool open = !summary || summary->status == "running" || summary->status == "waiting";
  if (!open && after >= *last) return exchange.answer({.status = 204});
  hub_.follow(run, after, exchange.stream({}));
}

void Api::cancel_run(const HttpExchange& exchange, const RunId& run) {
  if (system_.runner().cancel(run, "a client of pareto serve")) {
    return exchange.answer(json_answer({{"run", run.value}, {"cancelling", true}}, 202));
  }
  system_.leases().request_cancel(run, [exchange, run](Result<void> asked) {
    if (!asked) {
      return exchange.answer(problem(409, "the run has ended, or nobody works on it"));
    }
    exchange.answer(json_answer({{"run", run.value}, {"cancelling", true}}, 202));
  });
}

void Api::approve_run(const HttpExchange& exchange, const RunId& run) {
  auto json = parse_json(exchange.query.body);
  if (!json) return exchange.answer(problem(json.error()));
  JsonFields fields(*json, "approval");
  fields.only({"approved"});
  const bool approved = fields.need("approved") != nullptr && fields.flag_or("approved", false);
  if (auto read = fields.done(); !read) return exchange.answer(problem(422, read.error().message));
  if (!system_.runner().approve(run, approved, "a client of pareto serve")) {
    return exchange.answer(problem(409, "the run does not wait for an approval here"));
  }
  exchange.answer(json_answer({{"run", run.value}, {"approved", approved}}));
}

}  // namespace pareto

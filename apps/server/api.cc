#include "apps/server/api.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

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

HttpAnswer json_answer(const Json& json, int status = 200) {
  return {.status = status, .body = dump_json(json)};
}

// Takes the same time whatever the difference is.
bool same_secret(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool names_this_machine(std::string host) {
  if (host.starts_with("[")) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
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

}  // namespace

Api::Api(System& system, ApiOptions options)
    : system_(system), options_(std::move(options)), hub_(system, options_.most_runs) {}

void Api::handle(HttpExchange exchange) {
  if (allowed(exchange)) route(exchange);
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

void Api::route(const HttpExchange& exchange) {
  const std::string& path = exchange.query.path;
  const bool get = exchange.query.method == "GET";
  if (path == "/v1/runs") {
    if (exchange.query.method == "POST") return create_run(exchange);
    if (get) return list_runs(exchange);
    return exchange.answer(problem(405, "expected GET or POST"));
  }
  constexpr std::string_view kRun = "/v1/runs/";
  if (path.starts_with(kRun)) {
    const std::string rest = path.substr(kRun.size());
    const std::size_t slash = rest.find('/');
    const RunId run{rest.substr(0, slash)};
    if (!is_ulid(run.value)) return exchange.answer(problem(404, "no such run"));
    return on_run(exchange, run, slash == std::string::npos ? "" : rest.substr(slash + 1));
  }
  if (path == "/healthz") return exchange.answer(json_answer({{"status", "ok"}}));
  if (path == "/readyz") {
    return exchange.answer(draining_ ? problem(503, "this server is going away")
                                     : json_answer({{"status", "ready"}}));
  }
  if (path == "/v1/tools") {
    Json tools = Json::array();
    for (const ToolSpec& spec : system_.tools().all()) tools.push_back(tool_json(spec));
    return exchange.answer(json_answer({{"tools", std::move(tools)}}));
  }
  if (path == "/v1/models") return exchange.answer(json_answer(models_json(system_)));
  if (path == "/openapi.json") return exchange.answer({.body = std::string(openapi_document())});
  exchange.answer(problem(404, fmt::format("nothing is at {}; see /openapi.json", path)));
}

void Api::on_run(const HttpExchange& exchange, const RunId& run, const std::string& what) {
  const bool get = exchange.query.method == "GET";
  const bool post = exchange.query.method == "POST";
  if (auto found = system_.journal().find(run); !found) {
    return exchange.answer(problem(found.error()));
  }
  if (what.empty() && get) return show_run(exchange, run, 200);
  if (what == "events" && get) return follow_run(exchange, run);
  if (what == "cancel" && post) return cancel_run(exchange, run);
  if (what == "approve" && post) return approve_run(exchange, run);
  const bool known = what.empty() || what == "events" || what == "cancel" || what == "approve";
  exchange.answer(known ? problem(405, "this method is not offered here")
                        : problem(404, fmt::format("a run has no \"{}\"", what)));
}

void Api::create_run(const HttpExchange& exchange) {
  if (draining_) return exchange.answer(problem(503, "this server is going away"));
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
    if (!claimed) return exchange.answer(problem(409, claimed.error().message));
    if (*claimed != run) {
      // The earlier request may not be durable yet; its client is told then.
      if (!system_.journal().find(*claimed)) {
        return exchange.answer(problem(409, "the request with this key is being worked on"));
      }
      return show_run(exchange, *claimed, 200);
    }
  }
  hub_.start(std::move(*started), [this, exchange, run](Result<void> begun) {
    if (begun) return show_run(exchange, run, 201);
    system_.journal().release_key(run);
    exchange.answer(problem(begun.error()));
  });
}

void Api::list_runs(const HttpExchange& exchange) {
  RunFilter filter;
  const auto wanted = [&exchange](const char* name) -> std::optional<std::string> {
    std::string value = exchange.query.parameter(name);
    return value.empty() ? std::nullopt : std::optional(std::move(value));
  };
  filter.status = wanted("status");
  filter.mode = wanted("mode");
  filter.model = wanted("model");
  filter.task_id = wanted("task");
  filter.cursor = exchange.query.parameter("cursor");
  if (const std::string text = exchange.query.parameter("limit"); !text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), filter.limit);
    if (error != std::errc() || end != text.data() + text.size() || filter.limit < 1 ||
        filter.limit > 1000) {
      return exchange.answer(problem(400, "limit: expected a number from 1 to 1000"));
    }
  }
  auto page = system_.journal().list(filter);
  if (!page) return exchange.answer(problem(page.error()));
  Json runs = Json::array();
  for (const RunSummary& run : page->runs) runs.push_back(run_json(run));
  exchange.answer(json_answer(
      {{"runs", std::move(runs)}, {"next", page->next.empty() ? Json() : Json(page->next)}}));
}

void Api::show_run(const HttpExchange& exchange, const RunId& run, int status) {
  auto json = run_details(system_.journal(), run);
  if (!json) return exchange.answer(problem(json.error()));
  HttpAnswer answer = json_answer(*json, status);
  if (status == 201) answer.headers.emplace_back("Location", "/v1/runs/" + run.value);
  exchange.answer(std::move(answer));
}

void Api::follow_run(const HttpExchange& exchange, const RunId& run) {
  std::int64_t after = 0;
  if (const std::string last = exchange.query.header("last-event-id"); !last.empty()) {
    const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), after);
    if (error != std::errc() || end != last.data() + last.size() || after < 0) {
      return exchange.answer(problem(400, "Last-Event-ID: expected the number of an event"));
    }
  }
  // From here on the answer is a stream: what fails ends it, and the client comes back.
  const auto stream = exchange.stream();
  if (auto followed = hub_.follow(run, after, stream); !followed) stream->finish();
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
  if (fields.need("approved") == nullptr || !fields.done()) {
    return exchange.answer(problem(422, "expected {\"approved\": true} or {\"approved\": false}"));
  }
  if (!system_.runner().approve(run, fields.flag_or("approved", false), "a client")) {
    return exchange.answer(problem(409, "the run does not wait for an approval here"));
  }
  exchange.answer(json_answer({{"run", run.value}}));
}

}  // namespace pareto

#pragma once

#include <string>
#include <string_view>

#include "agent/io/http_server.h"
#include "apps/server/run_hub.h"
#include "apps/system/system.h"

namespace pareto {

struct ApiOptions {
  std::string token;          // empty: none is asked for
  bool loopback_only = true;  // then Host and Origin must name this machine (DNS rebinding)
  std::size_t most_runs = 64;
};

// The REST interface of `pareto serve`: parses requests, calls the system, words the answers. What
// it offers is described in openapi.json beside it. Thread: the loop's.
class Api {
 public:
  Api(System& system, ApiOptions options);

  void handle(const HttpExchange& exchange);
  // From now on /readyz says that this server is going away, no run is started and those under way
  // are asked to wrap up. Done once `active` is 0.
  void drain(const std::string& by);
  std::size_t active() const { return hub_.active(); }

 private:
  struct Route;
  struct RunRoute;
  bool allowed(const HttpExchange& exchange) const;
  void route(const HttpExchange& exchange);
  void route_run(const HttpExchange& exchange, std::string_view rest);
  void show_health(const HttpExchange& exchange);
  void show_readiness(const HttpExchange& exchange);
  void show_openapi(const HttpExchange& exchange);
  void list_tools(const HttpExchange& exchange);
  void list_models(const HttpExchange& exchange);
  void create_run(const HttpExchange& exchange);
  void list_runs(const HttpExchange& exchange);
  void show_run(const HttpExchange& exchange, const RunId& run);
  void follow_run(const HttpExchange& exchange, const RunId& run);
  void cancel_run(const HttpExchange& exchange, const RunId& run);
  void approve_run(const HttpExchange& exchange, const RunId& run);
  void answer_run(const HttpExchange& exchange, const RunId& run, int status);

  System& system_;
  ApiOptions options_;
  RunHub hub_;
  bool draining_ = false;
};

}  // namespace pareto

#pragma once

#include <memory>
#include <string>

#include "apps/server/http.h"
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

  void handle(HttpExchange exchange);
  RunHub& hub() { return hub_; }
  // From now on /readyz says that this server is going away and no run is started.
  void drain() { draining_ = true; }

 private:
  void route(const HttpExchange& exchange);
  void create_run(const HttpExchange& exchange);
  void on_run(const HttpExchange& exchange, const RunId& run, const std::string& what);
  void list_runs(const HttpExchange& exchange);
  void show_run(const HttpExchange& exchange, const RunId& run, int status);
  void follow_run(const HttpExchange& exchange, const RunId& run);
  void cancel_run(const HttpExchange& exchange, const RunId& run);
  void approve_run(const HttpExchange& exchange, const RunId& run);
  bool allowed(const HttpExchange& exchange) const;

  System& system_;
  ApiOptions options_;
  RunHub hub_;
  bool draining_ = false;
};

}  // namespace pareto

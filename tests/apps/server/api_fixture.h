#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "agent/core/json_text.h"
#include "apps/server/api.h"
#include "apps/system/system.h"

namespace pareto {

// Takes what is sent; `room` is how much of it a slow reader has taken off the queue at once.
class FakeStream final : public HttpStream {
 public:
  void send(std::string bytes) override {
    if (is_closed) return;
    waiting += bytes.size();
    most_waiting = std::max(most_waiting, waiting);
    received += bytes;
  }
  void finish() override { finished = true; }
  bool closed() const override { return is_closed; }
  std::size_t queued() const override { return slow ? waiting : 0; }
  void when_drained(std::function<void()> fn) override { drained = std::move(fn); }

  // The reader catches up.
  void drain() {
    waiting = 0;
    if (auto fn = std::exchange(drained, nullptr)) fn();
  }
  // The ids of the events received, in order.
  std::vector<int> ids() const {
    std::vector<int> numbers;
    for (std::size_t at = 0; (at = received.find("id: ", at)) != std::string::npos; ++at) {
      if (at == 0 || received[at - 1] == '\n') numbers.push_back(atoi(received.c_str() + at + 4));
    }
    return numbers;
  }

  std::string received;
  std::size_t waiting = 0;
  std::size_t most_waiting = 0;
  bool slow = false;
  bool finished = false;
  bool is_closed = false;
  std::function<void()> drained;
};

inline constexpr const char* kScript = R"({"scripts": [
  {"match": "hello", "replies": [{"text": "Hello to you all.", "delay_ms": 20}]},
  {"match": "wait", "replies": [
    {"tool_calls": [{"name": "run", "arguments": {"command": "sleep 600"}}]},
    {"tool_calls": [{"name": "finish", "arguments": {"answer": "stopped"}}]}]},
  {"match": "outside", "replies": [
    {"tool_calls": [{"name": "outside", "arguments": {}}]},
    {"tool_calls": [{"name": "finish", "arguments": {"answer": "asked"}}]}]},
  {"replies": [{"text": "?"}]}]})";

// A run that works until it is stopped.
inline constexpr const char* kEndless = R"({"mode": "agentic",
  "task": {"id": "a", "prompt": "wait", "tools": ["finish", "run"]}})";

inline constexpr const char* kOutsideTool = R"(#!/usr/bin/env python3
import json, sys
if sys.argv[1:] == ["--describe"]:
    print(json.dumps({"tools": [{"name": "outside", "description": "Reach out.",
        "parameters": {"type": "object", "properties": {}}, "reach": "outside"}]}))
else:
    print(json.dumps({"text": "has been outside"}))
)";

// An interface over a system with scripted models "s" (the policy's) and "costly", in a folder of
// its own.
class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    std::string name = (std::filesystem::temp_directory_path() / "pareto-api-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    ::chmod(folder.c_str(), 0755);  // tools run as another user
    std::ofstream(folder + "/script.json") << kScript;
    std::ofstream(folder + "/outside.py") << kOutsideTool;
    ::chmod((folder + "/outside.py").c_str(), 0755);
  }
  ~ApiTest() override {
    api.reset();
    system.reset();
    std::filesystem::remove_all(folder);
  }

  void open(ApiOptions options = {}, std::vector<Setting> more = {}) {
    auto sources = gather_settings({"HOME=" + folder});
    ASSERT_TRUE(sources) << sources.error().message;
    std::vector<Setting> settings{{"sandbox.unsafe_none", true, "test"},
                                  {"state", folder + "/state", "test"},
                                  {"tools.exec.outside.command", folder + "/outside.py", "test"},
                                  {"policy.default_model", "s", "test"},
                                  {"policy.exploration", 0.0, "test"},
                                  {"policy.models", Json::array({"s"}), "test"}};
    for (const std::string model : {"s", "costly"}) {
      settings.push_back({"models." + model + ".engine", "scripted", "test"});
      settings.push_back({"models." + model + ".script", folder + "/script.json", "test"});
      settings.push_back({"models." + model + ".price.input", "1", "test"});
      settings.push_back({"models." + model + ".price.output", "1", "test"});
    }
    settings.insert(settings.end(), more.begin(), more.end());
    sources->layers.push_back(std::move(settings));
    auto config = make_config(*sources);
    ASSERT_TRUE(config) << config.error().message;
    auto opened = System::open(std::move(*config), {.models = {"s", "costly"}, .memory = false});
    ASSERT_TRUE(opened) << opened.error().message;
    system = std::move(*opened);
    api = std::make_unique<Api>(*system, std::move(options));
  }

  using Headers = std::vector<std::pair<std::string, std::string>>;

  // A request as the HTTP layer gives it; host and content type are added unless they are given.
  void send(const std::string& method, const std::string& path, const std::string& body = "",
            Headers headers = {}) {
    HttpQuery query{.method = method, .path = path, .headers = std::move(headers), .body = body};
    query.headers.emplace_back("host", "127.0.0.1:8766");
    query.headers.emplace_back("content-type", "application/json");
    if (const std::size_t mark = path.find('?'); mark != std::string::npos) {
      query.path = path.substr(0, mark);
      const std::string pair = path.substr(mark + 1);
      query.parameters.emplace_back(pair.substr(0, pair.find('=')),
                                    pair.substr(pair.find('=') + 1));
    }
    answer.reset();
    if (!api) throw std::runtime_error("not open");
    api->handle(
        {.query = std::move(query),
         .answer = [this](HttpAnswer given) { answer = std::move(given); },
         .stream =
             [this](const HttpStreamHead&) { return stream = std::make_shared<FakeStream>(); }});
  }

  const HttpAnswer& call(const std::string& method, const std::string& path,
                         const std::string& body = "", Headers headers = {}) {
    send(method, path, body, std::move(headers));
    system->loop().run_until([this] { return answer.has_value(); });
    return *answer;
  }

  int status(const std::string& method, const std::string& path, const std::string& body = "",
             Headers headers = {}) {
    return call(method, path, body, std::move(headers)).status;
  }

  Json json(const std::string& method, const std::string& path, const std::string& body = "",
            Headers headers = {}) {
    return parse_json(call(method, path, body, std::move(headers)).body).value_or(Json());
  }

  // The id of a new run.
  std::string start(const std::string& body, Headers headers = {}) {
    return json("POST", "/v1/runs", body, std::move(headers)).value("run", "");
  }

  // The events of a run, as they are sent to one who asks now.
  std::shared_ptr<FakeStream> follow(const std::string& run, const std::string& after = "") {
    Headers headers;
    if (!after.empty()) headers.emplace_back("last-event-id", after);
    stream.reset();
    send("GET", "/v1/runs/" + run + "/events", "", headers);
    return stream;
  }

  Json until(const std::string& run, const std::function<bool(const Json&)>& done) {
    Json shown;
    const auto tick = system->loop().keep_running();
    std::unique_ptr<Operation> poll;
    const std::function<void()> again = [&] {
      shown = json_now("/v1/runs/" + run);
      if (!shown.contains("run")) throw std::runtime_error(answer->body);
      poll = system->loop().after(Milliseconds(5), again);
    };
    again();
    system->loop().run_until([&] { return done(shown); });
    return shown;
  }
  Json ended(const std::string& run) {
    const auto shown = until(run, [](const Json& one) { return !one["outcome"].is_null(); });
    system->loop().run_until([this] { return api->active() == 0; });
    return shown;
  }
  Json json_now(const std::string& path) {
    send("GET", path);
    return parse_json(answer->body).value_or(Json());
  }

  std::string folder;
  std::unique_ptr<System> system;
  std::unique_ptr<Api> api;
  std::optional<HttpAnswer> answer;
  std::shared_ptr<FakeStream> stream;
};

}  // namespace pareto

#include "agent/models/dialect_probe.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/json_text.h"
#include "agent/models/provider_error.h"

namespace pareto {
namespace {

constexpr std::array kDialects{ToolDialect::native, ToolDialect::schema, ToolDialect::text};
constexpr std::string_view kWord = "heron";

std::vector<ToolSpec> probe_tools() {
  const auto tool = [](std::string name, std::string text, std::string parameter) {
    ToolSpec spec;
    spec.name = std::move(name);
    spec.description = spec.summary = std::move(text);
    spec.parameters =
        std::make_shared<const Json>(Json{{"type", "object"},
                                          {"properties", {{parameter, {{"type", "string"}}}}},
                                          {"required", {parameter}},
                                          {"additionalProperties", false}});
    return spec;
  };
  return {tool("echo", "Repeats one word.", "word"), tool("finish", "Ends the task.", "answer")};
}

// What is wrong with a reply, or nothing.
std::string fault_of(const Reply& reply) {
  if (reply.error) return reply.error->message;
  if (!reply.message) return "no message came";
  if (reply.message->tool_calls.empty()) {
    return fmt::format("no tool was called; the reply was: {}", excerpt(reply.message->text));
  }
  const ToolCall& call = reply.message->tool_calls.front();
  if (call.name != "echo") return fmt::format("the tool {} was called", excerpt(call.name, 60));
  const auto arguments = parse_json(call.arguments);
  const bool right = arguments && arguments->is_object() && arguments->contains("word") &&
                     (*arguments)["word"] == kWord;
  return right ? "" : fmt::format("the arguments were: {}", excerpt(call.arguments));
}

class Probe final : public Operation {
 public:
  Probe(Loop& loop, DialectModelFactory make, Deadline deadline, DialectProbeHandler done)
      : loop_(loop), make_(std::move(make)), deadline_(deadline), done_(std::move(done)) {
    for (const std::string_view text :
         {std::string_view("You call tools."),
          std::string_view("Call the tool echo with the word heron.")}) {
      auto message = std::make_shared<Message>();
      message->role = messages_.empty() ? Role::system : Role::user;
      message->text = text;
      messages_.push_back(std::move(message));
    }
    next_ = loop_.after(Milliseconds(0), [this] { ask(); });
  }

 private:
  void ask() {
    if (findings_.size() == kDialects.size()) {
      auto done = std::move(done_);
      done(std::move(findings_));  // may destroy this
      return;
    }
    const ToolDialect dialect = kDialects[findings_.size()];
    auto model = make_(dialect);
    if (!model) return note({.dialect = dialect, .detail = model.error().message});
    model_ = std::move(*model);
    conversation_ = model_->open_conversation();
    Request request;
    request.run = "probe";
    request.messages = messages_;
    request.tools = tools_;
    request.max_output_tokens = 200;
    request.deadline = deadline_;
    call_ = model_->start(*conversation_, request, {}, [this, dialect](Reply reply) {
      DialectFinding finding;
      finding.dialect = dialect;
      finding.detail = fault_of(reply);
      finding.works = finding.detail.empty();
      finding.usage = reply.usage;
      finding.took = reply.took;
      note(std::move(finding));
    });
  }

  // Goes on in a later turn of the loop, when the model is no longer on the stack.
  void note(DialectFinding finding) {
    findings_.push_back(std::move(finding));
    next_ = loop_.after(Milliseconds(0), [this] {
      call_ = nullptr;
      conversation_ = nullptr;
      model_ = nullptr;
      ask();
    });
  }

  Loop& loop_;
  DialectModelFactory make_;
  Deadline deadline_;
  DialectProbeHandler done_;
  std::vector<MessageRef> messages_;
  std::vector<ToolSpec> tools_ = probe_tools();
  std::vector<DialectFinding> findings_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Conversation> conversation_;
  std::unique_ptr<Operation> call_;
  std::unique_ptr<Operation> next_;
};

}  // namespace

std::unique_ptr<Operation> probe_dialects(Loop& loop, DialectModelFactory make, Deadline deadline,
                                          DialectProbeHandler done) {
  return std::make_unique<Probe>(loop, std::move(make), deadline, std::move(done));
}

}  // namespace pareto

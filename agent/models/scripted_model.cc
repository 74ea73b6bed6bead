#include "agent/models/scripted_model.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/core/outcome.h"
#include "agent/models/delivery.h"
#include "agent/models/reply_json.h"

namespace pareto {
namespace {

struct ScriptedReply {
  Message message;
  bool has_message = false;
  FinishReason finish_reason = FinishReason::stop;
  std::optional<Usage> usage;
  bool usage_given = false;
  Milliseconds delay{0};
  std::optional<Error> error;
  bool sent = true;
};

struct OneScript {
  std::unique_ptr<re2::RE2> match;  // null: matches all
  bool repeat_last = false;
  std::vector<ScriptedReply> replies;
};

Result<ToolCall> read_call(const Json& json) {
  JsonFields fields(json, "tool call");
  ToolCall call;
  call.id = fields.text_or("id", "");
  call.name = fields.text("name");
  const Json* arguments = fields.find("arguments");
  if (arguments == nullptr) {
    call.arguments = "{}";
  } else {
    call.arguments = arguments->is_string() ? arguments->get<std::string>() : dump_json(*arguments);
  }
  fields.only({"id", "name", "arguments"});
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return call;
}

Result<ScriptedReply> read_scripted_reply(const Json& json) {
  JsonFields fields(json, "reply");
  ScriptedReply reply;
  reply.message.role = Role::assistant;
  reply.message.text = fields.text_or("text", "");
  reply.message.reasoning = fields.text_or("reasoning", "");
  reply.message.tool_calls = fields.list<ToolCall>("tool_calls", read_call);
  const bool calls = !reply.message.tool_calls.empty();
  reply.finish_reason = fields.keep<FinishReason>(
      "finish_reason",
      parse_finish_reason(fields.text_or("finish_reason", calls ? "tool_calls" : "stop")));
  reply.usage_given = json.is_object() && json.contains("usage");
  if (fields.find("usage") != nullptr) {
    reply.usage = fields.nested<Usage>("usage", usage_from_json);
  }
  reply.delay = Milliseconds(fields.integer_or("delay_ms", 0));
  if (fields.find("error") != nullptr) {
    reply.error = fields.nested<Error>("error", error_from_json);
  }
  reply.sent = fields.flag_or("sent", true);
  reply.has_message = !reply.error || calls || !reply.message.text.empty();
  fields.only(
      {"text", "reasoning", "tool_calls", "finish_reason", "usage", "delay_ms", "error", "sent"});
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return reply;
}

Result<OneScript> read_one_script(const Json& json) {
  JsonFields fields(json, "script");
  OneScript script;
  if (const std::string pattern = fields.text_or("match", ""); !pattern.empty()) {
    script.match = std::make_unique<re2::RE2>(pattern, re2::RE2::Quiet);
    if (!script.match->ok()) {
      fields.add_error("match", "expected an RE2 pattern; " + script.match->error());
    }
  }
  script.repeat_last = fields.flag_or("repeat_last", false);
  script.replies = fields.list<ScriptedReply>("replies", read_scripted_reply);
  fields.only({"match", "repeat_last", "replies"});
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return script;
}

Result<std::vector<OneScript>> read_scripts(const Json& json) {
  if (json.is_array()) {
    auto script = read_one_script(Json{{"replies", json}});
    if (!script) return std::unexpected(script.error());
    std::vector<OneScript> scripts;
    scripts.push_back(std::move(*script));
    return scripts;
  }
  JsonFields fields(json, "scripts");
  fields.need("scripts");
  auto scripts = fields.list<OneScript>("scripts", read_one_script);
  fields.only({"scripts"});
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return scripts;
}

class ScriptedConversation final : public Conversation {};

// How many bytes a request shows the model, and how often that has spoken.
struct Census {
  std::size_t bytes = 0;
  std::size_t replies = 0;
  std::string_view first_user;
};

void count(Census& census, const Message& message) {
  census.bytes += message.text.size();
  for (const ToolCall& call : message.tool_calls) {
    census.bytes += call.name.size() + call.arguments.size();
  }
  if (message.role == Role::assistant) ++census.replies;
  if (message.role == Role::user && census.first_user.empty()) census.first_user = message.text;
}

Census census_of(const Request& request) {
  Census census;
  for (const MessageRef& message : request.messages) count(census, *message);
  for (const Message& message : request.tail) count(census, message);
  return census;
}

std::int64_t tokens_of(std::size_t bytes) { return static_cast<std::int64_t>((bytes + 3) / 4); }

void add_words(std::vector<OwnedDelta>& deltas, Delta::Kind kind, const std::string& text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size() - 1) + 1;
    deltas.push_back({kind, text.substr(begin, end - begin)});
    begin = end;
  }
}

std::vector<OwnedDelta> deltas_of(const Reply& reply) {
  std::vector<OwnedDelta> deltas;
  if (!reply.message) return deltas;
  add_words(deltas, Delta::Kind::reasoning, reply.message->reasoning);
  add_words(deltas, Delta::Kind::text, reply.message->text);
  for (const ToolCall& call : reply.message->tool_calls) {
    deltas.push_back({Delta::Kind::tool_arguments, call.arguments});
  }
  return deltas;
}

Reply to_reply(const ScriptedReply& scripted, const Census& census) {
  Reply reply;
  reply.finish_reason = scripted.finish_reason;
  reply.error = scripted.error;
  reply.sent = scripted.sent;
  reply.took = scripted.delay;
  reply.usage = scripted.usage;
  if (!scripted.usage_given && scripted.sent) {
    Census spoken;
    count(spoken, scripted.message);
    reply.usage = Usage{.prompt_tokens = tokens_of(census.bytes),
                        .completion_tokens = tokens_of(spoken.bytes)};
  }
  if (!scripted.has_message) return reply;
  reply.message = scripted.message;
  auto& calls = reply.message->tool_calls;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].id.empty()) calls[i].id = fmt::format("call_{}_{}", census.replies + 1, i + 1);
  }
  return reply;
}

Reply failed(std::string text) {
  Reply reply;
  reply.sent = false;
  reply.error = Error{ErrorCode::not_found, std::move(text)};
  return reply;
}

}  // namespace

struct ScriptedModel::Script {
  std::vector<OneScript> scripts;

  Reply answer(const Census& census) const {
    for (const OneScript& script : scripts) {
      if (script.match && !re2::RE2::PartialMatch(census.first_user, *script.match)) continue;
      const std::size_t size = script.replies.size();
      if (census.replies < size) return to_reply(script.replies[census.replies], census);
      if (script.repeat_last && size > 0) return to_reply(script.replies.back(), census);
      return failed(fmt::format("the script \"{}\" has {} replies; reply {} was asked for",
                                script.match ? script.match->pattern() : "", size,
                                census.replies + 1));
    }
    return failed(
        fmt::format("no script matches the task \"{}\"", census.first_user.substr(0, 100)));
  }
};

ScriptedModel::ScriptedModel(ModelInfo info, std::unique_ptr<Script> script, Loop& loop)
    : info_(std::move(info)), script_(std::move(script)), loop_(loop) {}

ScriptedModel::~ScriptedModel() = default;

Result<std::unique_ptr<ScriptedModel>> ScriptedModel::make(ModelInfo info, std::string_view script,
                                                           Loop& loop) {
  auto json = parse_json(script);
  if (!json) return std::unexpected(json.error());
  auto scripts = read_scripts(*json);
  if (!scripts) return std::unexpected(scripts.error());
  auto parsed = std::make_unique<Script>();
  parsed->scripts = std::move(*scripts);
  return std::unique_ptr<ScriptedModel>(
      new ScriptedModel(std::move(info), std::move(parsed), loop));
}

Result<std::unique_ptr<ScriptedModel>> ScriptedModel::load(ModelInfo info, const std::string& path,
                                                           Loop& loop) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::not_found, fmt::format("can't read the script {}", path));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  auto model = make(std::move(info), text, loop);
  if (!model) {
    return fail(model.error().code, fmt::format("script {}: {}", path, model.error().message));
  }
  return model;
}

std::unique_ptr<Conversation> ScriptedModel::open_conversation() const {
  return std::make_unique<ScriptedConversation>();
}

std::unique_ptr<Operation> ScriptedModel::start(Conversation&, const Request& request,
                                                DeltaHandler on_delta, ReplyHandler on_reply) {
  Reply reply = script_->answer(census_of(request));
  const Milliseconds delay = reply.took;
  auto deltas = on_delta ? deltas_of(reply) : std::vector<OwnedDelta>();
  return deliver(loop_, delay, std::move(deltas), std::move(reply), std::move(on_delta),
                 std::move(on_reply));
}

}  // namespace pareto

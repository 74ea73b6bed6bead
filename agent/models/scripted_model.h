#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/core/model.h"
#include "agent/io/loop.h"

namespace pareto {

// A model that replies from a script; for tests and demonstrations. The reply is chosen by the
// number of assistant messages in the request, so that a run resumed by another process goes on
// where it was.
//
// A script is JSON: a list of replies, or an object
//
//   {"scripts": [
//     {"match": "gcd",                  RE2, searched in the first user message; absent: matches
//     all
//      "repeat_last": false,            what comes after the last reply: it again, or an error
//      "replies": [
//        {"text": "I look first.",      every field may be left out
//         "reasoning": "...",
//         "tool_calls": [{"name": "view", "arguments": {"path": "gcd.py"}, "id": "c1"}],
//         "finish_reason": "stop",      default: tool_calls if there are any, else stop
//         "usage": {"prompt_tokens": 9, "completion_tokens": 3, ...},   null: not reported;
//                                       absent: a quarter of the bytes
//         "delay_ms": 20,
//         "error": {"code": "unavailable", "message": "..."},
//         "sent": true}]}]}
//
// The first script that matches is used. `arguments` is an object, or a string that is passed on as
// it is. The text is delivered as deltas of one word each.
class ScriptedModel final : public Model {
 public:
  // Errors name the script, the reply and the key.
  static Result<std::unique_ptr<ScriptedModel>> make(ModelInfo info, std::string_view script,
                                                     Loop& loop);
  static Result<std::unique_ptr<ScriptedModel>> load(ModelInfo info, const std::string& path,
                                                     Loop& loop);
  ~ScriptedModel() override;

  const ModelInfo& info() const override { return info_; }
  std::unique_ptr<Conversation> open_conversation() const override;
  std::unique_ptr<Operation> start(Conversation& conversation, const Request& request,
                                   DeltaHandler on_delta, ReplyHandler on_reply) override;

 private:
  struct Script;
  ScriptedModel(ModelInfo info, std::unique_ptr<Script> script, Loop& loop);

  ModelInfo info_;
  std::unique_ptr<Script> script_;
  Loop& loop_;
};

}  // namespace pareto

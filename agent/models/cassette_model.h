#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/core/model.h"
#include "agent/io/loop.h"

namespace pareto {

// The exchanges of one or more models in a file of JSON lines
// {"key", "request", "deltas": [[kind, text]...], "reply"}. Shared by the models of a process.
// Thread: the loop's.
class Cassette {
 public:
  // For replay: reads the file. Errors name the line.
  static Result<std::shared_ptr<Cassette>> open(const std::string& path);
  // For recording: appends to the file, made if absent.
  static Result<std::shared_ptr<Cassette>> record(const std::string& path);
  ~Cassette();

 private:
  friend class CassetteModel;
  struct State;
  explicit Cassette(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// Records a model's exchanges, or replays them without it: same deltas, same reply.
//
// An exchange is found by the hash of its request without what differs from run to run: run id,
// deadline, seed, ids of tool calls, and ULIDs within texts. The same request asked several times
// gets its replies in the recorded order, then the last one again. A request that was not recorded
// is an error (not_found) that shows where it first differs from the most similar one.
class CassetteModel final : public Model {
 public:
  // Records what `inner` does; `inner` is owned.
  CassetteModel(std::shared_ptr<Cassette> cassette, std::unique_ptr<Model> inner);
  // Replays; no model is needed.
  CassetteModel(std::shared_ptr<Cassette> cassette, ModelInfo info, Loop& loop);
  ~CassetteModel() override;

  const ModelInfo& info() const override;
  std::int64_t prompt_bytes_of(std::span<const ToolSpec> tools) const override;
  std::unique_ptr<Conversation> open_conversation() const override;
  std::unique_ptr<Operation> start(Conversation& conversation, const Request& request,
                                   DeltaHandler on_delta, ReplyHandler on_reply) override;

 private:
  std::shared_ptr<Cassette> cassette_;
  std::unique_ptr<Model> inner_;
  ModelInfo info_;
  Loop* loop_ = nullptr;
};

// The canonical form of a request, the key of which is its hash.
Json canonical_request(const ModelInfo& info, const Request& request);
std::string request_key(const Json& canonical);

// Where two JSON values first differ: "messages/2/text: expected "a...", found "b..."". Empty when
// they are equal.
std::string first_difference(const Json& expected, const Json& found);

}  // namespace pareto

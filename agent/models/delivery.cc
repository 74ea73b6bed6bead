#include "agent/models/delivery.h"

#include <utility>

#include "agent/core/names.h"

namespace pareto {
namespace {

constexpr NameTable<Delta::Kind, 3> kKinds{{{Delta::Kind::text, "text"},
                                            {Delta::Kind::reasoning, "reasoning"},
                                            {Delta::Kind::tool_arguments, "tool_arguments"}}};

struct Delivery {
  std::vector<OwnedDelta> deltas;
  Reply reply;
  DeltaHandler on_delta;
  ReplyHandler on_reply;
  bool cancelled = false;

  void run() {
    for (const OwnedDelta& delta : deltas) {
      if (cancelled) return;  // by a listener
      if (on_delta) on_delta({delta.kind, delta.text});
    }
    if (!cancelled) on_reply(std::move(reply));
  }
};

class DeliveryOperation final : public Operation {
 public:
  DeliveryOperation(std::shared_ptr<Delivery> delivery, std::unique_ptr<Operation> timer)
      : delivery_(std::move(delivery)), timer_(std::move(timer)) {}
  ~DeliveryOperation() override { delivery_->cancelled = true; }

 private:
  std::shared_ptr<Delivery> delivery_;
  std::unique_ptr<Operation> timer_;
};

}  // namespace

const char* to_string(Delta::Kind kind) { return name_in(kKinds, kind); }
Result<Delta::Kind> parse_delta_kind(std::string_view text) {
  return value_in(kKinds, text, "kind of delta");
}

std::unique_ptr<Operation> deliver(Loop& loop, Milliseconds delay, std::vector<OwnedDelta> deltas,
                                   Reply reply, DeltaHandler on_delta, ReplyHandler on_reply) {
  auto delivery = std::make_shared<Delivery>();
  delivery->deltas = std::move(deltas);
  delivery->reply = std::move(reply);
  delivery->on_delta = std::move(on_delta);
  delivery->on_reply = std::move(on_reply);
  auto timer = loop.after(delay, [delivery] { delivery->run(); });
  return std::make_unique<DeliveryOperation>(std::move(delivery), std::move(timer));
}

}  // namespace pareto

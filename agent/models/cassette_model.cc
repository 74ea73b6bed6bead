#include "agent/models/cassette_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/models/chat_dialect.h"
#include "agent/models/delivery.h"
#include "agent/models/reply_json.h"

namespace pareto {
namespace {

struct Exchange {
  Json request;
  std::vector<OwnedDelta> deltas;
  Reply reply;
};

Result<OwnedDelta> read_delta(const Json& json) {
  const bool pair =
      json.is_array() && json.size() == 2 && json[0].is_string() && json[1].is_string();
  if (!pair) return fail(ErrorCode::invalid, "expected a delta [kind, text]");
  const auto kind = parse_delta_kind(json[0].get<std::string>());
  if (!kind) return std::unexpected(kind.error());
  return OwnedDelta{*kind, json[1].get<std::string>()};
}

Result<Exchange> read_exchange(const std::string& line) {
  const auto json = parse_json(line);
  if (!json) return std::unexpected(json.error());
  JsonFields fields(*json, "exchange");
  Exchange exchange;
  if (const Json* request = fields.need("request")) exchange.request = *request;
  exchange.deltas = fields.list<OwnedDelta>("deltas", read_delta);
  exchange.reply = fields.nested<Reply>("reply", reply_from_json);
  fields.only({"key", "request", "deltas", "reply"});
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return exchange;
}

std::string line_of(const Exchange& exchange) {
  Json deltas = Json::array();
  for (const OwnedDelta& delta : exchange.deltas) {
    deltas.push_back({to_string(delta.kind), delta.text});
  }
  return dump_json({{"key", request_key(exchange.request)},
                    {"request", exchange.request},
                    {"deltas", std::move(deltas)},
                    {"reply", to_json(exchange.reply)}}) +
         "\n";
}

class ReplayConversation final : public Conversation {};

// How alike two requests are: the messages that they begin with in common.
std::size_t likeness(const Json& a, const Json& b) {
  const auto mine = a.find("messages");
  const auto other = b.find("messages");
  if (mine == a.end() || other == b.end()) return 0;
  std::size_t common = 0;
  while (common < mine->size() && common < other->size() && (*mine)[common] == (*other)[common]) {
    ++common;
  }
  return common;
}

}  // namespace

struct Cassette::State {
  struct Track {
    std::vector<Exchange> exchanges;
    std::size_t next = 0;
  };

  std::string path;
  std::ofstream out;
  std::map<std::string, Track> tracks;

  void add(Exchange exchange) {
    tracks[request_key(exchange.request)].exchanges.push_back(std::move(exchange));
  }

  const Exchange* find(const Json& request) {
    const auto found = tracks.find(request_key(request));
    if (found == tracks.end()) return nullptr;
    Track& track = found->second;
    const std::size_t at = std::min(track.next, track.exchanges.size() - 1);
    ++track.next;
    return &track.exchanges[at];
  }

  Error unknown(const Json& request) const {
    if (tracks.empty())
      return {ErrorCode::not_found, fmt::format("the cassette {} is empty", path)};
    const Json* nearest = nullptr;
    std::size_t most = 0;
    for (const auto& [key, track] : tracks) {
      const Json& candidate = track.exchanges.front().request;
      const std::size_t common = likeness(candidate, request);
      if (nearest == nullptr || common > most) {
        nearest = &candidate;
        most = common;
      }
    }
    return {ErrorCode::not_found,
            fmt::format("the cassette {} has no such request; against the most similar one, {}; "
                        "record it again if the change is meant",
                        path, first_difference(*nearest, request))};
  }

  Result<void> write(const Exchange& exchange) {
    out << line_of(exchange) << std::flush;
    if (out) return {};
    return fail(ErrorCode::internal, fmt::format("can't write to the cassette {}", path));
  }
};

Cassette::Cassette(std::unique_ptr<State> state) : state_(std::move(state)) {}
Cassette::~Cassette() = default;

Result<std::shared_ptr<Cassette>> Cassette::open(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::not_found, fmt::format("can't read the cassette {}", path));
  auto state = std::make_unique<State>();
  state->path = path;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty()) continue;
    auto exchange = read_exchange(line);
    if (!exchange) {
      return fail(exchange.error().code,
                  fmt::format("cassette {}, line {}: {}", path, number, exchange.error().message));
    }
    state->add(std::move(*exchange));
  }
  return std::shared_ptr<Cassette>(new Cassette(std::move(state)));
}

Result<std::shared_ptr<Cassette>> Cassette::record(const std::string& path) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->out.open(path, std::ios::binary | std::ios::app);
  if (!state->out) {
    return fail(ErrorCode::invalid, fmt::format("can't write to the cassette {}", path));
  }
  return std::shared_ptr<Cassette>(new Cassette(std::move(state)));
}

CassetteModel::CassetteModel(std::shared_ptr<Cassette> cassette, std::unique_ptr<Model> inner)
    : cassette_(std::move(cassette)), inner_(std::move(inner)), info_(inner_->info()) {}

CassetteModel::CassetteModel(std::shared_ptr<Cassette> cassette, ModelInfo info, Loop& loop)
    : cassette_(std::move(cassette)), info_(std::move(info)), loop_(&loop) {}

CassetteModel::~CassetteModel() = default;

const ModelInfo& CassetteModel::info() const { return info_; }

std::int64_t CassetteModel::prompt_bytes_of(std::span<const ToolSpec> tools) const {
  return pareto::prompt_bytes_of(tools, info_.tools, info_.small);
}

std::unique_ptr<Conversation> CassetteModel::open_conversation() const {
  if (inner_) return inner_->open_conversation();
  return std::make_unique<ReplayConversation>();
}

std::unique_ptr<Operation> CassetteModel::start(Conversation& conversation, const Request& request,
                                                DeltaHandler on_delta, ReplyHandler on_reply) {
  Json canonical = canonical_request(info_, request);
  if (!inner_) {
    const Exchange* exchange = cassette_->state_->find(canonical);
    if (exchange != nullptr) {
      return deliver(*loop_, Milliseconds(0), exchange->deltas, exchange->reply,
                     std::move(on_delta), std::move(on_reply));
    }
    Reply unknown;
    unknown.error = cassette_->state_->unknown(canonical);
    unknown.sent = false;
    return deliver(*loop_, Milliseconds(0), {}, std::move(unknown), std::move(on_delta),
                   std::move(on_reply));
  }
  auto exchange = std::make_shared<Exchange>();
  exchange->request = std::move(canonical);
  auto hear = [exchange, on_delta = std::move(on_delta)](const Delta& delta) {
    exchange->deltas.push_back({delta.kind, std::string(delta.text)});
    if (on_delta) on_delta(delta);
  };
  auto keep = [exchange, cassette = cassette_,
               on_reply = std::move(on_reply)](Reply reply) mutable {
    exchange->reply = reply;
    // A recording with a hole would fail later, far from the cause.
    if (auto written = cassette->state_->write(*exchange); !written && !reply.error) {
      reply.error = written.error();
    }
    on_reply(std::move(reply));
  };
  return inner_->start(conversation, request, std::move(hear), std::move(keep));
}

}  // namespace pareto

#include "agent/models/openai_model.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/json_text.h"
#include "agent/models/chat_decoder.h"
#include "agent/models/chat_dialect.h"
#include "agent/models/openai_error.h"

namespace pareto {
namespace {

constexpr std::size_t kErrorBodyBytes = 64 * 1024;
// How long a server may take to end its response after [DONE]; beyond it the connection is closed
// instead of kept.
constexpr Milliseconds kEndGrace{250};

Result<std::string> checked_base_url(std::string url) {
  const bool http = url.starts_with("http://") || url.starts_with("https://");
  if (!http || url.find_first_of("?#@ ") != std::string::npos) {
    return fail(ErrorCode::invalid,
                fmt::format("expected a base_url such as https://api.example.com/v1, without user, "
                            "query or fragment; found \"{}\"",
                            http ? "one that has them" : url));
  }
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

struct OpenaiModel::Shared {
  Shared(OpenaiOptions o, Ports p) : options(std::move(o)), ports(std::move(p)) {}

  OpenaiOptions options;
  Ports ports;
  std::shared_ptr<const ChatProfile> profile;
  std::shared_ptr<const HttpHeaders> headers;
  std::string base_url;  // empty until resolved
};

// One call with its attempts. Owned by its operation; handlers hold it weakly, and while they run,
// since each may end in the destruction of the operation.
class OpenaiModel::Call final : public std::enable_shared_from_this<Call> {
 public:
  Call(std::shared_ptr<Shared> shared, const Request& request, DeltaHandler on_delta,
       ReplyHandler on_reply)
      : shared_(std::move(shared)),
        deadline_(request.deadline),
        bounds_(ChatBounds::of(request.max_output_tokens)),
        tools_asked_(!request.tools.empty() && !request.answer_only),
        affinity_(std::hash<std::string>()(request.run)),
        begun_(shared_->ports.clock.now()),
        on_delta_(std::move(on_delta)),
        on_reply_(std::move(on_reply)) {}

  void begin(ChatConversation& conversation, const Request& request) {
    ChatBody body = conversation.render(request);
    id_seed_ = body.history_hash;
    body_ = std::move(body.body);
    attempt();
  }

  void cancel() {
    on_reply_ = nullptr;
    release();
  }

 private:
  const OpenaiOptions& options() const { return shared_->options; }

  template <class... Args>
  auto guarded(void (Call::*method)(Args...)) {
    return [weak = weak_from_this(), method](Args... args) {
      if (auto self = weak.lock(); self && self->on_reply_) {
        ((*self).*method)(std::forward<Args>(args)...);
      }
    };
  }

  void attempt() {
    ++attempts_;
    if (!shared_->base_url.empty()) return send();
    shared_->ports.resolve_base_url(deadline_, guarded(&Call::on_base_url));
  }

  void on_base_url(Result<std::string> url) {
    auto checked = url ? checked_base_url(std::move(*url)) : std::move(url);
    if (!checked) return fail_later(std::move(checked.error()));
    shared_->base_url = std::move(*checked);
    send();
  }

  // The resolver may have answered within `start`, from where no handler may be called.
  void fail_later(Error error) {
    shared_->ports.loop.post(
        [finish = guarded(&Call::finish_with), error]() mutable { finish(std::move(error)); });
  }

  void finish_with(Error error) {
    Reply reply;
    reply.error = exchange_error(options(), error, attempts_);
    finish(std::move(reply));
  }

  std::string url() const { return shared_->base_url + "/chat/completions"; }

  void send() {
    const ToolDialect dialect = shared_->profile->dialect;
    decoder_.emplace(bounds_, dialect_deltas(on_delta_, dialect, tools_asked_));
    status_ = 0;
    error_body_.clear();
    retry_after_.reset();
    HttpRequest request;
    request.method = HttpMethod::post;
    request.url = url();
    request.headers = shared_->headers;
    request.body = body_;
    request.deadline = deadline_;
    request.stall = options().stall;
    request.response_limit = 2 * bounds_.stream_bytes;
    request.affinity = affinity_;
    HttpHandlers handlers;
    handlers.on_response = guarded(&Call::on_response);
    handlers.on_data = guarded(&Call::on_data);
    handlers.on_done = guarded(&Call::on_done);
    http_ = shared_->ports.http.send(std::move(request), std::move(handlers));
  }

  bool succeeded() const { return status_ >= 200 && status_ < 300; }

  void on_response(const HttpHead& head) {
    status_ = head.status;
    sent_ = true;
    retry_after_ = parse_retry_after(head.header("Retry-After"), shared_->ports.clock.now());
  }

  void on_data(std::string_view bytes) {
    if (!succeeded()) {
      error_body_ +=
          bytes.substr(0, kErrorBodyBytes - std::min(kErrorBodyBytes, error_body_.size()));
      return;
    }
    const bool more = decoder_->feed(bytes);
    if (more || timer_ || !on_reply_) return;  // a listener may have ended the call
    timer_ = shared_->ports.loop.after(kEndGrace, guarded(&Call::finish_stream));
  }

  void on_done(Result<void> result) {
    if (!result && !never_sent(result.error())) sent_ = true;
    if (succeeded()) {
      if (result) {
        decoder_->end();
      } else {
        decoder_->end(std::move(result.error()));
      }
      return finish_stream();
    }
    if (result && status_ != 0) {
      return fail_or_retry(status_error(options(), url(), status_, error_body_, attempts_));
    }
    if (!result) {
      // The engine behind a resolver may have ended and be started elsewhere.
      if (shared_->ports.resolve_base_url) shared_->base_url.clear();
      return fail_or_retry(exchange_error(options(), result.error(), attempts_));
    }
    fail_or_retry({ErrorCode::protocol, "the response had no status"});
  }

  void fail_or_retry(Error error) {
    if (error.code == ErrorCode::unavailable && retry()) return;
    Reply reply;
    // Refused before any work was done: nothing is owed.
    if (status_ >= 400 && status_ < 500) reply.usage = Usage{};
    reply.error = std::move(error);
    finish(std::move(reply));
  }

  bool retry() {
    const auto wait = retry_delay(options().retry, attempts_, retry_after_, deadline_,
                                  shared_->ports.clock.now(), shared_->ports.random);
    if (!wait) return false;
    http_ = nullptr;
    timer_ = shared_->ports.loop.after(*wait, guarded(&Call::on_retry));
    return true;
  }

  void on_retry() {
    timer_ = nullptr;
    attempt();
  }

  void finish_stream() {
    timer_ = nullptr;
    const bool started = decoder_->started();
    ChatReply chat = decoder_->take();
    if (!on_reply_) return;  // the last delta's listener ended the call
    if (chat.error) chat.error = exchange_error(options(), *chat.error, attempts_);
    if (chat.error && !started && !chat.usage) return fail_or_retry(std::move(*chat.error));
    Reply reply;
    reply.usage = chat.usage;
    reply.error = std::move(chat.error);
    Message message = read_reply(chat, shared_->profile->dialect, tools_asked_, id_seed_);
    reply.finish_reason = chat.finish_reason;
    // What was cut off may be shown, but none of it is run.
    if (reply.error) message.tool_calls.clear();
    if (!reply.error || !message.text.empty()) reply.message = std::move(message);
    finish(std::move(reply));
  }

  void finish(Reply reply) {
    reply.sent = sent_;
    reply.attempts = attempts_;
    reply.took = shared_->ports.clock.now() - begun_;
    auto on_reply = std::exchange(on_reply_, nullptr);
    release();
    on_reply(std::move(reply));
  }

  void release() {
    http_ = nullptr;
    timer_ = nullptr;
  }

  std::shared_ptr<Shared> shared_;
  Deadline deadline_;
  ChatBounds bounds_;
  bool tools_asked_;
  std::uint64_t affinity_;
  Instant begun_;
  DeltaHandler on_delta_;
  ReplyHandler on_reply_;  // null: over
  std::vector<Segment> body_;
  std::uint64_t id_seed_ = 0;
  int attempts_ = 0;
  bool sent_ = false;
  std::optional<ChatDecoder> decoder_;
  int status_ = 0;
  std::string error_body_;
  std::optional<Milliseconds> retry_after_;
  std::unique_ptr<Operation> http_;
  std::unique_ptr<Operation> timer_;
};

class OpenaiModel::CallOperation final : public Operation {
 public:
  explicit CallOperation(std::shared_ptr<Call> call) : call_(std::move(call)) {}
  ~CallOperation() override { call_->cancel(); }

 private:
  std::shared_ptr<Call> call_;
};

namespace {

Result<std::shared_ptr<const HttpHeaders>> headers_of(const OpenaiOptions& options) {
  HttpHeaders::List list{{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
  if (!options.api_key.empty()) list.emplace_back("Authorization", "Bearer " + options.api_key);
  return HttpHeaders::make(list);
}

std::shared_ptr<const ChatProfile> profile_of(const OpenaiOptions& options) {
  auto profile = std::make_shared<ChatProfile>();
  profile->model = options.model;
  profile->dialect = options.info.tools;
  profile->small = options.info.small;
  profile->reasoning = options.reasoning;
  profile->temperature = options.temperature;
  if (!profile->temperature && options.llama) profile->temperature = 0;
  profile->llama = options.llama;
  profile->share_prompts = options.share_prompts;
  profile->extra_body = options.extra_body;
  return profile;
}

}  // namespace

OpenaiModel::OpenaiModel(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
OpenaiModel::~OpenaiModel() = default;

Result<std::unique_ptr<OpenaiModel>> OpenaiModel::make(OpenaiOptions options, Ports ports) {
  if (options.model.empty()) options.model = options.info.name;
  if (options.base_url.empty() && !ports.resolve_base_url) {
    return fail(ErrorCode::invalid,
                fmt::format("model \"{}\" needs a base_url", options.info.name));
  }
  if (!options.extra_body.empty()) {
    const auto extra = parse_json(options.extra_body);
    if (!extra || !extra->is_object()) {
      return fail(ErrorCode::invalid, fmt::format("model \"{}\": expected a JSON object as extra "
                                                  "body; found something else",
                                                  options.info.name));
    }
  }
  auto shared = std::make_shared<Shared>(std::move(options), std::move(ports));
  if (!shared->options.base_url.empty()) {
    auto url = checked_base_url(shared->options.base_url);
    if (!url) return std::unexpected(url.error());
    shared->base_url = std::move(*url);
  }
  auto headers = headers_of(shared->options);
  if (!headers) return std::unexpected(headers.error());
  shared->headers = std::move(*headers);
  shared->profile = profile_of(shared->options);
  return std::unique_ptr<OpenaiModel>(new OpenaiModel(std::move(shared)));
}

const ModelInfo& OpenaiModel::info() const { return shared_->options.info; }

std::int64_t OpenaiModel::prompt_bytes_of(std::span<const ToolSpec> tools) const {
  return pareto::prompt_bytes_of(tools, shared_->profile->dialect, shared_->profile->small);
}

std::unique_ptr<Conversation> OpenaiModel::open_conversation() const {
  return std::make_unique<ChatConversation>(shared_->profile);
}

std::unique_ptr<Operation> OpenaiModel::start(Conversation& conversation, const Request& request,
                                              DeltaHandler on_delta, ReplyHandler on_reply) {
  auto call = std::make_shared<Call>(shared_, request, std::move(on_delta), std::move(on_reply));
  call->begin(dynamic_cast<ChatConversation&>(conversation), request);
  return std::make_unique<CallOperation>(std::move(call));
}

}  // namespace pareto

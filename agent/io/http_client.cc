#include "agent/io/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <new>
#include <utility>

#include "agent/io/curl_driver.h"
#include "agent/io/host_gate.h"
#include "agent/io/http_transfer.h"
#include "agent/io/loop_asio.h"
#include "agent/io/system_clock.h"

namespace pareto {

namespace {

constexpr std::size_t kIdleTransfers = 32;

// Empty when the environment names no proxy.
std::string hosts_without_proxy(const HttpOptions& options) {
  if (options.reach == HttpReach::public_only) return {};
  const auto is_set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  constexpr std::array kProxies = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                   "ALL_PROXY"};
  if (std::none_of(kProxies.begin(), kProxies.end(), is_set)) return {};
  std::string hosts = "localhost,127.0.0.0/8,::1";
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    if (!is_set(name)) continue;
    if (std::string_view(std::getenv(name)) == "*") return "*";
    hosts.append(",").append(std::getenv(name));
    break;
  }
  return hosts;
}

struct CurlLibrary {
  CurlLibrary() { curl_global_init(CURL_GLOBAL_DEFAULT); }
  ~CurlLibrary() { curl_global_cleanup(); }
  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;
};

// Names and TLS sessions are shared by the multi handles; one thread, hence no locks.
struct CurlShare {
  CurlShare() : handle(curl_share_init()) {
    if (handle == nullptr) throw std::bad_alloc();
    curl_share_setopt(handle, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(handle, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  }
  ~CurlShare() { curl_share_cleanup(handle); }
  CurlShare(const CurlShare&) = delete;
  CurlShare& operator=(const CurlShare&) = delete;

  CURLSH* handle;
};

}  // namespace

struct HttpClient::State final : CurlDriver::Listener {
  using Time = CurlDriver::Time;

  State(Loop& loop, HttpOptions options);
  ~State() override;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::unique_ptr<Operation> send(HttpRequest request, HttpHandlers handlers);
  void cancel(HttpTransfer& transfer);

  void finished(CURL* easy, CURLcode code) override;
  void settled() override;
  Time tick(Time now) override;

  HttpTransfer& take();
  void enter(HttpTransfer& transfer);
  void begin(HttpTransfer& transfer);
  void start(HttpTransfer& transfer);
  void end(HttpTransfer& transfer, Result<void> result);
  void detach(HttpTransfer& transfer);
  void release(HttpTransfer& transfer);
  void fail_later(HttpTransfer& transfer, Error error);
  void deliver_failures();

  CurlLibrary library;
  CurlShare share;
  SystemClock clock;
  HttpTransfer::Setup setup;
  HostGate gate;
  std::shared_ptr<CurlDriver> driver;
  std::vector<std::unique_ptr<HttpTransfer>> transfers;  // under way; each knows its slot
  std::vector<std::unique_ptr<HttpTransfer>> idle;
  // Asked for inside of curl, done once it has settled.
  std::vector<HttpTransfer*> to_start;
  std::vector<HttpTransfer*> cancelled;
  std::vector<std::string> opened_hosts;
  // Failed outside of curl; told from the loop.
  std::deque<std::pair<HttpTransfer*, Error>> failures;
};

// What the caller holds. When the transfer ends first, they let go of each other.
class HttpOperation final : public Operation {
 public:
  HttpOperation(HttpClient::State& client, HttpTransfer& transfer)
      : client_(client), transfer_(&transfer) {
    transfer.operation = this;
  }
  ~HttpOperation() override {
    if (transfer_ == nullptr) return;
    transfer_->operation = nullptr;
    client_.cancel(*transfer_);
  }
  void let_go() { transfer_ = nullptr; }

 private:
  HttpClient::State& client_;
  HttpTransfer* transfer_;
};

HttpClient::State::State(Loop& loop, HttpOptions options) {
  setup.no_proxy = hosts_without_proxy(options);
  setup.plain_headers = *HttpHeaders::make({});
  setup.share = share.handle;
  setup.on_connecting = [this](const std::string& host) { opened_hosts.push_back(host); };
  driver = std::make_shared<CurlDriver>(context(loop), *this, options.multi_handles,
                                        options.kept_connections);
  setup.options = std::move(options);
}

HttpClient::State::~State() {
  for (const auto& transfer : transfers) {
    if (transfer->operation != nullptr) transfer->operation->let_go();
    if (transfer->stage == HttpTransfer::Stage::added) {
      driver->remove(transfer->multi, transfer->easy());
    }
  }
  transfers.clear();
  idle.clear();
  driver->close();
}

std::unique_ptr<Operation> HttpClient::State::send(HttpRequest request, HttpHandlers handlers) {
  HttpTransfer& transfer = take();
  auto operation = std::make_unique<HttpOperation>(*this, transfer);
  transfer.multi = static_cast<std::size_t>(request.affinity % driver->size());
  const auto usable = transfer.prepare(std::move(request), std::move(handlers));
  if (usable) {
    enter(transfer);
  } else {
    fail_later(transfer, usable.error());
  }
  return operation;
}

HttpTransfer& HttpClient::State::take() {
  if (idle.empty()) {
    transfers.push_back(std::make_unique<HttpTransfer>(setup));
  } else {
    transfers.push_back(std::move(idle.back()));
    idle.pop_back();
  }
  transfers.back()->slot = transfers.size() - 1;
  return *transfers.back();
}

void HttpClient::State::enter(HttpTransfer& transfer) {
  if (transfer.literal_host()) return begin(transfer);
  if (gate.enter(transfer.host(), &transfer, std::chrono::steady_clock::now())) {
    return begin(transfer);
  }
  transfer.stage = HttpTransfer::Stage::gate;
}

void HttpClient::State::begin(HttpTransfer& transfer) {
  if (!transfer.literal_host() && gate.leads(transfer.host(), &transfer)) transfer.lead();
  transfer.stage = HttpTransfer::Stage::ready;
  if (driver->inside()) {
    to_start.push_back(&transfer);
  } else {
    start(transfer);
  }
}

void HttpClient::State::start(HttpTransfer& transfer) {
  const HttpRequest& request = transfer.request();
  const Instant now = clock.now();
  if (request.deadline.passed(now)) {
    transfer.stop = HttpStop::deadline;
    return fail_later(transfer, transfer.error(CURLE_OPERATION_TIMEDOUT));
  }
  transfer.limit_time(request.deadline.left(now));
  transfer.stage = HttpTransfer::Stage::added;
  driver->add(transfer.multi, transfer.easy());
  if (request.stall > Milliseconds(0)) {
    transfer.last_moved = std::chrono::steady_clock::now();
    driver->wake_at(transfer.last_moved + request.stall);
  }
}

void HttpClient::State::cancel(HttpTransfer& transfer) {
  if (driver->inside()) {
    cancelled.push_back(&transfer);
    return;
  }
  detach(transfer);
  release(transfer);
}

void HttpClient::State::finished(CURL* easy, CURLcode code) {
  char* user = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &user);
  auto& transfer = *static_cast<HttpTransfer*>(static_cast<void*>(user));
  if (code == CURLE_OK) return end(transfer, {});
  // curl counts on another clock, so a little early is still the deadline.
  constexpr Milliseconds kSlack{20};
  const Deadline deadline = transfer.request().deadline;
  if (code == CURLE_OPERATION_TIMEDOUT && deadline.passed(clock.now() + kSlack)) {
    transfer.stop = HttpStop::deadline;
  }
  if (code == CURLE_COULDNT_RESOLVE_HOST && transfer.leads()) {
    for (HttpTransfer* other : gate.failed(transfer.host())) {
      fail_later(*other, other->error(code));
    }
  }
  end(transfer, std::unexpected(transfer.error(code)));
}

// Takes a transfer out of everything but the list of those under way.
void HttpClient::State::detach(HttpTransfer& transfer) {
  if (transfer.stage == HttpTransfer::Stage::gate) gate.leave(transfer.host(), &transfer);
  if (transfer.stage == HttpTransfer::Stage::added) {
    driver->remove(transfer.multi, transfer.easy());
  }
  if (transfer.leads()) {
    for (HttpTransfer* next : gate.gave_up(transfer.host(), &transfer)) begin(*next);
  }
  std::erase(to_start, &transfer);
  std::erase(cancelled, &transfer);
  std::erase_if(failures, [&transfer](const auto& item) { return item.first == &transfer; });
}

void HttpClient::State::release(HttpTransfer& transfer) {
  auto mine = std::move(transfers[transfer.slot]);
  if (transfer.slot + 1 != transfers.size()) {
    transfers[transfer.slot] = std::move(transfers.back());
    transfers[transfer.slot]->slot = transfer.slot;
  }
  transfers.pop_back();
  const HttpHandlers dying = std::move(mine->handlers);  // their captures may call us back
  mine->clear();
  if (idle.size() < kIdleTransfers) idle.push_back(std::move(mine));
}

void HttpClient::State::end(HttpTransfer& transfer, Result<void> result) {
  HttpOperation* operation = transfer.operation;
  if (operation != nullptr) operation->let_go();
  HttpHandlers handlers = std::move(transfer.handlers);
  detach(transfer);
  release(transfer);
  if (operation != nullptr && handlers.on_done) handlers.on_done(std::move(result));
}

void HttpClient::State::fail_later(HttpTransfer& transfer, Error error) {
  failures.emplace_back(&transfer, std::move(error));
  driver->kick();
}

void HttpClient::State::deliver_failures() {
  // Only those of now: a handler that sends the same again must not keep the loop here.
  for (std::size_t count = failures.size(); count > 0 && !failures.empty(); --count) {
    auto [transfer, error] = std::move(failures.front());
    failures.pop_front();
    end(*transfer, std::unexpected(std::move(error)));
  }
  if (!failures.empty()) driver->kick();
}

void HttpClient::State::settled() {
  while (!cancelled.empty()) cancel(*cancelled.back());
  for (const std::string& host : std::exchange(opened_hosts, {})) {
    for (HttpTransfer* next : gate.opened(host, std::chrono::steady_clock::now())) begin(*next);
  }
  while (!to_start.empty()) {
    HttpTransfer* transfer = to_start.back();
    to_start.pop_back();
    start(*transfer);
  }
  if (!failures.empty()) deliver_failures();
}

// Finds transfers on which nothing moves.
HttpClient::State::Time HttpClient::State::tick(Time now) {
  Time next = Time::max();
  for (const auto& transfer : transfers) {
    const Milliseconds stall = transfer->request().stall;
    if (transfer->stage != HttpTransfer::Stage::added || stall <= Milliseconds(0)) continue;
    if (transfer->stop != HttpStop::none) continue;
    if (transfer->upload_moved()) transfer->last_moved = now;
    if (transfer->last_moved + stall > now) {
      next = std::min(next, transfer->last_moved + stall);
      continue;
    }
    transfer->stop = HttpStop::stalled;
    fail_later(*transfer, transfer->error(CURLE_OPERATION_TIMEDOUT));
  }
  return next;
}

HttpClient::HttpClient(Loop& loop, HttpOptions options)
    : state_(std::make_unique<State>(loop, std::move(options))) {}

HttpClient::~HttpClient() = default;

std::unique_ptr<Operation> HttpClient::send(HttpRequest request, HttpHandlers handlers) {
  return state_->send(std::move(request), std::move(handlers));
}

}  // namespace pareto

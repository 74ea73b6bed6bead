#include "agent/io/curl_driver.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>

namespace pareto {

namespace asio = boost::asio;

namespace {

int make_epoll() {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return fd;
}

std::uint32_t epoll_events(int what) {
  std::uint32_t events = 0;
  if ((what & CURL_POLL_IN) != 0) events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) events |= EPOLLOUT;
  return events;
}

int curl_events(std::uint32_t events) {
  int result = 0;
  if ((events & EPOLLIN) != 0) result |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) result |= CURL_CSELECT_OUT;
  // A broken socket is found out by reading and writing.
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) result |= CURL_CSELECT_IN | CURL_CSELECT_OUT;
  return result;
}

}  // namespace

CurlDriver::CurlDriver(asio::io_context& context, Listener& listener, std::size_t handles,
                       std::size_t kept_connections)
    : context_(context),
      listener_(&listener),
      epoll_(make_epoll()),
      descriptor_(context, epoll_),
      timer_(context) {
  for (std::size_t i = 0; i < std::max<std::size_t>(handles, 1); ++i) {
    auto multi = std::make_unique<Multi>();
    multi->driver = this;
    multi->index = static_cast<std::uint32_t>(i);
    multi->handle = curl_multi_init();
    curl_multi_setopt(multi->handle, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi->handle, CURLMOPT_SOCKETDATA, multi.get());
    curl_multi_setopt(multi->handle, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi->handle, CURLMOPT_TIMERDATA, multi.get());
    curl_multi_setopt(multi->handle, CURLMOPT_MAXCONNECTS, static_cast<long>(kept_connections));
    multis_.push_back(std::move(multi));
  }
}

CurlDriver::~CurlDriver() { close(); }

void CurlDriver::close() {
  listener_ = nullptr;
  idle();
  for (const auto& multi : multis_) curl_multi_cleanup(multi->handle);
  multis_.clear();
}

void CurlDriver::add(std::size_t multi, CURL* easy) {
  ++busy_;
  wait();
  curl_multi_add_handle(multis_[multi]->handle, easy);
}

void CurlDriver::remove(std::size_t multi, CURL* easy) {
  curl_multi_remove_handle(multis_[multi]->handle, easy);
  if (--busy_ == 0) idle();
}

void CurlDriver::wake_at(Time when) {
  if (when >= tick_) return;
  tick_ = when;
  arm(when);
}

void CurlDriver::kick() {
  if (kicked_) return;
  kicked_ = true;
  asio::post(context_, [self = shared_from_this()] {
    self->kicked_ = false;
    self->drive();
  });
}

int CurlDriver::on_socket(CURL*, curl_socket_t fd, int what, void* user, void* known) {
  auto& multi = *static_cast<Multi*>(user);
  const int epoll = multi.driver->epoll_;
  if (what == CURL_POLL_REMOVE) {
    // curl may have closed the descriptor before it says so; it has left the set by itself then.
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
    return 0;
  }
  epoll_event event{};
  event.events = epoll_events(what);
  event.data.u64 = (std::uint64_t{multi.index} << 32) | static_cast<std::uint32_t>(fd);
  const int operation = known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(epoll, operation, fd, &event) != 0) {
    const int other = errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    epoll_ctl(epoll, other, fd, &event);
  }
  if (known == nullptr) curl_multi_assign(multi.handle, fd, &multi);
  return 0;
}

int CurlDriver::on_timer(CURLM*, long ms, void* user) {
  auto& multi = *static_cast<Multi*>(user);
  if (ms < 0) {
    multi.due = Time::max();
    return 0;
  }
  const Time now = std::chrono::steady_clock::now();
  multi.due = now + std::chrono::milliseconds(ms);
  // Curl asks for an immediate call whenever a transfer is added: posting spares a timer.
  if (ms == 0) {
    multi.driver->kick();
  } else {
    multi.driver->arm(multi.due);
  }
  return 0;
}

void CurlDriver::act(Multi& multi, curl_socket_t fd, int events) {
  int running = 0;
  inside_ = true;
  curl_multi_socket_action(multi.handle, fd, events, &running);
  inside_ = false;
}

void CurlDriver::collect() {
  for (std::size_t i = 0; i < multis_.size(); ++i) {
    int left = 0;
    while (listener_ != nullptr) {
      const CURLMsg* message = curl_multi_info_read(multis_[i]->handle, &left);
      if (message == nullptr) break;
      if (message->msg == CURLMSG_DONE) {
        listener_->finished(message->easy_handle, message->data.result);
      }
    }
  }
  if (listener_ != nullptr) listener_->settled();
}

void CurlDriver::wait() {
  if (waiting_) return;
  waiting_ = true;
  descriptor_.async_wait(
      asio::posix::stream_descriptor::wait_read,
      [self = shared_from_this(), number = ++wait_number_](const boost::system::error_code& error) {
        if (error || number != self->wait_number_) return;
        self->waiting_ = false;
        self->readable();
      });
}

void CurlDriver::readable() {
  std::array<epoll_event, 64> events;
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t key = events[static_cast<std::size_t>(i)].data.u64;
    act(*multis_[key >> 32], static_cast<curl_socket_t>(key & 0xffffffffU),
        curl_events(events[static_cast<std::size_t>(i)].events));
  }
  collect();
  if (busy_ > 0) wait();
}

void CurlDriver::drive() {
  if (listener_ == nullptr) return;
  const Time now = std::chrono::steady_clock::now();
  for (const auto& multi : multis_) {
    if (multi->due > now) continue;
    multi->due = Time::max();
    act(*multi, CURL_SOCKET_TIMEOUT, 0);
  }
  if (tick_ <= now) tick_ = listener_->tick(now);
  collect();
  if (listener_ == nullptr || busy_ == 0) return;
  Time next = tick_;
  for (const auto& multi : multis_) next = std::min(next, multi->due);
  arm(next);
}

// Curl moves its timer with nearly every step. An armed time that is too early is left alone: the
// early call finds nothing due and arms the right one.
void CurlDriver::arm(Time when) {
  if (when >= armed_) return;
  armed_ = when;
  timer_.expires_at(when);
  timer_.async_wait([self = shared_from_this(),
                     number = ++timer_number_](const boost::system::error_code& error) {
    if (error || number != self->timer_number_) return;
    self->armed_ = Time::max();
    self->drive();
  });
}

// Without a transfer nothing is waited for, so that the loop's `run` can return.
void CurlDriver::idle() {
  tick_ = Time::max();
  if (waiting_) {
    waiting_ = false;
    ++wait_number_;
    boost::system::error_code ignored;
    descriptor_.cancel(ignored);
  }
  if (armed_ != Time::max()) {
    armed_ = Time::max();
    ++timer_number_;
    timer_.cancel();
  }
}

}  // namespace pareto

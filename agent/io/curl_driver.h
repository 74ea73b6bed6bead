#pragma once

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace pareto {

// Drives several curl multi handles from an Asio context. The multi handles put their sockets into
// one private epoll set, and Asio watches that set's descriptor alone: no Asio object per socket,
// hence no order of assigning, releasing and closing to get wrong. Internal to agent/io.
class CurlDriver : public std::enable_shared_from_this<CurlDriver> {
 public:
  using Time = std::chrono::steady_clock::time_point;

  class Listener {
   public:
    virtual ~Listener() = default;
    // A transfer has ended; curl is not on the stack. The transfer is still added.
    virtual void finished(CURL* easy, CURLcode code) = 0;
    // Called after curl has worked: the moment for what must not happen inside its callbacks.
    virtual void settled() = 0;
    // Called at times; gives the next time at which it must be called.
    virtual Time tick(Time now) = 0;
  };

  // `listener` is not called after `close`.
  CurlDriver(boost::asio::io_context& context, Listener& listener, std::size_t handles,
             std::size_t kept_connections);
  ~CurlDriver();

  std::size_t size() const { return multis_.size(); }
  // Whether a curl callback is on the stack: then `add` and `remove` must wait for `settled`.
  bool inside() const { return inside_; }

  void add(std::size_t multi, CURL* easy);
  void remove(std::size_t multi, CURL* easy);
  // Makes `tick` be called no later than at `when`.
  void wake_at(Time when);
  // Makes `settled` be called from the loop, soon.
  void kick();
  // Every transfer was removed.
  void close();

 private:
  struct Multi {
    CurlDriver* driver = nullptr;
    std::uint32_t index = 0;
    CURLM* handle = nullptr;
    Time due = Time::max();
  };

  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* user, void* known);
  static int on_timer(CURLM* handle, long ms, void* user);

  void act(Multi& multi, curl_socket_t fd, int events);
  void collect();
  void wait();
  void readable();
  void drive();
  void arm(Time when);
  void idle();

  boost::asio::io_context& context_;
  Listener* listener_;
  int epoll_;
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer timer_;
  std::vector<std::unique_ptr<Multi>> multis_;
  Time armed_ = Time::max();
  Time tick_ = Time::max();
  std::size_t busy_ = 0;
  std::uint64_t wait_number_ = 0;  // which wait is current: an older one may still be queued
  std::uint64_t timer_number_ = 0;
  bool waiting_ = false;
  bool kicked_ = false;
  bool inside_ = false;
};

}  // namespace pareto

#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace pareto {

class HttpTransfer;

// Lets one transfer look up the name of a host while the others for that host wait, since curl
// starts one resolver thread for each lookup that its cache can't answer. Pure: no clock. Internal
// to agent/io.
class HostGate {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // A little shorter than curl keeps a name.
  static constexpr std::chrono::seconds kWarm{50};

  // True: go. False: wait until a later call hands the transfer out.
  bool enter(const std::string& host, HttpTransfer* transfer, Time now);
  // The host's name is known: hands out those that waited.
  std::vector<HttpTransfer*> opened(const std::string& host, Time now);
  // The leading transfer ended before its lookup did: hands out the next, which leads now.
  std::vector<HttpTransfer*> gave_up(const std::string& host, const HttpTransfer* transfer);
  // The lookup failed: hands out all, and the next request starts afresh.
  std::vector<HttpTransfer*> failed(const std::string& host);
  // A waiting transfer leaves.
  void leave(const std::string& host, const HttpTransfer* transfer);

  bool leads(const std::string& host, const HttpTransfer* transfer) const;

 private:
  struct Host {
    HttpTransfer* leader = nullptr;
    std::deque<HttpTransfer*> waiting;
    Time warm_until = Time::min();
  };

  void tidy(Time now);

  std::unordered_map<std::string, Host> hosts_;
};

}  // namespace pareto

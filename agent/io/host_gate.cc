#include "agent/io/host_gate.h"

#include <algorithm>
#include <utility>

namespace pareto {

bool HostGate::enter(const std::string& host, HttpTransfer* transfer, Time now) {
  constexpr std::size_t kMany = 256;
  if (hosts_.size() > kMany) tidy(now);
  Host& entry = hosts_[host];
  if (now < entry.warm_until) return true;
  if (entry.leader == nullptr) {
    entry.leader = transfer;
    return true;
  }
  entry.waiting.push_back(transfer);
  return false;
}

std::vector<HttpTransfer*> HostGate::opened(const std::string& host, Time now) {
  Host& entry = hosts_[host];
  entry.leader = nullptr;
  entry.warm_until = now + kWarm;
  const auto waiting = std::exchange(entry.waiting, {});
  return {waiting.begin(), waiting.end()};
}

std::vector<HttpTransfer*> HostGate::gave_up(const std::string& host,
                                             const HttpTransfer* transfer) {
  const auto at = hosts_.find(host);
  if (at == hosts_.end() || at->second.leader != transfer) return {};
  Host& entry = at->second;
  entry.leader = nullptr;
  if (entry.waiting.empty()) return {};
  entry.leader = entry.waiting.front();
  entry.waiting.pop_front();
  return {entry.leader};
}

std::vector<HttpTransfer*> HostGate::failed(const std::string& host) {
  const auto at = hosts_.find(host);
  if (at == hosts_.end()) return {};
  const auto waiting = std::exchange(at->second.waiting, {});
  hosts_.erase(at);
  return {waiting.begin(), waiting.end()};
}

void HostGate::leave(const std::string& host, const HttpTransfer* transfer) {
  const auto at = hosts_.find(host);
  if (at != hosts_.end()) std::erase(at->second.waiting, transfer);
}

bool HostGate::leads(const std::string& host, const HttpTransfer* transfer) const {
  const auto at = hosts_.find(host);
  return at != hosts_.end() && at->second.leader == transfer;
}

void HostGate::tidy(Time now) {
  std::erase_if(hosts_, [now](const auto& item) {
    const Host& host = item.second;
    return host.leader == nullptr && host.waiting.empty() && host.warm_until <= now;
  });
}

}  // namespace pareto

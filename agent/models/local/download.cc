#include "agent/models/local/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace pareto {
namespace {

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

struct Transfer {
  CURL* handle = nullptr;
  int file = -1;
  std::int64_t size = 0;   // of the file so far
  std::int64_t bytes = 0;  // that it must get
  bool decided = false;    // whether the status code was looked at
  std::string problem;
  const std::function<void(std::int64_t)>* progress = nullptr;
};

bool write_all(int file, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::write(file, data, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    data += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

// A server that doesn't know ranges answers 200 and sends everything from the beginning.
bool accept_status(Transfer& transfer) {
  long status = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  if (status == 200) {
    if (::ftruncate(transfer.file, 0) != 0) return false;
    transfer.size = 0;
    return true;
  }
  if (status == 206) return true;
  transfer.problem = fmt::format("the server answered with status {}", status);
  return false;
}

std::size_t on_data(char* data, std::size_t, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (!transfer.decided) {
    transfer.decided = true;
    if (!accept_status(transfer)) return CURL_WRITEFUNC_ERROR;
  }
  if (transfer.size + static_cast<std::int64_t>(count) > transfer.bytes) {
    transfer.problem =
        fmt::format("the server sends more than the expected {} bytes", transfer.bytes);
    return CURL_WRITEFUNC_ERROR;
  }
  if (!write_all(transfer.file, data, count)) {
    transfer.problem = fmt::format("writing failed: {}", std::strerror(errno));
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.size += static_cast<std::int64_t>(count);
  if (*transfer.progress) (*transfer.progress)(transfer.size);
  return count;
}

void configure(CURL* handle, const std::string& url, const DownloadOptions& options,
               Transfer& transfer) {
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https,http");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_seconds));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1024L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_seconds));
  // Not CURLOPT_RESUME_FROM: it takes a server that knows no ranges for an error.
  if (transfer.size > 0) {
    curl_easy_setopt(handle, CURLOPT_RANGE, fmt::format("{}-", transfer.size).c_str());
  }
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_data);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "pareto");
}

Result<void> judge(CURLcode code, const Transfer& transfer, const DownloadOptions& options) {
  if (!transfer.problem.empty()) return fail(ErrorCode::unavailable, transfer.problem);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    long connected = 0;
    curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &connected);
    return fail(ErrorCode::unavailable,
                connected == 0 ? fmt::format("no connection within {} s", options.connect_seconds)
                               : fmt::format("nothing arrived for {} s", options.stall_seconds));
  }
  if (code != CURLE_OK) return fail(ErrorCode::unavailable, curl_easy_strerror(code));
  if (transfer.size != transfer.bytes) {
    return fail(ErrorCode::unavailable, fmt::format("the transfer ended after {} of {} bytes",
                                                    transfer.size, transfer.bytes));
  }
  return {};
}

}  // namespace

Result<void> download(const std::string& url, const std::string& file, std::int64_t bytes,
                      const DownloadOptions& options,
                      const std::function<void(std::int64_t)>& progress) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return fail(ErrorCode::internal, fmt::format("can't write {}: {}", file, std::strerror(errno)));
  }
  const auto close = [](const int* open) { ::close(*open); };
  const std::unique_ptr<const int, decltype(close)> guard(&descriptor, close);
  struct stat info = {};
  if (::fstat(descriptor, &info) != 0 || info.st_size > bytes) {
    if (::ftruncate(descriptor, 0) != 0) return fail(ErrorCode::internal, "can't cut " + file);
    info.st_size = 0;
  }
  if (info.st_size == bytes) return {};
  const Handle handle(curl_easy_init(), &curl_easy_cleanup);
  if (!handle) return fail(ErrorCode::internal, "curl could not start");
  Transfer transfer{handle.get(), descriptor, info.st_size, bytes, false, {}, &progress};
  configure(handle.get(), url, options, transfer);
  return judge(curl_easy_perform(handle.get()), transfer, options);
}

}  // namespace pareto

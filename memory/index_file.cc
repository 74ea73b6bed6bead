#include "memory/index_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "agent/io/descriptor.h"
#include "agent/text/hashing.h"

namespace pareto {
namespace {

constexpr std::string_view kFormat = "pareto-vectors-1";
constexpr std::size_t kHeaderBytes = 256;  // padded with spaces, ends with a line end
constexpr std::uint64_t kMaxPayload = 4ULL << 30;

std::unexpected<Error> system_error(std::string_view what, const std::string& path) {
  const int code = errno;
  const ErrorCode kind = code == ENOSPC || code == EDQUOT || code == EFBIG ? ErrorCode::limit
                         : code == EACCES || code == EROFS                 ? ErrorCode::denied
                                                                           : ErrorCode::internal;
  return fail(kind, fmt::format("{} {} failed: {}", what, path, std::strerror(code)));
}

std::unexpected<Error> damaged(const std::string& path, std::string_view what) {
  return fail(ErrorCode::invalid, fmt::format("the index {} {}", path, what));
}

struct Header {
  IndexStamp stamp;
  std::uint64_t payload_bytes = 0;
  std::uint64_t payload_hash = 0;
};

std::string header_text(const Header& header) {
  std::string text =
      fmt::format("{} {} {} {} {} {} {}", kFormat, header.stamp.embedding, header.stamp.last_seq,
                  header.stamp.rows, to_hex(header.stamp.rows_hash), header.payload_bytes,
                  to_hex(header.payload_hash));
  text += " " + to_hex(hash64(text));
  text.resize(kHeaderBytes - 1, ' ');
  return text + "\n";
}

// Takes the next word off the front.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

template <class Number>
bool read_number(std::string_view word, Number& number, int base = 10) {
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), number, base);
  return code == std::errc() && end == word.data() + word.size();
}

Result<Header> parse_header(const std::string& path, std::string_view bytes) {
  Header header;
  std::string_view rest = bytes;
  const std::string_view format = take_word(rest);
  header.stamp.embedding = std::string(take_word(rest));
  const bool sound = format == kFormat && read_number(take_word(rest), header.stamp.last_seq) &&
                     read_number(take_word(rest), header.stamp.rows) &&
                     read_number(take_word(rest), header.stamp.rows_hash, 16) &&
                     read_number(take_word(rest), header.payload_bytes) &&
                     read_number(take_word(rest), header.payload_hash, 16);
  // Written anew it must come out the same, its own checksum and padding included.
  if (!sound || header_text(header) != bytes) return damaged(path, "has a damaged header");
  if (header.payload_bytes > kMaxPayload) return damaged(path, "is larger than 4 GiB");
  return header;
}

bool read_exactly(int fd, char* to, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::read(fd, to, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    to += count;
    size -= static_cast<std::size_t>(count);
  }
  return true;
}

bool write_exactly(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// Reads and checks the header of an open file, and the length of the file.
Result<Header> open_header(const std::string& path, const Descriptor& file) {
  if (!file.open()) {
    if (errno == ENOENT) return fail(ErrorCode::not_found, fmt::format("no index at {}", path));
    return system_error("opening", path);
  }
  std::string bytes(kHeaderBytes, '\0');
  if (!read_exactly(file.get(), bytes.data(), bytes.size())) return damaged(path, "is cut short");
  auto header = parse_header(path, bytes);
  if (!header) return header;
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return system_error("reading", path);
  if (static_cast<std::uint64_t>(status.st_size) != kHeaderBytes + header->payload_bytes) {
    return damaged(path, "has another length than its header says");
  }
  return header;
}

Result<void> write_and_sync(const std::string& path, std::string_view header,
                            std::string_view payload) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.open()) return system_error("creating", path);
  if (!write_exactly(file.get(), header) || !write_exactly(file.get(), payload) ||
      ::fsync(file.get()) != 0) {
    auto error = system_error("writing", path);
    ::unlink(path.c_str());
    return error;
  }
  return {};
}

Result<void> sync_folder(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.open() || ::fsync(opened.get()) != 0) return system_error("syncing", folder);
  return {};
}

}  // namespace

Result<IndexStamp> read_index_stamp(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  auto header = open_header(path, file);
  if (!header) return std::unexpected(header.error());
  return header->stamp;
}

Result<IndexFile> read_index_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  auto header = open_header(path, file);
  if (!header) return std::unexpected(header.error());
  IndexFile content{.stamp = header->stamp, .payload = std::string(header->payload_bytes, '\0')};
  if (!read_exactly(file.get(), content.payload.data(), content.payload.size())) {
    return damaged(path, "is cut short");
  }
  if (hash64(content.payload) != header->payload_hash) {
    return damaged(path, "does not match its checksum");
  }
  return content;
}

Result<void> write_index_file(const std::string& path, const IndexStamp& stamp,
                              std::string_view payload) {
  const std::string lock_path = path + ".lock";
  const Descriptor lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.open()) return system_error("creating", lock_path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::unavailable, fmt::format("another process is writing {}", path));
  }
  // What a killed writer left behind is overwritten, as the name is always the same.
  const std::string temporary = path + ".tmp";
  const std::string header = header_text(
      {.stamp = stamp, .payload_bytes = payload.size(), .payload_hash = hash64(payload)});
  if (auto written = write_and_sync(temporary, header, payload); !written) return written;
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return system_error("renaming to", path);
  }
  return sync_folder(path);
}

}  // namespace pareto

#include "apps/export/zip_archive.h"

#include <fmt/format.h>
#include <zip.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <utility>

namespace pareto::exporting {
namespace {

constexpr std::size_t kPiece = 64 << 10;
// Zstandard by its number: not every version of the library has a name for it, or can read it.
constexpr zip_uint16_t kZstandard = 93;

// The words of the library for what went wrong.
std::string words(zip_error_t* error) { return zip_error_strerror(error); }

struct FreeSource {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Source = std::unique_ptr<zip_source_t, FreeSource>;
using Archive = std::unique_ptr<zip_t, Discard>;
using OpenFile = std::unique_ptr<zip_file_t, CloseFile>;

std::unexpected<Error> can_not_write(zip_t* archive) {
  return fail(ErrorCode::internal,
              "a zip archive can't be written: " + words(zip_get_error(archive)));
}

// The date in the format of MS-DOS. The time is noon: the library takes it through local time,
// where some times of a night are none.
constexpr std::uint16_t kNoon = 12 << 11;
std::uint16_t dos_date(Instant at) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(at));
  const int year = std::clamp(static_cast<int>(day.year()), 1980, 2107);
  return static_cast<std::uint16_t>((year - 1980) << 9 | static_cast<unsigned>(day.month()) << 5 |
                                    static_cast<unsigned>(day.day()));
}

Result<void> add_entry(zip_t* archive, const ZipEntry& entry, std::uint16_t date) {
  // The text is borrowed until the archive is closed.
  Source source(zip_source_buffer(archive, entry.text.data(), entry.text.size(), 0));
  if (!source) return can_not_write(archive);
  const zip_int64_t index =
      zip_file_add(archive, entry.name.c_str(), source.get(), ZIP_FL_ENC_UTF_8 | ZIP_FL_OVERWRITE);
  if (index < 0) return can_not_write(archive);
  (void)source.release();  // the archive's
  const auto at = static_cast<zip_uint64_t>(index);
  if (zip_set_file_compression(archive, at, ZIP_CM_DEFLATE, 0) != 0 ||
      zip_file_set_dostime(archive, at, kNoon, date, 0) != 0) {
    return can_not_write(archive);
  }
  return {};
}

Result<std::string> content_of(zip_source_t* source) {
  const auto failed = [source] {
    return fail(ErrorCode::internal,
                "a zip archive can't be written: " + words(zip_source_error(source)));
  };
  if (zip_source_open(source) != 0) return failed();
  std::string bytes;
  std::array<char, kPiece> piece;
  while (true) {
    const zip_int64_t read = zip_source_read(source, piece.data(), piece.size());
    if (read < 0) return failed();
    if (read == 0) break;
    bytes.append(piece.data(), static_cast<std::size_t>(read));
  }
  (void)zip_source_close(source);
  return bytes;
}

// At most `most` bytes of what an open entry gives; one more says that there is more.
Result<std::string> read_bounded(zip_file_t* file, std::size_t most) {
  std::string text;
  std::array<char, kPiece> piece;
  while (text.size() <= most) {
    const zip_int64_t read = zip_fread(file, piece.data(), piece.size());
    if (read < 0) return fail(ErrorCode::invalid, words(zip_file_get_error(file)));
    if (read == 0) break;
    text.append(piece.data(), static_cast<std::size_t>(read));
  }
  return text;
}

// All frames of a Zstandard stream, likewise bounded.
Result<std::string> decompress_zstd(std::string_view bytes, std::size_t most) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          &ZSTD_freeDStream);
  std::string text;
  std::string piece(kPiece, '\0');
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::size_t left = 0;
  while (text.size() <= most) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    left = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(left) != 0U) return fail(ErrorCode::invalid, ZSTD_getErrorName(left));
    text.append(piece.data(), out.pos);
    // Done with a frame at the end of the bytes; or, a piece that was not filled, short of one.
    if (in.pos == in.size && (left == 0 || out.pos < out.size)) break;
  }
  if (left != 0 && text.size() <= most) return fail(ErrorCode::invalid, "it ends too early");
  return text;
}

}  // namespace

Result<std::string> zip_archive(const std::vector<ZipEntry>& entries, Instant at) {
  zip_error_t error;
  zip_error_init(&error);
  Source buffer(zip_source_buffer_create(nullptr, 0, 0, &error));
  if (!buffer) return fail(ErrorCode::internal, words(&error));
  Archive archive(zip_open_from_source(buffer.get(), ZIP_TRUNCATE, &error));
  if (!archive) return fail(ErrorCode::internal, words(&error));
  // Opening took the source over; one more hold keeps the bytes beyond the closing.
  zip_source_keep(buffer.get());
  for (const ZipEntry& entry : entries) {
    if (auto added = add_entry(archive.get(), entry, dos_date(at)); !added) {
      return std::unexpected(added.error());
    }
  }
  if (zip_close(archive.get()) != 0) return can_not_write(archive.get());
  (void)archive.release();
  return content_of(buffer.get());
}

struct ZipReader::State {
  std::string name;
  Archive archive;
  std::map<std::string, zip_uint64_t> index;

  std::unexpected<Error> wrong(const std::string& entry, const Error& error) const {
    return fail(error.code, fmt::format("{}: entry {}: {}", name, entry, error.message));
  }
  Result<std::string> read(zip_uint64_t at, std::size_t most);
};

Result<std::string> ZipReader::State::read(zip_uint64_t at, std::size_t most) {
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat_index(archive.get(), at, 0, &stat) != 0) {
    return fail(ErrorCode::invalid, words(zip_get_error(archive.get())));
  }
  const bool zstd = (stat.valid & ZIP_STAT_COMP_METHOD) != 0 && stat.comp_method == kZstandard;
  const OpenFile file(
      zip_fopen_index(archive.get(), at, zstd ? static_cast<zip_flags_t>(ZIP_FL_COMPRESSED) : 0));
  if (!file) return fail(ErrorCode::invalid, words(zip_get_error(archive.get())));
  auto text = read_bounded(file.get(), most);
  if (text && zstd && text->size() <= most) text = decompress_zstd(*text, most);
  if (text && text->size() > most) {
    return fail(ErrorCode::limit, fmt::format("expected at most {} bytes, found more", most));
  }
  return text;
}

ZipReader::ZipReader(std::unique_ptr<State> state) : state_(std::move(state)) {
  const zip_int64_t count = zip_get_num_entries(state_->archive.get(), 0);
  for (zip_uint64_t i = 0; std::cmp_less(i, count); ++i) {
    const char* name = zip_get_name(state_->archive.get(), i, ZIP_FL_ENC_GUESS);
    if (name == nullptr) continue;
    if (state_->index.insert_or_assign(name, i).second) names_.emplace_back(name);
  }
}

ZipReader::~ZipReader() = default;
ZipReader::ZipReader(ZipReader&&) noexcept = default;
ZipReader& ZipReader::operator=(ZipReader&&) noexcept = default;

namespace {

std::unexpected<Error> no_archive(const std::string& name, const std::string& why) {
  return fail(ErrorCode::invalid, fmt::format("{}: expected a zip archive: {}", name, why));
}

}  // namespace

Result<ZipReader> ZipReader::open(const std::string& path) {
  int code = 0;
  Archive archive(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string why = words(&error);
    zip_error_fini(&error);
    return no_archive(path, why);
  }
  if (zip_get_num_entries(archive.get(), 0) > static_cast<zip_int64_t>(kMostEntries)) {
    return no_archive(path, "it has too many entries");
  }
  return ZipReader(std::unique_ptr<State>(new State{path, std::move(archive), {}}));
}

Result<ZipReader> ZipReader::of_bytes(std::string_view bytes, const std::string& name) {
  zip_error_t error;
  zip_error_init(&error);
  Source source(zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error));
  if (!source) return no_archive(name, words(&error));
  Archive archive(zip_open_from_source(source.get(), ZIP_RDONLY, &error));
  if (!archive) return no_archive(name, words(&error));
  (void)source.release();  // the archive's
  if (zip_get_num_entries(archive.get(), 0) > static_cast<zip_int64_t>(kMostEntries)) {
    return no_archive(name, "it has too many entries");
  }
  return ZipReader(std::unique_ptr<State>(new State{name, std::move(archive), {}}));
}

bool ZipReader::has(const std::string& name) const { return state_->index.contains(name); }

Result<std::string> ZipReader::read(const std::string& name, std::size_t most_bytes) {
  const auto found = state_->index.find(name);
  if (found == state_->index.end()) {
    return state_->wrong(name, {ErrorCode::not_found, "it is not there"});
  }
  auto text = state_->read(found->second, most_bytes);
  if (!text) return state_->wrong(name, text.error());
  return text;
}

}  // namespace pareto::exporting

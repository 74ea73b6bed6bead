#include "tools/corpus/corpus.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "agent/core/json_text.h"
#include "tools/corpus/links.h"
#include "tools/corpus/terms.h"
#include "tools/digest.h"
#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::size_t kMaxLine = 4 << 20;
constexpr std::int64_t kMaxCorpus = 2LL << 30;
constexpr int kMaxHits = 100;
constexpr int kSchemaVersion = 1;

constexpr int kCandidates = 200;  // that links may raise

// Title words count double: measured on HotpotQA and MuSiQue, higher weights gain nothing.
constexpr const char* kSearch =
    "SELECT rowid, -bm25(terms, 2.0, 1.0) AS score FROM terms WHERE terms MATCH ?1 "
    "ORDER BY score DESC LIMIT ?2";

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return "";
  return to_valid_utf8(found->is_string() ? found->get<std::string>() : dump_json(*found));
}

Result<Passage> read_passage(std::string_view line, std::int64_t number) {
  const auto wrong = [number](std::string_view why) {
    return fail(ErrorCode::invalid, fmt::format("corpus line {}: {}", number, why));
  };
  if (line.size() > kMaxLine) return wrong("longer than 4 MB");
  auto json = parse_json(line, 16);
  if (!json) return wrong(json.error().message);
  if (!json->is_object() || !json->contains("text") || !(*json)["text"].is_string()) {
    return wrong("expected an object {\"id\", \"title\", \"text\"}");
  }
  Passage passage{text_of(*json, "id"), text_of(*json, "title"), text_of(*json, "text")};
  if (passage.id.empty()) passage.id = std::to_string(number);
  return passage;
}

void create_tables(SQLite::Database& database) {
  database.exec(
      "CREATE TABLE passage (row INTEGER PRIMARY KEY, id TEXT NOT NULL, title TEXT NOT NULL, "
      "text TEXT NOT NULL) STRICT;"
      "CREATE VIRTUAL TABLE terms USING fts5(title, text, content='passage', content_rowid='row', "
      "tokenize='porter unicode61 remove_diacritics 2');");
}

// The index of the corpus at `path`, built into an empty database.
Result<void> build(SQLite::Database& database, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::not_found, fmt::format("there is no corpus at {}", path));
  SQLite::Transaction transaction(database);
  create_tables(database);
  SQLite::Statement insert(database, "INSERT INTO passage (id, title, text) VALUES (?1, ?2, ?3)");
  std::int64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    auto passage = read_passage(line, number);
    if (!passage) return std::unexpected(passage.error());
    insert.bindNoCopy(1, passage->id);
    insert.bindNoCopy(2, passage->title);
    insert.bindNoCopy(3, passage->text);
    insert.exec();
    insert.reset();
  }
  database.exec(
      fmt::format("INSERT INTO terms (terms) VALUES ('rebuild');"
                  "CREATE INDEX passage_id ON passage (id);"
                  "CREATE INDEX passage_title ON passage (title COLLATE NOCASE);"
                  "PRAGMA user_version = {}",
                  kSchemaVersion));
  transaction.commit();
  return {};
}

class IndexedCorpus : public Corpus {
 public:
  explicit IndexedCorpus(std::unique_ptr<SQLite::Database> database)
      : database_(std::move(database)),
        search_(*database_, kSearch),
        by_row_(*database_, "SELECT id, title, text FROM passage WHERE row = ?1"),
        by_id_(*database_, "SELECT id, title, text FROM passage WHERE id = ?1 LIMIT 1"),
        by_title_(*database_,
                  "SELECT id, title, text FROM passage WHERE title = ?1 COLLATE NOCASE LIMIT 1"),
        size_(database_->execAndGet("SELECT count(*) FROM passage").getInt64()) {
    SQLite::Statement titles(*database_, "SELECT row, title FROM passage");
    while (titles.executeStep()) {
      links_.add(titles.getColumn(0).getInt64(), titles.getColumn(1).getString());
    }
    links_.seal();
  }

  std::int64_t size() const override { return size_; }

  Result<std::vector<Hit>> search(std::string_view query, int limit) const override {
    const std::vector<std::string> terms = query_terms(query);
    std::vector<Hit> hits;
    if (terms.empty()) return hits;
    // A quoted string is a token to FTS5, never an operator; terms hold no quotes.
    const std::string match = fmt::format("\"{}\"", fmt::join(terms, "\" OR \""));
    const std::scoped_lock lock(mutex_);
    try {
      search_.reset();
      search_.bind(1, match);
      search_.bind(2, kCandidates);
      std::vector<Ranked> ranked;
      while (search_.executeStep()) {
        ranked.push_back({search_.getColumn(0).getInt64(), search_.getColumn(1).getDouble()});
      }
      ranked = rank_by_links(std::move(ranked), links_, query,
                             [this](std::int64_t row) { return passage_of(row).text; });
      const auto count = static_cast<std::size_t>(std::clamp(limit, 1, kMaxHits));
      if (ranked.size() > count) ranked.resize(count);
      for (const auto& [row, score] : ranked) {
        Hit hit{passage_of(row), score, ""};
        hit.snippet = best_snippet(hit.passage.text, terms);
        hits.push_back(std::move(hit));
      }
    } catch (const SQLite::Exception& error) {
      return fail(ErrorCode::internal, fmt::format("the corpus index: {}", error.what()));
    }
    return hits;
  }

  Result<Passage> open(std::string_view id) const override {
    {
      const std::scoped_lock lock(mutex_);
      try {
        for (SQLite::Statement* lookup : {&by_id_, &by_title_}) {
          lookup->reset();
          lookup->bind(1, std::string(id));
          if (lookup->executeStep()) return passage_at(*lookup);
        }
      } catch (const SQLite::Exception& error) {
        return fail(ErrorCode::internal, fmt::format("the corpus index: {}", error.what()));
      }
    }
    std::string text = fmt::format("There is no passage {}.", one_line(to_valid_utf8(id), 100));
    if (const auto near = search(id, 3); near && !near->empty()) {
      text += " Passages like it:";
      for (const Hit& hit : *near)
        text += fmt::format(" {} ({});", hit.passage.id, hit.passage.title);
    }
    return fail(ErrorCode::not_found, text);
  }

 private:
  static Passage passage_at(SQLite::Statement& row) {
    return {row.getColumn(0).getString(), row.getColumn(1).getString(),
            row.getColumn(2).getString()};
  }

  Passage passage_of(std::int64_t row) const {
    by_row_.reset();
    by_row_.bind(1, row);
    return by_row_.executeStep() ? passage_at(by_row_) : Passage{};
  }

  std::unique_ptr<SQLite::Database> database_;
  mutable std::mutex mutex_;  // of the statements
  mutable SQLite::Statement search_;
  mutable SQLite::Statement by_row_;
  mutable SQLite::Statement by_id_;
  mutable SQLite::Statement by_title_;
  std::int64_t size_;
  TitleLinks links_;
};

using Opened = Result<std::shared_ptr<const Corpus>>;

Opened index_in_memory(const std::string& path) {
  auto database = std::make_unique<SQLite::Database>(
      ":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX);
  if (auto built = build(*database, path); !built) return std::unexpected(built.error());
  return std::make_shared<const IndexedCorpus>(std::move(database));
}

bool usable_index(const std::string& file) {
  try {
    SQLite::Database database(file, SQLite::OPEN_READONLY);
    return database.execAndGet("PRAGMA user_version").getInt() == kSchemaVersion;
  } catch (const SQLite::Exception&) {
    return false;
  }
}

// Built beside its place and renamed, so that several processes may build it at once.
Opened index_on_disk(const std::string& path, const std::string& folder) {
  auto hash = sha256_file(path);
  if (!hash) return std::unexpected(hash.error());
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  const std::string file = fmt::format("{}/{}.corpus", folder, *hash);
  if (!usable_index(file)) {
    const std::string scratch = fmt::format("{}.{}", file, ::getpid());
    std::filesystem::remove(scratch, ignored);
    {
      SQLite::Database database(scratch, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      database.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
      if (auto built = build(database, path); !built) {
        std::filesystem::remove(scratch, ignored);
        return std::unexpected(built.error());
      }
    }
    std::filesystem::rename(scratch, file);
  }
  return std::make_shared<const IndexedCorpus>(
      std::make_unique<SQLite::Database>(file, SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX));
}

}  // namespace

// One corpus in the state of one moment; `mutex` makes the second caller wait for the first.
struct CorpusCache::Slot {
  std::string path;
  std::int64_t bytes = 0;
  std::int64_t modified = 0;
  std::mutex mutex;
  std::optional<Opened> opened;
};

CorpusCache::CorpusCache(std::string cache_folder, std::size_t capacity, std::int64_t memory_bytes)
    : cache_folder_(std::move(cache_folder)),
      capacity_(std::max<std::size_t>(capacity, 1)),
      memory_bytes_(memory_bytes) {}

CorpusCache::~CorpusCache() = default;

Result<std::shared_ptr<const Corpus>> CorpusCache::open(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return fail(ErrorCode::not_found, fmt::format("there is no corpus at {}", path));
  }
  if (info.st_size > kMaxCorpus) {
    return fail(ErrorCode::limit, fmt::format("the corpus {} is larger than 2 GB", path));
  }
  const std::int64_t modified = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
  std::shared_ptr<Slot> slot;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find_if(slots_, [&](const auto& known) {
      return known->path == path && known->bytes == info.st_size && known->modified == modified;
    });
    if (found != slots_.end()) {
      slot = *found;
      slots_.erase(found);
    } else {
      slot = std::make_shared<Slot>();
      slot->path = path;
      slot->bytes = info.st_size;
      slot->modified = modified;
    }
    slots_.insert(slots_.begin(), slot);
    if (slots_.size() > capacity_) slots_.pop_back();
  }
  const std::scoped_lock lock(slot->mutex);
  if (slot->opened) return *slot->opened;
  try {
    const bool on_disk = !cache_folder_.empty() && info.st_size > memory_bytes_;
    slot->opened = on_disk ? index_on_disk(path, cache_folder_) : index_in_memory(path);
  } catch (const std::exception& error) {
    slot->opened = fail(ErrorCode::internal, fmt::format("can't index {}: {}", path, error.what()));
  }
  return *slot->opened;
}

}  // namespace pareto

#include "tests/agent/io/sqlite_fault_vfs.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

namespace pareto {
namespace {

constexpr std::size_t kSector = 512;

}  // namespace

// An open file: SQLite allocates it together with the real file, which lies behind it.
struct SqliteFaultFile {
  sqlite3_file base;
  SqliteFaultVfs* owner;
  SqliteFaultVfs::Tracked* tracked;  // null: passed through

  static SqliteFaultFile& of(sqlite3_file* file) {
    return *reinterpret_cast<SqliteFaultFile*>(file);
  }
  static sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<SqliteFaultFile*>(file) + 1);
  }
  static const sqlite3_io_methods& real_methods(sqlite3_file* file) {
    return *real(file)->pMethods;
  }

  static int close(sqlite3_file* file) { return real_methods(file).xClose(real(file)); }
  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    SqliteFaultFile& self = of(file);
    if (self.tracked == nullptr) return real_methods(file).xWrite(real(file), bytes, size, offset);
    const std::lock_guard lock(self.owner->mutex_);
    if (!self.owner->power_) return SQLITE_IOERR_WRITE;
    const int fault = self.owner->check(SQLITE_IOERR_WRITE);
    const int stored = fault == SQLITE_OK ? size : size / 2;
    self.tracked->since.push_back(
        {offset, std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(stored))});
    const int code = real_methods(file).xWrite(real(file), bytes, stored, offset);
    return fault == SQLITE_OK ? code : fault;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    SqliteFaultFile& self = of(file);
    if (self.tracked == nullptr) return real_methods(file).xTruncate(real(file), size);
    const std::lock_guard lock(self.owner->mutex_);
    if (!self.owner->power_) return SQLITE_IOERR_TRUNCATE;
    if (const int fault = self.owner->check(SQLITE_IOERR_TRUNCATE)) return fault;
    self.tracked->since.push_back({size, {}, true});
    return real_methods(file).xTruncate(real(file), size);
  }
  static int sync(sqlite3_file* file, int flags) {
    SqliteFaultFile& self = of(file);
    if (self.tracked == nullptr) return real_methods(file).xSync(real(file), flags);
    const std::lock_guard lock(self.owner->mutex_);
    if (!self.owner->power_) return SQLITE_IOERR_FSYNC;
    if (const int fault = self.owner->check(SQLITE_IOERR_FSYNC)) return fault;
    if (self.owner->flushes_ == SqliteFaultVfs::Flushes::pretended) return SQLITE_OK;
    for (const SqliteFaultVfs::Change& change : self.tracked->since) {
      change.apply(self.tracked->flushed, 0, change.bytes.size());
    }
    self.tracked->since.clear();
    return SQLITE_OK;
  }

  static int read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
    return real_methods(file).xRead(real(file), bytes, size, offset);
  }
  static int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return real_methods(file).xFileSize(real(file), size);
  }
  static int lock(sqlite3_file* file, int level) {
    return real_methods(file).xLock(real(file), level);
  }
  static int unlock(sqlite3_file* file, int level) {
    return real_methods(file).xUnlock(real(file), level);
  }
  static int check_reserved(sqlite3_file* file, int* out) {
    return real_methods(file).xCheckReservedLock(real(file), out);
  }
  static int control(sqlite3_file* file, int operation, void* argument) {
    return real_methods(file).xFileControl(real(file), operation, argument);
  }
  static int sector_size(sqlite3_file* file) { return real_methods(file).xSectorSize(real(file)); }
  static int characteristics(sqlite3_file* file) {
    return real_methods(file).xDeviceCharacteristics(real(file));
  }
  static int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return real_methods(file).xShmMap(real(file), page, size, extend, out);
  }
  static int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
    return real_methods(file).xShmLock(real(file), offset, count, flags);
  }
  static void barrier(sqlite3_file* file) { real_methods(file).xShmBarrier(real(file)); }
  static int unmap_shared(sqlite3_file* file, int remove) {
    return real_methods(file).xShmUnmap(real(file), remove);
  }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods kMethods = {
        .iVersion = 2,
        .xClose = close,
        .xRead = read,
        .xWrite = write,
        .xTruncate = truncate,
        .xSync = sync,
        .xFileSize = file_size,
        .xLock = lock,
        .xUnlock = unlock,
        .xCheckReservedLock = check_reserved,
        .xFileControl = control,
        .xSectorSize = sector_size,
        .xDeviceCharacteristics = characteristics,
        .xShmMap = map_shared,
        .xShmLock = lock_shared,
        .xShmBarrier = barrier,
        .xShmUnmap = unmap_shared,
    };
    return kMethods;
  }
};

SqliteFaultVfs::SqliteFaultVfs() : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  vfs_.zName = "pareto-fault";
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(SqliteFaultFile)) + real_->szOsFile;
  vfs_.xOpen = open;
  sqlite3_vfs_register(&vfs_, 1);
}

SqliteFaultVfs::~SqliteFaultVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

int SqliteFaultVfs::open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
                         int* out) {
  auto& self = *static_cast<SqliteFaultVfs*>(vfs->pAppData);
  SqliteFaultFile& opened = SqliteFaultFile::of(file);
  opened.base.pMethods = nullptr;
  const int code = self.real_->xOpen(self.real_, name, SqliteFaultFile::real(file), flags, out);
  if (code != SQLITE_OK) return code;
  opened.owner = &self;
  opened.tracked = self.track(name, flags);
  opened.base.pMethods = &SqliteFaultFile::methods();
  return SQLITE_OK;
}

SqliteFaultVfs::Tracked* SqliteFaultVfs::track(const char* name, int flags) {
  constexpr int kKinds = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL;
  if (name == nullptr || (flags & kKinds) == 0) return nullptr;
  const std::lock_guard lock(mutex_);
  return &files_[name];
}

void SqliteFaultVfs::Change::apply(std::string& content, std::size_t at, std::size_t size) const {
  const auto start = static_cast<std::size_t>(offset) + at;
  if (truncates) {
    content.resize(start);
    return;
  }
  size = std::min(size, bytes.size() - at);
  content.resize(std::max(content.size(), start + size));
  content.replace(start, size, bytes, at, size);
}

int SqliteFaultVfs::check(int plain_code) {
  if (until_fault_ > 0 && --until_fault_ == 0) failing_ = true;
  if (!failing_) return SQLITE_OK;
  failed_ = true;
  if (lasting_ == Lasting::once) failing_ = false;
  return error_code_ == SQLITE_IOERR ? plain_code : error_code_;
}

void SqliteFaultVfs::fail_at(int n, Lasting lasting, int error_code) {
  const std::lock_guard lock(mutex_);
  until_fault_ = n;
  lasting_ = lasting;
  error_code_ = error_code;
  failed_ = false;
}

bool SqliteFaultVfs::heal() {
  const std::lock_guard lock(mutex_);
  until_fault_ = 0;
  failing_ = false;
  return failed_;
}

void SqliteFaultVfs::set_flushes(Flushes flushes) {
  const std::lock_guard lock(mutex_);
  flushes_ = flushes;
}

void SqliteFaultVfs::cut_power() {
  const std::lock_guard lock(mutex_);
  power_ = false;
}

void SqliteFaultVfs::restore(Random& random) {
  const std::lock_guard lock(mutex_);
  for (auto& [path, file] : files_) {
    std::string content = std::move(file.flushed);
    for (const Change& change : file.since) {
      // Also once for a truncation, which has no bytes.
      for (std::size_t at = 0; at == 0 || at < change.bytes.size(); at += kSector) {
        if (random.next() % 2 == 0) change.apply(content, at, kSector);
      }
    }
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    std::filesystem::remove(path + "-shm");
  }
  files_.clear();
  power_ = true;
}

}  // namespace pareto

#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "agent/core/random.h"

namespace pareto {

// SQLite's own file system with faults: fails chosen writes and flushes, and can lose power.
// Flushes are only noted, not done. While it lives it is what every new connection of the process
// uses; the connections end before it.
class SqliteFaultVfs {
 public:
  enum class Lasting { once, until_healed };

  enum class Flushes { done, pretended };

  SqliteFaultVfs();
  ~SqliteFaultVfs();
  SqliteFaultVfs(const SqliteFaultVfs&) = delete;
  SqliteFaultVfs& operator=(const SqliteFaultVfs&) = delete;

  // Fails the n-th write, truncation or flush from now on (1: the next), as a full disk or as an
  // I/O error; a failing write stores its first half.
  void fail_at(int n, Lasting lasting, int error_code);
  // No more faults. Whether any has happened.
  bool heal();

  // Whether a flush makes what was written before it last.
  void set_flushes(Flushes flushes);

  // From here on nothing reaches the files.
  void cut_power();
  // What is on the disk after the power cut: everything flushed, and of what was written since a
  // random part, in units of 512 bytes. To be called when no connection is open.
  void restore(Random& random);

 private:
  friend struct SqliteFaultFile;
  struct Change {
    std::int64_t offset = 0;
    std::string bytes;
    bool truncates = false;  // to `offset`

    // Does the part of it that begins at byte `at`.
    void apply(std::string& content, std::size_t at, std::size_t size) const;
  };
  struct Tracked {
    std::string flushed;
    std::vector<Change> since;
  };

  int check(int plain_code);
  Tracked* track(const char* name, int flags);
  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out);

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  std::mutex mutex_;
  std::map<std::string, Tracked> files_;
  int until_fault_ = 0;  // 0: none is planned
  Lasting lasting_ = Lasting::once;
  int error_code_ = SQLITE_OK;
  bool failing_ = false;
  bool failed_ = false;
  bool power_ = true;
  Flushes flushes_ = Flushes::done;
};

}  // namespace pareto

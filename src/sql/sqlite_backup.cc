#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "sql/sqlite_connection.h"
#include "sql/sqlite_fault.h"

namespace vitana::sql::sqlite {
namespace {

/// A new, empty 0600 file beside `path`; removed unless it was given its name.
class PartialFile {
 public:
  explicit PartialFile(const std::string& path) : path_(path), partial_(path + ".XXXXXX") {
    const int file = ::mkostemp(partial_.data(), O_CLOEXEC);
    if (file < 0) throw fault_of_errno(errno, "making the backup's file", path_);
    ::close(file);
  }
  ~PartialFile() {
    if (!named_) ::unlink(partial_.c_str());
  }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const std::string& partial() const { return partial_; }

  /// Never over another file. The folder is synced: after this the name survives a power cut.
  void take_name() {
    if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
      throw fault_of_errno(errno, "naming the backup's file", path_);
    }
    named_ = true;
    const auto folder = std::filesystem::path(path_).parent_path();
    const int fd =
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) throw fault_of_errno(errno, "syncing the backup's folder", path_);
    const int error = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    if (error != 0) throw fault_of_errno(error, "syncing the backup's folder", path_);
  }

 private:
  std::string path_;
  std::string partial_;
  bool named_ = false;
};

void check(int rc, sqlite3* db, std::string_view doing) {
  if (rc != SQLITE_OK) throw fault_of(db, rc, doing);
}

}  // namespace

void backup(sqlite3* source, const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    throw Fault({FailureCode::FILE_UNREADABLE, "the backup's path holds a NUL"});
  }
  // Else a relative name could be read as a URI.
  PartialFile file(std::filesystem::absolute(path).string());
  {
    sqlite3* raw = nullptr;
    const int rc = sqlite3_open_v2(file.partial().c_str(), &raw,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    const DatabaseHandle target(raw);
    check(rc, target.get(), "opening the backup");
    sqlite3_backup* copy = sqlite3_backup_init(target.get(), "main", source, "main");
    if (!copy) throw fault_of(target.get(), sqlite3_errcode(target.get()), "starting the backup");
    // All in one step: the copy is of one snapshot, and no writer makes it start again.
    const int stepped = sqlite3_backup_step(copy, -1);
    const int finished = sqlite3_backup_finish(copy);
    if (stepped != SQLITE_DONE) throw fault_of(target.get(), stepped, "writing the backup");
    check(finished, target.get(), "writing the backup");
    // The copy says of itself that it has a log beside it; it is to be one plain file.
    check(sqlite3_exec(target.get(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr),
          target.get(), "closing the backup");
  }
  file.take_name();
}

}  // namespace vitana::sql::sqlite

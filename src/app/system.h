// The real clock, randomness and process identity.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "port/clock.h"
#include "port/entropy.h"

namespace vitana::app {

class SystemClock : public port::Clock {
 public:
  Instant now() override;
};

/// The kernel's random numbers.
class SystemEntropy : public port::Entropy {
 public:
  double roll() override;
  std::uint64_t bits() override;
};

/// The process's environment as it is now.
std::map<std::string, std::string> process_environment();

/// The folders where programs are looked for, here as by what starts them.
std::string search_path();

/// `home`, boot id, process id and start time of this process: the same for no other process, ever. Of all with
/// one home (see DataFolder::id()) at most one holds the lock.
std::string incarnation(const std::string& home);

/// An exclusive lock on a file, held as long as this object lives; the process's end frees it.
class FileLock {
 public:
  /// Writes this process's id into the file. Errors: DATA_DIR_IN_USE with the other's id in the
  /// context `pid`; STORE_READ_ONLY.
  static Result<FileLock> take(const std::string& path);
  /// The id of the process that holds it, 0 when nobody does.
  static int holder(const std::string& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace vitana::app

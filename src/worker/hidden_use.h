// What processes hold of disk and memory that neither a walk over their folder nor their resident
// memory shows.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "worker/process_tree.h"

namespace vitana::worker {

struct HiddenUse {
  std::uint64_t disk_bytes = 0;    ///< of files that are deleted and still open
  std::uint64_t memory_bytes = 0;  ///< of files in memory (memfd_create)
};

/// Looks through the open files of the processes, each file counted once, until `deadline`. `disk`:
/// the device whose deleted files count.
HiddenUse hidden_use(const std::vector<TreeProcess>& processes, dev_t disk,
                     std::chrono::steady_clock::time_point deadline);

/// The device of the file or folder; 0 when there is none.
dev_t device_of(const std::string& path);

/// What is used of the file systems that process `pid` sees mounted at `mounts`, of each entry at
/// least DiskMeter::entry_bytes_min. A place that is mounted for this process too is not private
/// and counts nothing, as does one that cannot be read.
std::uint64_t private_mounts_use(pid_t pid, const std::vector<std::string>& mounts);

}  // namespace vitana::worker

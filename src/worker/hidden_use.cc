#include "worker/hidden_use.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "process/fd.h"
#include "worker/disk_meter.h"

namespace vitana::worker {
namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t block_bytes = 512;
constexpr int files_per_look_at_the_clock = 256;

// All files of memfd_create lie on one device of the kernel's own.
dev_t memory_device() {
  static const dev_t device = [] {
    const process::Fd file(::memfd_create("vitana", MFD_CLOEXEC));
    struct stat info{};
    return file.open() && ::fstat(file.get(), &info) == 0 ? info.st_dev : dev_t{0};
  }();
  return device;
}

}  // namespace

dev_t device_of(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? info.st_dev : dev_t{0};
}

HiddenUse hidden_use(const std::vector<TreeProcess>& processes, dev_t disk,
                     steady_clock::time_point deadline) {
  HiddenUse use;
  std::set<std::pair<dev_t, ino_t>> seen;
  const auto memory = memory_device();
  int files = 0;
  for (const auto& process : processes) {
    if (process.zombie) continue;
    const std::string path = "/proc/" + std::to_string(process.thread) + "/fd/";
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
    if (!folder) continue;
    while (const dirent* entry = ::readdir(folder.get())) {
      if (++files % files_per_look_at_the_clock == 0 && steady_clock::now() > deadline) return use;
      struct stat info{};
      const auto name = path + static_cast<const char*>(entry->d_name);
      if (::stat(name.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 0) continue;
      if (info.st_dev != disk && info.st_dev != memory) continue;
      if (!seen.emplace(info.st_dev, info.st_ino).second) continue;
      auto& sum = info.st_dev == disk ? use.disk_bytes : use.memory_bytes;
      sum += static_cast<std::uint64_t>(info.st_blocks) * block_bytes;
    }
  }
  return use;
}

std::uint64_t private_mounts_use(pid_t pid, const std::vector<std::string>& mounts) {
  std::uint64_t sum = 0;
  for (const auto& mount : mounts) {
    const auto seen = "/proc/" + std::to_string(pid) + "/root" + mount;
    struct statvfs info{};
    if (device_of(seen) == device_of(mount) || ::statvfs(seen.c_str(), &info) != 0) continue;
    const auto bytes = static_cast<std::uint64_t>(info.f_blocks - info.f_bfree) * info.f_frsize;
    const auto entries = static_cast<std::uint64_t>(info.f_files - info.f_ffree);
    sum += std::max(bytes, entries * DiskMeter::entry_bytes_min);
  }
  return sum;
}

}  // namespace vitana::worker

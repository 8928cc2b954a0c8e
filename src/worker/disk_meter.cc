#include "worker/disk_meter.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

namespace vitana::worker {
namespace {

using std::chrono::steady_clock;

constexpr auto pause = std::chrono::seconds(1);
constexpr int entries_per_look_at_the_clock = 64;
constexpr std::uint64_t block_bytes = 512;
constexpr std::size_t depth_max = 200;  // each level holds a descriptor

}  // namespace

// What cannot be opened is left out; a folder that is removed under the walk just ends.
void DiskMeter::enter(int parent, const char* name) {
  const int descriptor =
      ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return;
  if (Folder folder(::fdopendir(descriptor)); folder) {
    open_.push_back(std::move(folder));
  } else {
    ::close(descriptor);
  }
}

void DiskMeter::count_next() {
  const int folder = ::dirfd(open_.back().get());
  const dirent* entry = ::readdir(open_.back().get());
  if (entry == nullptr) return open_.pop_back();
  const auto* name = static_cast<const char*>(entry->d_name);
  if (name == std::string_view(".") || name == std::string_view("..")) return;
  struct stat info{};
  if (::fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  part_ += std::max(static_cast<std::uint64_t>(info.st_blocks) * block_bytes, entry_bytes_min);
  if (!S_ISDIR(info.st_mode)) return;
  if (open_.size() <= depth_max) return enter(folder, name);
  part_ = endless;
  open_.clear();
}

void DiskMeter::step(steady_clock::time_point now, std::chrono::milliseconds slice) {
  if (!counting_) {
    if (now < again_) return;
    part_ = 0;
    counting_ = true;
    enter(AT_FDCWD, root_.c_str());
  }
  for (int i = 1; !open_.empty(); ++i) {
    count_next();
    if (i % entries_per_look_at_the_clock == 0 && steady_clock::now() - now > slice) return;
  }
  whole_ = part_;
  counting_ = false;
  again_ = steady_clock::now() + pause;
}

}  // namespace vitana::worker

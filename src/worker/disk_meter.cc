#include "worker/disk_meter.h"

#include <sys/stat.h>

#include <limits>
#include <system_error>

namespace vitana::worker {
namespace {

using std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr auto pause = std::chrono::seconds(1);
constexpr int entries_per_look_at_the_clock = 64;
constexpr std::uint64_t block_bytes = 512;
constexpr int depth_max = 200;  // each level holds a descriptor

}  // namespace

void DiskMeter::step(steady_clock::time_point now, std::chrono::milliseconds slice) {
  std::error_code error;
  if (!counting_) {
    if (now < again_) return;
    at_ = fs::recursive_directory_iterator(root_, fs::directory_options::skip_permission_denied,
                                           error);
    part_ = 0;
    counting_ = true;
  }
  for (int i = 1; !error && at_ != fs::recursive_directory_iterator(); ++i) {
    if (at_.depth() > depth_max) {
      part_ = std::numeric_limits<std::uint64_t>::max();
      break;
    }
    struct stat info{};
    if (::lstat(at_->path().c_str(), &info) == 0) {
      part_ += static_cast<std::uint64_t>(info.st_blocks) * block_bytes;
    }
    at_.increment(error);
    if (i % entries_per_look_at_the_clock == 0 && steady_clock::now() - now > slice) return;
  }
  // What was removed under the walk ends it early; the next one starts from the top.
  whole_ = part_;
  counting_ = false;
  again_ = steady_clock::now() + pause;
}

}  // namespace vitana::worker

// How much a folder holds, counted in small slices of time.
#pragma once

#include <dirent.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <vector>

namespace vitana::worker {

class DiskMeter {
 public:
  /// Of a file, a folder, a link: what even an empty one is counted as, for it takes its place on
  /// the disk.
  static constexpr std::uint64_t entry_bytes_min = 4096;

  /// The size of a tree that is too deep to be counted.
  static constexpr auto endless = std::numeric_limits<std::uint64_t>::max();

  explicit DiskMeter(std::filesystem::path root) : root_(std::move(root)) {}

  /// Counts on for at most about `slice`; a finished count starts again a second later. Symbolic
  /// links are not followed, and no path is too long.
  void step(std::chrono::steady_clock::time_point now, std::chrono::milliseconds slice);

  /// The larger of the last whole count and the present unfinished one, in allocated bytes, or
  /// `endless`.
  std::uint64_t bytes() const { return std::max(whole_, part_); }

 private:
  struct Close {
    void operator()(DIR* folder) const { ::closedir(folder); }
  };
  using Folder = std::unique_ptr<DIR, Close>;

  void enter(int parent, const char* name);
  void count_next();

  std::filesystem::path root_;
  std::vector<Folder> open_;  ///< from the root down to where the count is
  bool counting_ = false;
  std::chrono::steady_clock::time_point again_{};
  std::uint64_t part_ = 0;
  std::uint64_t whole_ = 0;
};

}  // namespace vitana::worker

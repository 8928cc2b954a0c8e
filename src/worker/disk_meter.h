// How much a folder holds, counted in small slices of time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace vitana::worker {

class DiskMeter {
 public:
  explicit DiskMeter(std::filesystem::path root) : root_(std::move(root)) {}

  /// Counts on for at most about `slice`; a finished count starts again a second later. Symbolic
  /// links are not followed.
  void step(std::chrono::steady_clock::time_point now, std::chrono::milliseconds slice);

  /// The larger of the last whole count and the present unfinished one, in allocated bytes. A tree
  /// too deep to be counted has no end: the largest number.
  std::uint64_t bytes() const { return std::max(whole_, part_); }

 private:
  std::filesystem::path root_;
  std::filesystem::recursive_directory_iterator at_;
  bool counting_ = false;
  std::chrono::steady_clock::time_point again_{};
  std::uint64_t part_ = 0;
  std::uint64_t whole_ = 0;
};

}  // namespace vitana::worker

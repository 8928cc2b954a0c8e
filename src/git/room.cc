#include "git/room.h"

#include <fmt/format.h>

#include <utility>

namespace vitana::git {
namespace {

constexpr std::uint64_t bytes_min = 1 << 20;

bool no_room_at(std::filesystem::path folder) {
  struct statvfs space{};
  while (::statvfs(folder.c_str(), &space) != 0) {
    if (!folder.has_relative_path()) return false;
    folder = folder.parent_path();
  }
  return is_full(space);
}

}  // namespace

bool is_full(const struct statvfs& space) {
  const bool no_bytes = space.f_blocks > 0 && std::uint64_t{space.f_bavail} * space.f_frsize < bytes_min;
  const bool no_inodes = space.f_files > 0 && space.f_favail == 0;
  return no_bytes || no_inodes;
}

Error workspace_error(const std::filesystem::path& folder, std::string why) {
  Error error{FailureCode::WORKSPACE_FAILED, std::move(why)};
  if (!no_room_at(folder)) return error;
  return std::move(error).under(fmt::format("no space left on {}", folder.string()));
}

}  // namespace vitana::git

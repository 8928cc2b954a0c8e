#include "worker/janitor.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <system_error>

#include "base/utf8.h"
#include "git/room.h"
#include "process/run.h"
#include "worker/disk_meter.h"

namespace vitana::worker {
namespace {

namespace fs = std::filesystem;

constexpr auto removal_deadline = std::chrono::minutes(10);
constexpr auto copy_deadline = std::chrono::minutes(10);

bool run_on(const fs::path& folder, std::vector<std::string> argv) {
  argv.push_back("--");
  argv.push_back(folder.string());
  const auto ran = process::run({.argv = std::move(argv),
                                 .cwd = "/",
                                 .environment = {{"PATH", "/usr/bin:/bin"}},
                                 .input = {},
                                 .deadline = removal_deadline});
  return ran && ran->ok();
}

struct Failed {
  std::string name;
  Instant at;
  std::uint64_t bytes = 0;
};

std::uint64_t size_of(const fs::path& folder) {
  DiskMeter meter(folder);
  meter.step(std::chrono::steady_clock::now(), std::chrono::seconds(5));
  return meter.bytes();
}

}  // namespace

bool remove_tree(const fs::path& folder) {
  std::error_code error;
  if (fs::symlink_status(folder, error).type() == fs::file_type::not_found) return true;
  // A program of its own: a tree that is very deep takes all descriptors of a process that walks
  // down into it, and this one has other work.
  if (run_on(folder, {"rm", "-rf"})) return true;
  // Folders without the right to write in them.
  run_on(folder, {"chmod", "-R", "u+rwX"});
  return run_on(folder, {"rm", "-rf"});
}

Result<void> copy_tree(const fs::path& from, const fs::path& to, std::stop_token stop) {
  const auto ran = process::run({.argv = {"/bin/cp", "-a", "--reflink=auto", "--", from.string(), to.string()},
                                 .cwd = "/",
                                 .environment = {{"LC_ALL", "C"}},
                                 .input = {},
                                 .deadline = copy_deadline,
                                 .leashed = true,
                                 .stop = std::move(stop)});
  if (!ran) return failure(ran.error());
  if (ran->stopped) return failure(FailureCode::CANCELLED, "the copying of a folder was stopped");
  if (ran->ok()) return {};
  auto error = git::workspace_error(to, fmt::format("{} could not be copied", from.string()));
  error.causes.push_back(printable(ran->err.text));
  return failure(std::move(error));
}

std::string workspace_name(const RunId& run, domain::Fence fence) {
  return fmt::format("{}-f{}", run.to_string(), fence);
}

Sweep sweep(const JanitorOptions& options, const FateOf& fate_of, Instant now) {
  Sweep result;
  const auto remove = [&](const std::string& name) {
    (remove_tree(options.folder / name) ? result.removed : result.stuck).push_back(name);
  };
  std::vector<Failed> failed;
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(options.folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    if (at->symlink_status(ignored).type() != fs::file_type::directory) continue;
    names.push_back(at->path().filename().string());
  }
  for (const auto& name : names) {
    switch (fate_of(name)) {
      case WorkspaceFate::live:
        break;
      case WorkspaceFate::ended:
        remove(name);
        break;
      case WorkspaceFate::failed: {
        const auto folder = options.folder / name;
        struct stat info{};
        if (::lstat(folder.c_str(), &info) != 0) break;
        failed.push_back(
            {name, Instant(std::chrono::seconds(info.st_mtim.tv_sec)), size_of(folder)});
        break;
      }
    }
  }
  std::ranges::sort(failed, std::ranges::greater{}, &Failed::at);
  std::uint64_t bytes = 0;
  int count = 0;
  for (const auto& one : failed) {
    bytes += one.bytes;
    ++count;
    if (count > options.failed_max || bytes > options.failed_bytes_max ||
        now - one.at > options.failed_age_max) {
      remove(one.name);
    }
  }
  return result;
}

}  // namespace vitana::worker

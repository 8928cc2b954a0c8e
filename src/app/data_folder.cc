#include "app/data_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <optional>

namespace vitana::app {

namespace fs = std::filesystem;

namespace {

Error cannot_write(const fs::path& path, const std::error_code& why) {
  const bool full = why == std::errc::no_space_on_device || why.value() == EDQUOT;
  return {full ? FailureCode::STORE_FULL : FailureCode::STORE_READ_ONLY,
          fmt::format("{}: {}", path.string(), why.message())};
}

/// Whole or not at all: an empty one would let git see the store.
std::error_code write_whole(const fs::path& path, std::string_view text) {
  const fs::path part = path.string() + ".part";
  errno = 0;
  std::ofstream file(part);
  file << text;
  file.close();
  std::error_code error;
  if (file) fs::rename(part, path, error);
  if (!file) error = {errno == 0 ? EIO : errno, std::generic_category()};
  std::error_code ignored;
  if (error) fs::remove(part, ignored);
  return error;
}

/// What the file of the id says, if it is not a copy: that is another file than the one whose number it tells.
std::optional<std::string> id_in(const fs::path& file) {
  struct stat info {};
  std::string id;
  ino_t inode = 0;
  std::ifstream in(file);
  if (!(in >> id >> inode) || ::stat(file.c_str(), &info) != 0 || info.st_ino != inode) return std::nullopt;
  const bool whole = id.size() == 16 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return whole ? std::optional(id) : std::nullopt;
}

}  // namespace

Result<void> DataFolder::make() const {
  std::error_code error;
  for (const auto& folder : {root_, logs(), root_ / "mirrors"}) {
    fs::create_directories(folder, error);
    if (error) return failure(cannot_write(folder, error));
  }
  fs::permissions(root_, fs::perms::owner_all, error);
  const auto ignore = root_ / ".gitignore";
  if (!fs::exists(ignore)) {
    if (error = write_whole(ignore, "*\n"); error) return failure(cannot_write(ignore, error));
  }
  return {};
}

Result<std::string> DataFolder::id(port::Entropy& entropy) const {
  const auto file = root_ / "engine.id";
  if (auto known = id_in(file)) return *known;
  const auto part = fmt::format("{}.{}", file.string(), ::getpid());
  const auto id = fmt::format("{:016x}", entropy.bits());
  errno = 0;
  std::ofstream out(part);
  struct stat info {};
  const bool made = out && ::stat(part.c_str(), &info) == 0;
  out << id << ' ' << info.st_ino << '\n';
  out.close();
  std::error_code error;
  if (!made || !out) error = {errno == 0 ? EIO : errno, std::generic_category()};
  // Of two that make it at once one is taken by both; a copy's is replaced.
  if (!error) fs::create_hard_link(part, file, error);
  if (error == std::errc::file_exists && !id_in(file)) fs::rename(part, file, error);
  std::error_code ignored;
  fs::remove(part, ignored);
  if (auto known = id_in(file)) return *known;
  return failure(cannot_write(file, error ? error : std::make_error_code(std::errc::io_error)));
}

Error DataFolder::missing() const {
  return Error{FailureCode::NOT_FOUND, fmt::format("there is no data directory {}; the first `vitana run` or "
                                                   "`vitana autopilot` makes it", root_.string())}
      .with("data", root_.string())
      .with("hint", "vitana run FILE, or: vitana autopilot");
}

bool DataFolder::lost_its_store() const {
  std::error_code error;
  constexpr std::uintmax_t page_min = 512;  // of a database; what is less is taken for a new one
  if (const auto bytes = fs::file_size(database(), error); !error && bytes >= page_min) return false;
  // The first mirror is made long after the store; a first start that died leaves none.
  const fs::directory_iterator mirrors(root_ / "mirrors", error);
  return !error && mirrors != fs::directory_iterator();
}

fs::path workspaces_folder(const config::Config& config, const std::string& name) {
  if (!config.worker.workspaces.empty()) return fs::path(config.worker.workspaces) / name;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  fs::path base = fmt::format("/var/tmp/vitana-{}", ::getuid());
  if (cache != nullptr && *cache == '/') {
    base = fs::path(cache) / "vitana";
  } else if (home != nullptr && *home == '/') {
    // An account of a service often has a home that is not its own, such as `/`.
    const fs::path cache_of_home = fs::path(home) / ".cache";
    std::error_code error;
    const bool there = fs::is_directory(home, error);
    if (there && (::access(cache_of_home.c_str(), W_OK) == 0 || ::access(home, W_OK) == 0)) {
      base = cache_of_home / "vitana";
    }
  }
  return base / name;
}

}  // namespace vitana::app

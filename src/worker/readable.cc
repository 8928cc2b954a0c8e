#include "worker/readable.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "process/program.h"

namespace vitana::worker {
namespace {

namespace fs = std::filesystem;

constexpr int interpreters_max = 4;  // a script's interpreter may be a script
constexpr std::size_t first_line_max = 512;

bool in_system(const fs::path& path) {
  return std::ranges::any_of(std::array{"/usr", "/bin", "/sbin", "/lib", "/lib64"},
                             [&](const char* folder) { return is_within(path, folder); });
}

fs::path real(const fs::path& path) {
  std::error_code error;
  auto result = fs::canonical(path, error);
  return error ? path.lexically_normal() : result;
}

// The words of "#!program argument"; empty when it is no script.
std::vector<std::string> interpreter_line(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string line(first_line_max, '\0');
  in.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  if (!line.starts_with("#!")) return {};
  line = line.substr(2, line.find('\n') - 2);
  std::istringstream words(line);
  std::vector<std::string> result;
  for (std::string word; words >> word;) result.push_back(word);
  return result;
}

// A Node program needs its siblings: the outermost node_modules on the way to it.
std::optional<fs::path> package_folder(const fs::path& file) {
  fs::path folder;
  for (const auto& part : file) {
    folder /= part;
    if (part == "node_modules") return folder;
  }
  return std::nullopt;
}

void add_file(ResolvedProgram& program, const fs::path& named) {
  const auto file = real(named);
  if (!in_system(named)) program.readable.push_back(named);
  if (in_system(file)) return;
  if (file != named) program.readable.push_back(file);
  if (auto folder = package_folder(file)) program.readable.push_back(std::move(*folder));
}

void add_interpreters(ResolvedProgram& program, fs::path file, const std::string& path) {
  for (int i = 0; i < interpreters_max; ++i) {
    const auto words = interpreter_line(file);
    if (words.empty()) return;
    fs::path next = words[0];
    if (next.filename() == "env" && words.size() > 1) {
      const auto& name = words[1] == "-S" && words.size() > 2 ? words[2] : words[1];
      const auto found = process::find_program(name, path);
      if (!found) return;
      next = *found;
      if (!in_system(next)) program.path_entry = next.parent_path();
    }
    add_file(program, next);
    // An interpreter outside the system brings its library along: PREFIX/bin/x with PREFIX/lib.
    const auto prefix = real(next).parent_path().parent_path();
    std::error_code error;
    if (!in_system(real(next)) && prefix.has_relative_path() &&
        fs::is_directory(prefix / "lib", error)) {
      program.readable.push_back(prefix / "lib");
    }
    file = next;
  }
}

// A wanted path and what its links lead to: a mount at `named` shows what is at `target`.
struct Place {
  fs::path named;
  fs::path target;
};

std::vector<Place> places(const std::vector<fs::path>& paths) {
  std::vector<Place> result;
  for (const auto& path : paths) {
    if (!path.is_absolute()) continue;
    auto named = path.lexically_normal();
    if (!named.has_filename() && named.has_relative_path()) named = named.parent_path();
    result.push_back({named, real(named)});
  }
  return result;
}

bool is_masked(const Place& place, const std::vector<Place>& masks) {
  return std::ranges::any_of(masks, [&](const Place& mask) {
    return is_within(place.target, mask.target) || is_within(place.named, mask.named);
  });
}

// A mount over these would hide what the sandbox itself provides.
bool is_own(const fs::path& path) {
  return std::ranges::any_of(std::array{"/", "/proc", "/dev", "/tmp", "/run", "/workspace"},
                             [&](const char* own) { return path == own; });
}

std::vector<Place> visible_places(const std::vector<fs::path>& wanted,
                                  const std::vector<Place>& masks) {
  auto result = places(wanted);
  std::erase_if(result, [&](const Place& place) {
    return is_masked(place, masks) || is_own(place.named) || is_own(place.target);
  });
  return result;
}

void sort_unique(std::vector<fs::path>& paths) {
  std::ranges::sort(paths);
  const auto [from, to] = std::ranges::unique(paths);
  paths.erase(from, to);
}

}  // namespace

bool is_within(const fs::path& path, const fs::path& folder) {
  const auto [rest, ignored] =
      std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return rest == folder.end();
}

Result<ResolvedProgram> resolve_program(const std::vector<std::string>& argv,
                                        const fs::path& workspace, const std::string& path) {
  if (argv.empty() || argv[0].empty()) {
    return failure(FailureCode::PROGRAM_FAILED, "no program is named");
  }
  ResolvedProgram result;
  const auto& name = argv[0];
  result.in_workspace = name.find('/') != name.npos && !name.starts_with('/');
  auto found = process::find_program(
      result.in_workspace ? (workspace / name).lexically_normal().string() : name, path);
  if (!found) return failure(std::move(found.error()));
  result.start = *found;
  // A file of the workspace is somebody's work: what its first line names is not made readable.
  if (result.in_workspace) return result;
  add_file(result, result.start);
  // A script finds what belongs to it by where it lies itself, not by where a link to it lies; a program
  // may do by the link's name what it does.
  if (const auto file = real(result.start); !in_system(result.start) && !interpreter_line(file).empty()) {
    result.start = file;
  }
  add_interpreters(result, result.start, path);
  return result;
}

std::vector<fs::path> visible_paths(const std::vector<fs::path>& wanted,
                                    const std::vector<fs::path>& masked) {
  std::vector<fs::path> result;
  for (auto& place : visible_places(wanted, places(masked))) {
    result.push_back(std::move(place.named));
    result.push_back(std::move(place.target));
  }
  sort_unique(result);  // outer folders first, so that none hides what was laid into it
  return result;
}

std::vector<fs::path> masks_within(const std::vector<fs::path>& wanted,
                                   const std::vector<fs::path>& masked) {
  std::vector<fs::path> result;
  const auto masks = places(masked);
  for (const auto& place : visible_places(wanted, masks)) {
    for (const auto& mask : masks) {
      std::error_code error;
      if (!is_within(mask.target, place.target) || !fs::is_directory(mask.target, error)) continue;
      const auto below = mask.target.lexically_relative(place.target);
      result.push_back(place.named / below);
      result.push_back(place.target / below);
    }
  }
  sort_unique(result);
  return result;
}

}  // namespace vitana::worker

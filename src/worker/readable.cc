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

std::vector<fs::path> normal(const std::vector<fs::path>& paths) {
  std::vector<fs::path> result;
  for (const auto& path : paths) {
    if (!path.is_absolute()) continue;
    auto text = path.lexically_normal();
    if (!text.has_filename() && text.has_relative_path()) text = text.parent_path();
    result.push_back(text);
    if (auto target = real(text); target != text) result.push_back(std::move(target));
  }
  return result;
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
  add_interpreters(result, result.start, path);
  return result;
}

std::vector<fs::path> visible_paths(const std::vector<fs::path>& wanted,
                                    const std::vector<fs::path>& masked) {
  const auto masks = normal(masked);
  auto result = normal(wanted);
  std::erase_if(result, [&](const fs::path& path) {
    return std::ranges::any_of(masks, [&](const auto& mask) { return is_within(path, mask); }) ||
           // A mount over these would hide what the sandbox itself provides.
           path == "/" || path == "/proc" || path == "/dev" || path == "/tmp";
  });
  // Outer folders first, so that none hides what was laid into it.
  std::ranges::sort(result);
  const auto [from, to] = std::ranges::unique(result);
  result.erase(from, to);
  return result;
}

std::vector<fs::path> masks_within(const std::vector<fs::path>& wanted,
                                   const std::vector<fs::path>& masked) {
  const auto folders = visible_paths(wanted, masked);
  auto result = normal(masked);
  std::erase_if(result, [&](const fs::path& mask) {
    std::error_code error;
    return !fs::is_directory(mask, error) ||
           std::ranges::none_of(folders, [&](const auto& path) { return is_within(mask, path); });
  });
  return result;
}

}  // namespace vitana::worker

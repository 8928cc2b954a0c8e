#include "process/program.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vitana::process {
namespace {

bool is_executable(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<std::filesystem::path> find_program(std::string_view name, std::string_view path) {
  if (name.empty() || name.find('\0') != name.npos) {
    return failure(FailureCode::PROGRAM_FAILED, "the name of a program is empty or has a NUL");
  }
  if (name.find('/') != name.npos) {
    if (is_executable(std::string(name))) return std::filesystem::path(name);
    return failure(FailureCode::PROGRAM_FAILED, fmt::format("{} is no executable file", name));
  }
  for (std::string_view rest = path; !rest.empty();) {
    const auto end = rest.find(':');
    const auto folder = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    if (!folder.starts_with('/')) continue;
    auto candidate = fmt::format("{}/{}", folder, name);
    if (is_executable(candidate)) return std::filesystem::path(std::move(candidate));
  }
  return failure(FailureCode::PROGRAM_FAILED, fmt::format("no program {} in PATH {}", name, path));
}

}  // namespace vitana::process

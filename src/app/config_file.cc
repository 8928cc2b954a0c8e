#include "app/config_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/system.h"
#include "config/find.h"
#include "config/parse.h"

namespace vitana::app {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t config_bytes_max = 1 << 20;

Result<std::optional<std::string>> read_config_file(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return failure(FailureCode::CONFIG_INVALID, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode) || static_cast<std::uintmax_t>(info.st_size) > config_bytes_max) {
    return failure(FailureCode::CONFIG_INVALID,
                   fmt::format("{} is no file of at most {} bytes", path, config_bytes_max));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(FailureCode::CONFIG_INVALID, fmt::format("{} cannot be read", path));
  std::ostringstream text;
  text << file.rdbuf();
  return std::optional(text.str());
}

/// `named`: the file of --config, as it was given.
Error invalid_config(const std::string& file, const std::string& named,
                     const std::vector<domain::Diagnostic>& diagnostics) {
  Error error{FailureCode::CONFIG_INVALID, ""};
  for (const auto& diagnostic : diagnostics) {
    if (diagnostic.severity != domain::Severity::error) continue;
    error.causes.push_back(diagnostic.hint.empty()
                               ? domain::to_string(diagnostic)
                               : fmt::format("{}: {}", domain::to_string(diagnostic), diagnostic.hint));
  }
  const bool environment = std::ranges::any_of(
      diagnostics, [](const auto& d) { return d.file == "environment"; });
  error.message = fmt::format("{} has {} error{}", environment ? "the configuration" : file,
                              error.causes.size(), error.causes.size() == 1 ? "" : "s");
  error.context["hint"] = fmt::format("mend what is named above, then: vitana {}config check",
                                      named.empty() ? "" : fmt::format("--config {} ", named));
  return error;
}

/// What the configuration may say and this version does not do yet is refused, never half done.
std::vector<std::string> not_in_this_version(const config::Config& config) {
  std::vector<std::string> found;
  if (config.delivery.mode == domain::DeliveryMode::pull_request) {
    found.emplace_back("[delivery] mode = \"pull_request\" needs a forge, which this version does not talk to; "
                       "branch and merge work");
  }
  if (config.verify.unverified == domain::UnverifiedMode::judge) {
    found.emplace_back("[verify] unverified = \"judge\" is not in this version; attest and human are");
  }
  for (const auto& [name, agent] : config.agents) {
    if (agent.kind != config::AgentKind::command) {
      found.push_back(fmt::format("[agents.{}] kind = \"{}\" is not in this version; every agent with a command "
                                  "line works as kind = \"command\"", name, config::name_of(agent.kind)));
    }
  }
  return found;
}

/// The configuration's text, and how it is to be read.
struct Source {
  std::string text;
  config::ConfigOptions how;
};

fs::path start_of(const cli::OpenOptions& options) {
  return options.folder.empty() ? fs::current_path() : fs::absolute(options.folder);
}

Result<Source> find_source(const cli::OpenOptions& options) {
  const fs::path start = start_of(options);
  Source source;
  auto& [text, how] = source;
  how.environment = process_environment();
  if (!options.config_file.empty()) {
    const fs::path path = fs::absolute(start / options.config_file).lexically_normal();
    auto read = read_config_file(path.string());
    if (!read) return failure(FailureCode::FILE_UNREADABLE, std::move(read.error().message));
    if (!*read) {
      return failure(FailureCode::FILE_UNREADABLE, fmt::format("there is no file {}", path.string()));
    }
    how.file = path.string();
    how.base = path.parent_path().string();
    text = std::move(**read);
  } else {
    auto found = config::find_config(start.string(), read_config_file);
    if (!found) return failure(std::move(found.error()));
    if (!*found && options.data.empty() && !options.extra_repo) {
      return failure(FailureCode::CONFIG_MISSING,
                     fmt::format("there is no vitana.toml in {} or above it", start.string()));
    }
    how.base = start.string();
    if (*found) {
      how.file = (*found)->path;
      how.base = (*found)->folder;
      text = std::move((*found)->text);
    }
  }
  return source;
}

/// What a file with errors says still: behind a fault of its syntax nothing can be told.
config::ConfigReading read_in_part(const Source& source) {
  auto reading = config::parse_config(source.text, source.how);
  const auto fault = std::ranges::find(reading.diagnostics, "CONFIG_SYNTAX", &domain::Diagnostic::rule);
  if (fault == reading.diagnostics.end()) return reading;
  std::size_t end = 0;
  for (int line = 1; line < fault->line; ++line) {
    const auto next = source.text.find('\n', end);
    if (next == std::string::npos) break;
    end = next + 1;
  }
  reading.config = config::parse_config(std::string_view(source.text).substr(0, end), source.how).config;
  return reading;
}

/// As the configuration says it, or --data.
std::string data_of(const config::Config& config, const config::ConfigOptions& how, const cli::OpenOptions& options) {
  if (!options.data.empty()) return fs::absolute(start_of(options) / options.data).string();
  if (fs::path(config.server.data).is_absolute()) return config.server.data;
  return (fs::path(how.base) / config.server.data).string();
}

}  // namespace

Result<cli::DataPlace> data_place(const cli::OpenOptions& options) {
  // What a file says that cannot be read, or is not there, is not asked for.
  if (!options.data.empty()) return cli::DataPlace{data_of({}, {}, options)};
  const auto source = find_source(options);
  if (!source) return failure(source.error());
  auto reading = read_in_part(*source);
  if (reading.config.server.data.empty()) reading.config.server.data = config::Config{}.server.data;
  cli::DataPlace place{data_of(reading.config, source->how, options)};
  if (!reading.valid()) {
    place.caution = fmt::format("{} has errors: vitana config check; the data directory is taken to be {}",
                                source->how.file, place.folder);
  }
  return place;
}

Result<OperatorConfig> read_operator_config(const cli::OpenOptions& options) {
  auto source = find_source(options);
  if (!source) return failure(std::move(source.error()));
  const auto& [text, how] = *source;
  auto reading = config::parse_config(text, how);
  if (!reading.valid()) return failure(invalid_config(how.file, options.config_file, reading.diagnostics));
  if (auto missing = not_in_this_version(reading.config); !missing.empty()) {
    Error error{FailureCode::CONFIG_INVALID, fmt::format("{} asks for what this version does not do", how.file)};
    error.causes = std::move(missing);
    return failure(std::move(error));
  }
  reading.config.server.data = data_of(reading.config, how, options);
  if (options.extra_repo) reading.config.repos.push_back(*options.extra_repo);
  return OperatorConfig{std::move(reading.config), text.empty() ? "" : how.file};
}

}  // namespace vitana::app

// For tests: a user's repository in a temporary folder, worked on with the real git.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "git/mirror.h"
#include "git/temp_dir.h"
#include "process/run.h"

namespace vitana::git::test {

namespace fs = std::filesystem;

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
  return std::move(*result);
}
inline void must(Result<void> result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
}

inline TempDir temp_dir() { return must(TempDir::create(fs::temp_directory_path())); }

inline void write_file(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

inline void write_program(const fs::path& path, std::string_view script) {
  write_file(path, script);
  fs::permissions(path, fs::perms::owner_all);
}

inline std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// git as a person would call it in `folder`; throws when it fails. Without the last newline.
inline std::string user_git(const fs::path& folder, std::vector<std::string> args) {
  process::RunRequest request;
  request.argv = {"git"};
  request.argv.insert(request.argv.end(), args.begin(), args.end());
  request.cwd = folder;
  request.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                         {"HOME", "/nonexistent"},
                         {"GIT_CONFIG_GLOBAL", "/dev/null"},
                         {"GIT_CONFIG_NOSYSTEM", "1"},
                         {"GIT_EDITOR", "true"},
                         {"GIT_AUTHOR_NAME", "Ada"},
                         {"GIT_AUTHOR_EMAIL", "ada@example.org"},
                         {"GIT_AUTHOR_DATE", "2026-01-25T09:00:00Z"},
                         {"GIT_COMMITTER_NAME", "Ada"},
                         {"GIT_COMMITTER_EMAIL", "ada@example.org"},
                         {"GIT_COMMITTER_DATE", "2026-01-25T09:00:00Z"},
                         {"GIT_CONFIG_COUNT", "1"},
                         {"GIT_CONFIG_KEY_0", "protocol.file.allow"},
                         {"GIT_CONFIG_VALUE_0", "always"}};
  auto output = must(process::run(request));
  if (!output.ok()) throw std::runtime_error("git " + args.at(0) + ": " + output.err.text);
  while (output.out.text.ends_with('\n')) output.out.text.pop_back();
  return output.out.text;
}

/// A repository with a work tree on `main`.
class UserRepository {
 public:
  explicit UserRepository(fs::path folder) : folder_(std::move(folder)) {
    fs::create_directories(folder_);
    git({"init", "--quiet", "--initial-branch=main"});
  }

  std::string git(std::vector<std::string> args) const {
    return user_git(folder_, std::move(args));
  }
  fs::path path(std::string_view name = {}) const {
    return name.empty() ? folder_ : folder_ / name;
  }
  void write(std::string_view name, std::string_view content) const {
    write_file(folder_ / name, content);
  }
  /// All that is there, ignored files apart; returns the commit.
  Oid commit(const std::string& message = "work") const {
    git({"add", "--all"});
    git({"commit", "--quiet", "--allow-empty", "-m", message});
    return head();
  }
  Oid commit_file(std::string_view name, std::string_view content) const {
    write(name, content);
    return commit("change " + std::string(name));
  }
  Oid head() const { return git({"rev-parse", "HEAD"}); }
  Source source() const { return Source::at_path(folder_); }

 private:
  fs::path folder_;
};

/// A user's repository with one commit, and a mirror that has fetched it.
struct Fixture {
  TempDir temp = temp_dir();
  UserRepository user{temp.path() / "user"};
  Oid first = user.commit_file("readme.md", "hello\n");
  std::unique_ptr<Mirror> mirror = must(Mirror::open(temp.path() / "mirror", {}));

  Fixture() { fetch(); }
  Oid fetch() { return must(mirror->fetch(user.source(), "main")); }
};

}  // namespace vitana::git::test

#include "git/workspace.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "git/room.h"
#include "git/temp_dir.h"
#include "git/tree.h"

namespace vitana::git {
namespace {

namespace fs = std::filesystem;

auto no_workspace(const fs::path& folder, std::string_view why) {
  return failure(workspace_error(folder, fmt::format("{}: {}", folder.string(), why)));
}

Error as_workspace_error(Error error, const fs::path& folder) {
  if (error.code != FailureCode::GIT_FAILED) return error;
  auto result = workspace_error(folder, std::move(error.message));
  std::ranges::move(error.causes, std::back_inserter(result.causes));
  result.context = std::move(error.context);
  return result;
}

// What git says when the machine is at fault. All else is a tree that no machine can check out.
constexpr std::array faults_of_machine = {"No space left",     "quota exceeded", "Permission denied",
                                          "Read-only",         "Input/output",   "Too many open files",
                                          "annot allocate",    "out of memory",  "unable to write new"};

/// Fills the work tree. With a full disk git's own words are the proof: what it could not finish it has
/// removed, so that there may be room again.
Result<void> fill(const Git& git, const Call& call, const fs::path& folder) {
  auto answer = git.try_run(call);
  if (!answer) return failure(as_workspace_error(std::move(answer.error()), folder));
  if (answer->exit_code == 0) return {};
  auto error = as_workspace_error(
      git_error(FailureCode::GIT_FAILED, fmt::format("git {} failed", call.args.front()), *answer), folder);
  const auto said = [&](std::string_view words) { return answer->err.find(words) != std::string::npos; };
  if (said("No space left") && !error.message.starts_with("no space left")) {
    return failure(std::move(error).under(fmt::format("no space left on {}", folder.string())));
  }
  if (error.message.starts_with("no space left") || std::ranges::any_of(faults_of_machine, said)) {
    return failure(std::move(error));
  }
  error.code = FailureCode::SETUP_FAILED;
  return failure(std::move(error).under("the commit cannot be checked out"));
}

Result<fs::path> make_empty(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  const auto where = error ? folder : fs::canonical(folder, error);
  const bool empty = !error && fs::is_empty(where, error);
  if (error) return no_workspace(folder, error.message());
  if (!empty) return no_workspace(folder, "is not empty");
  return where;
}

/// A value as git's configuration files write it.
std::string config_value(std::string_view value) {
  std::string result = "\"";
  for (const char c : value) {
    if (c == '\0') continue;
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

/// Into the file that `git init` made: a `git config` for each value is a process for each.
bool add_config(const fs::path& git_dir, const Identity& who) {
  std::ofstream file(git_dir / "config", std::ios::binary | std::ios::app);
  file << "[gc]\n\tauto = 0\n[user]\n";
  if (!who.name.empty()) file << "\tname = " << config_value(who.name) << '\n';
  if (!who.email.empty()) file << "\temail = " << config_value(who.email) << '\n';
  file.close();
  return file.good();
}

const ConfigValues& plain_checkout() {
  static const ConfigValues values = {{"core.fileMode", "true"},
                                      {"core.symlinks", "true"},
                                      {"core.autocrlf", "false"},
                                      {"checkout.workers", "2"}};
  return values;
}

}  // namespace

Result<void> clone_workspace(const Mirror& mirror, const WorkspaceRequest& request) {
  auto there = mirror.exists(request.commit);
  if (!there) return failure(std::move(there.error()));
  if (!*there) {
    return failure(FailureCode::COMMIT_MISSING,
                   fmt::format("there is no commit {}", request.commit));
  }
  if (!request.branch.empty() && !is_branch_name(request.branch)) {
    return no_workspace(request.folder, fmt::format("{} is no branch name", request.branch));
  }
  auto folder = make_empty(request.folder);
  if (!folder) return failure(std::move(folder.error()));
  const auto git_dir = *folder / ".git";

  const auto run = [&](std::vector<std::string> args) -> Result<void> {
    auto done = mirror.git().run({.args = std::move(args),
                                  .git_dir = git_dir,
                                  .work_tree = *folder,
                                  .config = plain_checkout(),
                                  .slow = true});
    if (!done) return failure(as_workspace_error(std::move(done.error()), *folder));
    return {};
  };
  const std::string head = request.branch.empty() ? "main" : request.branch;
  if (auto made = run({"init", "--quiet", "--template=", "--initial-branch=" + head}); !made) {
    return made;
  }

  std::error_code error;
  fs::create_directories(git_dir / "objects/info", error);
  std::ofstream alternates(git_dir / "objects/info/alternates", std::ios::binary);
  alternates << mirror.objects().string() << '\n';
  alternates.close();
  if (!alternates) return no_workspace(*folder, "the objects cannot be borrowed");
  if (fs::exists(mirror.path() / "shallow", error)) {
    fs::copy_file(mirror.path() / "shallow", git_dir / "shallow", error);
    if (error) return no_workspace(*folder, error.message());
  }

  if (!add_config(git_dir, request.identity)) {
    return no_workspace(*folder, "its configuration cannot be written");
  }

  auto named = request.branch.empty()
                   ? run({"update-ref", "--no-deref", "HEAD", request.commit})
                   : run({"update-ref", "refs/heads/" + request.branch, request.commit});
  if (!named) return named;
  return fill(mirror.git(),
              {.args = {"reset", "--quiet", "--hard"},
               .git_dir = git_dir,
               .work_tree = *folder,
               .config = plain_checkout(),
               .slow = true},
              *folder);
}

Result<void> checkout_tree(const Mirror& mirror, const Oid& commit_or_tree,
                           const fs::path& folder) {
  auto tree = tree_of(mirror, commit_or_tree);
  if (!tree) return failure(std::move(tree.error()));
  auto where = make_empty(folder);
  if (!where) return failure(std::move(where.error()));
  auto scratch = TempDir::create(mirror.scratch());
  if (!scratch) return failure(std::move(scratch.error()));
  for (auto args : {std::vector<std::string>{"read-tree", *tree},
                    std::vector<std::string>{"checkout-index", "--all", "--force", "--quiet"}}) {
    auto done = fill(mirror.git(),
                     {.args = std::move(args),
                      .git_dir = mirror.path(),
                      .work_tree = *where,
                      .index_file = scratch->path() / "index",
                      .config = plain_checkout(),
                      .slow = true},
                     *where);
    if (!done) return done;
  }
  return {};
}

}  // namespace vitana::git

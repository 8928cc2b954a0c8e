#include "git/mirror.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iterator>
#include <sstream>

#include "base/digest.h"
#include "base/shell.h"

namespace vitana::git {
namespace {

namespace fs = std::filesystem;

// git holds the lock of a ref for the moment of its change; one this old belongs to nobody.
constexpr auto stale_lock = std::chrono::seconds(30);
constexpr std::string_view remote = "refs/remotes/origin/";
constexpr std::string_view beside_refs = "refs/vitana/beside/";
constexpr std::string_view seen = "refs/vitana/seen/";
constexpr std::string_view keep_refs = "refs/vitana/keep/";

void remove_if_stale(const fs::path& lock) {
  std::error_code error;
  const auto changed = fs::last_write_time(lock, error);
  if (!error && fs::file_time_type::clock::now() - changed > stale_lock) fs::remove(lock, error);
}

void remove_stale_locks(const fs::path& git_dir) {
  for (const auto* name : {"HEAD.lock", "packed-refs.lock", "config.lock", "shallow.lock"}) {
    remove_if_stale(git_dir / name);
  }
  std::error_code error;
  for (fs::recursive_directory_iterator it(git_dir / "refs", error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".lock") remove_if_stale(it->path());
  }
}

bool is_whole(const fs::path& mirror) {
  std::error_code error;
  const auto file = [&](const char* name) { return fs::is_regular_file(mirror / name, error); };
  const auto folder = [&](const char* name) { return fs::is_directory(mirror / name, error); };
  return file("HEAD") && file("config") && folder("objects") && folder("refs");
}

Result<void> init(const Git& git, const fs::path& where) {
  auto made = git.run({.args = {"init", "--quiet", "--bare", "--template=", "--", where.string()}});
  if (!made) return failure(std::move(made.error()));
  return {};
}

/// Beside its place first: a death in the middle leaves no half of a mirror, and no lock in it.
Result<void> make(const Git& git, const fs::path& where) {
  std::error_code error;
  if (!fs::is_empty(where, error)) return init(git, where);  // of which somebody removed a part
  fs::path beside = where;
  beside += fmt::format(".{}.new", ::getpid());
  fs::remove_all(beside, error);
  if (auto made = init(git, beside); !made) return made;
  fs::rename(beside, where, error);
  if (!error) return {};
  std::error_code ignored;
  fs::remove_all(beside, ignored);
  if (is_whole(where)) return {};  // another process was first
  return failure(FailureCode::GIT_FAILED, fmt::format("the mirror {}: {}", where.string(), error.message()));
}

}  // namespace

Mirror::Mirror(fs::path path, Options options)
    : path_(std::move(path)), git_(std::move(options)), blobs_(git_, path_) {}

Result<std::unique_ptr<Mirror>> Mirror::open(const fs::path& path, Options options) {
  std::error_code error;
  fs::create_directories(path, error);
  const auto where = fs::canonical(path, error);
  if (error) {
    return failure(FailureCode::GIT_FAILED,
                   fmt::format("the mirror {}: {}", path.string(), error.message()));
  }
  // The objects are borrowed by path, and the list of borrowed folders has one path a line.
  if (where.string().find('\n') != std::string::npos) {
    return failure(FailureCode::GIT_FAILED, "the path of a mirror may not have a newline");
  }
  std::unique_ptr<Mirror> mirror(new Mirror(where, std::move(options)));
  remove_stale_locks(where);
  if (!is_whole(where)) {
    if (auto made = make(mirror->git_, where); !made) return failure(std::move(made.error()));
  }
  return mirror;
}

Result<Oid> Mirror::fetch(const Source& source, const std::string& branch) {
  if (!is_branch_name(branch)) {
    return failure(FailureCode::BRANCH_MISSING, fmt::format("{} is no name of a branch", branch));
  }
  auto done = fetch_refs(source, {fmt::format("+refs/heads/{0}:{1}{0}", branch, remote),
                                  fmt::format("+refs/heads/vtid/*:{}vtid/*", remote)});
  if (!done) {
    // A branch that is not there says so in its own code.
    auto there = remote_tip(git_, source, branch);
    return failure(std::move(there ? done.error() : there.error()));
  }
  auto fetched = tip(branch);
  if (!fetched) return failure(std::move(fetched.error()));
  if (*fetched) return std::move(**fetched);
  return failure(FailureCode::BRANCH_MISSING, fmt::format("the branch {} is gone", branch));
}

Result<void> Mirror::fetch_refs(const Source& source, std::vector<std::string> refspecs) {
  const auto turn = fetching_.take("another fetch");
  if (!turn) return failure(turn.error());
  remove_stale_locks(path_);
  Call call{.args = {"fetch", "--quiet", "--force", "--prune", "--no-tags", "--no-write-fetch-head",
                     "--no-auto-maintenance", "--no-recurse-submodules", "--update-shallow"},
            .git_dir = path_,
            .network = !source.local(),
            .slow = true};
  return fetch_with(source, std::move(call), std::move(refspecs));
}

Result<void> Mirror::fetch_with(const Source& source, Call call, std::vector<std::string> refspecs) {
  if (source.local()) {
    auto repository = locate(git_, source.path());
    if (!repository) return failure(std::move(repository.error()));
    call.args.push_back("--upload-pack=" + local_service(git_, "upload-pack", {}, /*owner=*/false));
    call.args.insert(call.args.end(), {"--", repository->common_dir.string()});
  } else {
    call.args.insert(call.args.end(), {"--", source.url()});
  }
  call.args.insert(call.args.end(), std::make_move_iterator(refspecs.begin()),
                   std::make_move_iterator(refspecs.end()));
  auto answer = git_.try_run(call);
  if (!answer) return failure(std::move(answer.error()));
  if (answer->exit_code == 0) return {};
  return failure(git_error(FailureCode::REPO_UNAVAILABLE,
                           fmt::format("{} cannot be fetched", source.to_string()), *answer));
}

Result<Oid> Mirror::fetch_beside(const Source& source, const std::string& ref) {
  if (!is_ref(ref)) return failure(FailureCode::GIT_FAILED, "no name of a ref");
  const auto turn = fetching_beside_.take("another branch");
  if (!turn) return failure(turn.error());
  // By its digest: names of branches may be long, and one may be a folder of another.
  const auto as_seen = fmt::format("{}{}", beside_refs, Digest::of(ref).hex());
  Call call{.args = {"fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
                     "--no-recurse-submodules"},
            .git_dir = path_,
            .network = !source.local()};
  auto done = fetch_with(source, std::move(call), {fmt::format("+{}:{}", ref, as_seen)});
  if (!done) return failure(std::move(done.error()));
  auto fetched = blobs_.commit_of(as_seen);
  if (!fetched) return failure(std::move(fetched.error()));
  if (*fetched) return std::move(**fetched);
  return failure(FailureCode::GIT_FAILED, "the branch holds no commit");
}

Result<void> Mirror::forget_beside() {
  const auto turn = fetching_beside_.take("another branch");
  if (!turn) return failure(turn.error());
  auto refs = run({"for-each-ref", "--format=delete %(refname)", std::string(beside_refs)});
  if (!refs) return failure(std::move(refs.error()));
  if (refs->empty()) return {};
  auto done = run({"update-ref", "--stdin"}, std::move(*refs));
  if (!done) return failure(std::move(done.error()));
  return {};
}

Result<std::optional<Oid>> Mirror::merge_base(const Oid& one, const Oid& other) const {
  for (const auto* oid : {&one, &other}) {
    auto there = exists(*oid);
    if (!there) return failure(std::move(there.error()));
    if (!*there) return failure(FailureCode::COMMIT_MISSING, fmt::format("there is no commit {}", *oid));
  }
  auto answer = try_run({"merge-base", one, other});
  if (!answer) return failure(std::move(answer.error()));
  if (answer->exit_code == 1) return std::optional<Oid>();
  auto base = answer->out.substr(0, answer->out.find('\n'));
  if (answer->exit_code != 0 || !is_oid(base)) {
    return failure(git_error(FailureCode::GIT_FAILED, "git merge-base failed", *answer));
  }
  return std::optional<Oid>(std::move(base));
}

Result<bool> Mirror::holds(const Source& source, const std::string& ref, const Oid& commit) {
  auto now = remote_ref(git_, source, ref);
  if (!now) return failure(std::move(now.error()));
  auto known = exists(commit);
  if (!known) return known;
  if (!*now || !*known) return false;
  auto tip_known = exists(**now);
  if (!tip_known) return tip_known;
  if (*tip_known) return is_ancestor(commit, **now);
  // What is fetched may be another commit by now, and the one before it gone.
  const auto as_seen = fmt::format("{}{}", seen, ref.substr(5));
  auto done = fetch_refs(source, {fmt::format("+{}:{}", ref, as_seen)});
  if (!done) return failure(std::move(done.error()));
  auto fetched = blobs_.commit_of(as_seen);
  if (!fetched) return failure(std::move(fetched.error()));
  if (!*fetched) return false;
  return is_ancestor(commit, **fetched);
}

Result<std::optional<Oid>> Mirror::tip(std::string_view branch) const {
  const auto ref = fmt::format("{}{}", remote, branch);
  if (!is_ref(ref)) {
    return failure(FailureCode::BRANCH_MISSING, fmt::format("{} is no name of a branch", branch));
  }
  return blobs_.commit_of(ref);
}

Result<bool> Mirror::exists(const Oid& commit) const {
  if (!is_oid(commit)) return false;
  auto info = blobs_.info(commit);
  if (!info) return failure(std::move(info.error()));
  return *info && (*info)->type == "commit";
}

Result<bool> Mirror::is_ancestor(const Oid& ancestor, const Oid& commit) const {
  for (const auto* oid : {&ancestor, &commit}) {
    auto there = exists(*oid);
    if (!there) return there;
    if (!*there) {
      return failure(FailureCode::COMMIT_MISSING, fmt::format("there is no commit {}", *oid));
    }
  }
  auto answer = try_run({"merge-base", "--is-ancestor", ancestor, commit});
  if (!answer) return failure(std::move(answer.error()));
  if (answer->exit_code > 1) {
    return failure(git_error(FailureCode::GIT_FAILED, "git merge-base failed", *answer));
  }
  return answer->exit_code == 0;
}

Result<void> Mirror::keep(std::string_view name, const Oid& oid) {
  const auto ref = fmt::format("{}{}", keep_refs, name);
  if (!is_ref(ref) || !is_oid(oid)) {
    return failure(FailureCode::GIT_FAILED, fmt::format("{} cannot be kept as {}", oid, name));
  }
  auto done = run({"update-ref", "--", ref, oid});
  if (!done) return failure(std::move(done.error()));
  return {};
}

Result<void> Mirror::forget(std::string_view name) {
  const auto ref = fmt::format("{}{}", keep_refs, name);
  if (!is_ref(ref)) return failure(FailureCode::GIT_FAILED, fmt::format("{} is no name", name));
  auto done = run({"update-ref", "-d", "--", ref});
  if (!done) return failure(std::move(done.error()));
  return {};
}

Result<std::optional<Oid>> Mirror::kept_commit(std::string_view name) const {
  const auto ref = fmt::format("{}{}", keep_refs, name);
  if (!is_ref(ref)) return failure(FailureCode::GIT_FAILED, fmt::format("{} is no name", name));
  return blobs_.commit_of(ref);
}

Result<std::vector<std::string>> Mirror::kept(Instant before) const {
  auto refs = run({"for-each-ref", "--format=%(committerdate:unix) %(refname)", std::string(keep_refs)});
  if (!refs) return failure(std::move(refs.error()));
  std::vector<std::string> names;
  std::istringstream lines(*refs);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::int64_t seconds = 0;
    std::string ref;
    if (!(words >> seconds >> ref)) continue;  // a tree has no date
    if (Instant(std::chrono::seconds(seconds)) < before) names.push_back(ref.substr(keep_refs.size()));
  }
  return names;
}

Result<void> Mirror::maintain(int prune_days, int packs_max) {
  auto done = git_.run({.args = {"gc", "--auto", "--quiet", fmt::format("--prune={}.days.ago", prune_days)},
                        .git_dir = path_,
                        .config = {{"gc.auto", "6700"},
                                   {"gc.autoPackLimit", std::to_string(packs_max)},
                                   {"gc.autoDetach", "false"}},
                        .slow = true});
  if (!done) return failure(std::move(done.error()));
  return {};
}

Result<std::string> Mirror::run(std::vector<std::string> args, std::string input) const {
  return git_.run({.args = std::move(args), .git_dir = path_, .input = std::move(input)});
}

Result<Answer> Mirror::try_run(std::vector<std::string> args, std::string input) const {
  return git_.try_run({.args = std::move(args), .git_dir = path_, .input = std::move(input)});
}

std::string local_service(const Git& git, std::string_view service, const ConfigValues& config,
                          bool owner) {
  const auto& options = git.options();
  std::string result;
  if (owner) {
    result =
        "env -u TZ -u GIT_LITERAL_PATHSPECS -u GIT_OPTIONAL_LOCKS -u GIT_NO_REPLACE_OBJECTS"
        " -u GIT_ALLOW_PROTOCOL -u GIT_CEILING_DIRECTORIES -u GIT_EDITOR ";
    if (!options.home.empty()) {
      result += "-u GIT_CONFIG_NOSYSTEM -u GIT_CONFIG_GLOBAL -u GIT_ATTR_NOSYSTEM HOME=" +
                shell_quoted(options.home.string()) + " ";
    }
  }
  result += shell_quoted(options.program) + " -c safe.directory='*'";
  for (const auto& [key, value] : config) {
    result += " -c " + shell_quoted(fmt::format("{}={}", key, value));
  }
  return fmt::format("{} {}", result, service);
}

}  // namespace vitana::git

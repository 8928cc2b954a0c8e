#include "git/push.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/stop.h"
#include "git/checked_out.h"
#include "git/output.h"
#include "git/target_hooks.h"
#include "git/tree.h"

namespace vitana::git {
namespace {

namespace fs = std::filesystem;

constexpr auto lock_pause = std::chrono::milliseconds(10);
constexpr auto orphan_grace = std::chrono::seconds(5);
constexpr auto withdraw_max = std::chrono::seconds(20);

std::string reason_of(const Answer& answer) {
  auto reason = parse_push_reason(answer.out);
  return reason.empty() ? "the push failed" : reason;
}

Result<void> check_request(const Mirror& mirror, const PushRequest& request) {
  if (!request.ref.starts_with("refs/heads/") || !is_ref(request.ref)) {
    return failure(FailureCode::DELIVERY_REFUSED, fmt::format("{} is no branch", request.ref));
  }
  auto there = mirror.exists(request.commit);
  if (!there) return failure(std::move(there.error()));
  if (*there && (!request.expected || is_oid(*request.expected))) return {};
  return failure(FailureCode::COMMIT_MISSING, fmt::format("there is no commit {}", request.commit));
}

Error race(const PushRequest& request, const std::optional<Oid>& now) {
  return Error{FailureCode::DELIVERY_RACE,
               fmt::format("{} is at {}, not at {}", request.ref, now.value_or("no commit"),
                           request.expected.value_or("no commit"))};
}

fs::path lock_file(const Mirror& mirror) { return mirror.path() / "delivery.lock"; }

fs::path hooks_folder(const Mirror& mirror) { return mirror.path() / "delivery-hooks"; }

Error with_hook(Error error, const std::string& hook) {
  if (!hook.empty()) error.causes.push_back(hook);
  return error;
}

// Who holds the lock of deliveries writes down its process. What that left behind when it died ends soon by itself, but
// for a hook of the owner that hangs: nobody waits for its answer any more.
class Orphan {
 public:
  static void sign(int lock) {
    const auto name = std::to_string(::getpid());
    if (::ftruncate(lock, 0) == 0) (void)!::pwrite(lock, name.data(), name.size(), 0);
  }

  static bool left_by_the_dead(int lock) {
    std::array<char, 16> name{};
    if (::pread(lock, name.data(), name.size() - 1, 0) <= 0) return false;
    const auto holder = std::atoi(name.data());
    return holder > 0 && ::kill(holder, 0) != 0 && errno == ESRCH;
  }

  void look(int lock, const fs::path& hooks) {
    if (!left_by_the_dead(lock)) return;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    TargetHooks::end_in_hook(hooks, asked_ ? SIGKILL : SIGTERM);
    asked_ = true;
    next_ = now + orphan_grace;
  }

 private:
  bool asked_ = false;
  std::chrono::steady_clock::time_point next_;
};

// Two pushes into one checked-out branch would both write its files. The lock is held by git itself
// and what it starts, so a push that outlives the engine that began it is waited for, too.
Result<process::Fd> delivery_lock(const Mirror& mirror, std::chrono::steady_clock::duration patience) {
  const auto path = lock_file(mirror);
  process::Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.open()) {
    return failure(FailureCode::GIT_FAILED, fmt::format("{}: {}", path.string(), std::strerror(errno)));
  }
  const auto until = std::chrono::steady_clock::now() + patience;
  Orphan orphan;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return failure(FailureCode::GIT_FAILED,
                     fmt::format("{} cannot be locked: {}", path.string(), std::strerror(errno)));
    }
    if (StopScope::current().stop_requested()) {
      return failure(FailureCode::CANCELLED, "waiting for another delivery was stopped");
    }
    if (std::chrono::steady_clock::now() >= until) {
      return failure(with_hook({FailureCode::GIT_FAILED,
                                fmt::format("another delivery to this repository has not ended: {}", path.string())},
                               TargetHooks::running(hooks_folder(mirror))));
    }
    orphan.look(lock.get(), hooks_folder(mirror));
    std::this_thread::sleep_for(lock_pause);  // polls: another process's lock
  }
  Orphan::sign(lock.get());
  return lock;
}

/// As long as a push may last.
Result<process::Fd> delivery_lock(const Mirror& mirror) {
  return delivery_lock(mirror, mirror.git().options().push_deadline + push_ending_max);
}

struct Pushed {
  Answer answer;
  std::string tree_refused;  ///< why a work tree kept its branch where it was
};

Result<Pushed> run_push(const Mirror& mirror, const PushRequest& request, int lock) {
  const auto& git = mirror.git();
  Call call{
      .args = {"push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed",
               "--recurse-submodules=no",
               fmt::format("--force-with-lease={}:{}", request.ref, request.expected.value_or(""))},
      .git_dir = mirror.path(),
      .network = !request.target.local(),
      .slow = true,
      .held = lock};
  const auto folder = hooks_folder(mirror);
  std::string hook;  // that ran when its end was asked for
  std::optional<TargetHooks> hooks;
  std::string where = request.target.url();
  if (request.target.local()) {
    auto repository = locate(git, request.target.path());
    if (!repository) return failure(std::move(repository.error()));
    auto trees = work_trees_on(git, *repository, request.ref);
    if (!trees) return failure(std::move(trees.error()));
    auto written = TargetHooks::write(git, *repository, *trees, request, folder);
    if (!written) return failure(std::move(written.error()));
    hooks = std::move(*written);
    where = repository->common_dir.string();
    call.args.push_back("--receive-pack=" + hooks->receiver(git));
    call.busy = [&] {
      hook = TargetHooks::running(folder);
      return !hooks->may_end();
    };
  }
  call.args.insert(call.args.end(), {"--", where, fmt::format("{}:{}", request.commit, request.ref)});
  auto answer = git.try_run(call);
  if (!answer) return failure(with_hook(std::move(answer.error()), hook));
  return Pushed{std::move(*answer), hooks ? hooks->refusal() : ""};
}

}  // namespace

Result<void> check_target(const Mirror& mirror, const PushRequest& request) {
  if (!request.target.local()) return {};
  const auto& git = mirror.git();
  auto repository = locate(git, request.target.path());
  if (!repository) return failure(std::move(repository.error()));
  auto trees = work_trees_on(git, *repository, request.ref);
  if (!trees) return failure(std::move(trees.error()));
  if (trees->empty()) return {};
  auto changes = diff_trees(mirror, request.expected, request.commit);
  if (!changes) return failure(std::move(changes.error()));
  for (const auto& tree : *trees) {
    if (auto free = require_unlocked(tree); !free) return free;
    if (auto clean = require_clean(git, tree); !clean) return clean;
    if (auto free = require_free_paths(tree, *changes); !free) return free;
  }
  return {};
}

Result<void> push(const Mirror& mirror, const PushRequest& request) {
  if (auto fit = check_request(mirror, request); !fit) return fit;
  const auto lock = delivery_lock(mirror);
  if (!lock) return failure(lock.error());
  if (request.may_begin) {
    if (auto may = request.may_begin(); !may) return may;
  }
  auto now = remote_ref(mirror.git(), request.target, request.ref);
  if (!now) return failure(std::move(now.error()));
  if (*now == request.commit) return {};
  if (*now != request.expected) return failure(race(request, *now));
  if (auto ready = check_target(mirror, request); !ready) return ready;

  auto pushed = run_push(mirror, request, lock->get());
  if (pushed && pushed->answer.exit_code == 0) return {};

  // What happened is read from the repository, not from what git said about it.
  now = remote_ref(mirror.git(), request.target, request.ref);
  if (!now) return failure(std::move(now.error()));
  if (*now == request.commit) return {};
  if (*now != request.expected) return failure(race(request, *now));
  if (!pushed) return failure(std::move(pushed.error()));
  if (!pushed->tree_refused.empty()) {
    return failure(FailureCode::DELIVERY_TARGET_DIRTY,
                   fmt::format("the work tree of {} cannot take it: {}", request.ref, pushed->tree_refused));
  }
  if (auto still = check_target(mirror, request); !still) return still;
  return failure(git_error(
      FailureCode::DELIVERY_REFUSED,
      fmt::format("{} of {}: {}", request.ref, request.target.to_string(), reason_of(pushed->answer)),
      pushed->answer));
}

Result<bool> withdraw(Mirror& mirror, const Source& target, const std::string& ref, const Oid& commit) {
  const auto lock = delivery_lock(mirror, withdraw_max);
  if (!lock) return failure(lock.error());
  return mirror.holds(target, ref, commit);
}

void end_orphan(const Mirror& mirror) {
  {
    const process::Fd lock(::open(lock_file(mirror).c_str(), O_RDWR | O_CLOEXEC));
    if (!lock.open() || ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
    if (!Orphan::left_by_the_dead(lock.get())) return;
  }
  (void)delivery_lock(mirror, 3 * orphan_grace).has_value();  // who waits for it ends it
}

Result<void> remove_branch(const Mirror& mirror, const Source& target, const std::string& ref, const Oid& commit) {
  if (!ref.starts_with("refs/heads/") || !is_ref(ref)) {
    return failure(FailureCode::DELIVERY_REFUSED, fmt::format("{} is no branch", ref));
  }
  const auto lock = delivery_lock(mirror);
  if (!lock) return failure(lock.error());
  const auto now = remote_ref(mirror.git(), target, ref);
  if (!now) return failure(now.error());
  if (*now != commit) return {};
  if (target.local()) {
    auto repository = locate(mirror.git(), target.path());
    if (!repository) return failure(std::move(repository.error()));
    const auto trees = work_trees_on(mirror.git(), *repository, ref);
    if (!trees) return failure(trees.error());
    if (!trees->empty()) return {};
  }
  const PushRequest nothing{target, "", ref, commit};
  auto pushed = run_push(mirror, nothing, lock->get());
  if (!pushed) return failure(std::move(pushed.error()));
  if (pushed->answer.exit_code == 0) return {};
  return failure(git_error(FailureCode::DELIVERY_REFUSED,
                           fmt::format("{} of {} stays: {}", ref, target.to_string(), reason_of(pushed->answer)),
                           pushed->answer));
}

}  // namespace vitana::git

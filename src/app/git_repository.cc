#include "app/git_repository.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "engine/run_desk.h"
#include "git/history.h"
#include "git/push.h"
#include "git/tree.h"

namespace vitana::app {

using Kind = port::TreeChange::Kind;

// A delivery waits for the one before it, and then pushes. Its step is granted again only when it has had
// the time for both.
static_assert(engine::deliver_limit >= 2 * (git::push_deadline_default + git::push_ending_max));

GitRepository::GitRepository(std::filesystem::path mirror, git::Source source, std::string branch,
                             git::Options options)
    : path_(std::move(mirror)), source_(std::move(source)), options_(std::move(options)), git_(options_),
      branch_(std::move(branch)) {}

std::string GitRepository::default_branch() const {
  const std::lock_guard lock(branch_mutex_);
  return branch_;
}

Result<std::string> GitRepository::branch() {
  if (auto known = default_branch(); !known.empty()) return known;
  auto told = git::default_branch(git_, source_);
  if (!told) return told;
  const std::lock_guard lock(branch_mutex_);
  if (branch_.empty()) branch_ = std::move(*told);  // else another thread was first
  return branch_;
}

Result<std::shared_ptr<git::Mirror>> GitRepository::mirror() {
  const auto turn = opening_.take("the mirror");
  if (!turn) return failure(turn.error());
  if (!mirror_) {
    auto branch = this->branch();
    if (!branch) return failure(std::move(branch.error()));
    auto opened = git::Mirror::open(path_, options_);
    if (!opened) return failure(std::move(opened.error()));
    auto tip = (*opened)->tip(*branch);
    if (!tip) return failure(std::move(tip.error()));
    if (!*tip) {
      // Somebody removed it: commits that the store knows are asked for before the branch moves.
      if (auto filled = (*opened)->fetch(source_, *branch); !filled) {
        return failure(std::move(filled.error()));
      }
    }
    mirror_ = std::move(*opened);
  }
  return mirror_;
}

Result<std::optional<std::string>> GitRepository::branch_tip() {
  auto branch = this->branch();
  if (!branch) return failure(std::move(branch.error()));
  auto tip = git::remote_ref(git_, source_, "refs/heads/" + *branch);
  if (!tip) return failure(std::move(tip.error()));
  if (*tip) return std::move(*tip);
  // Nothing there: a repository without a commit yet, or a wrong name.
  auto head = git::default_branch(git_, source_);
  if (head && *head == *branch) return std::optional<std::string>();
  return failure(Error{FailureCode::BRANCH_MISSING,
                       fmt::format("{} has no branch '{}'", source_.to_string(), *branch)}
                     .with("branch", *branch));
}

Result<std::string> GitRepository::fetch() {
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  return (*open)->fetch(source_, default_branch());
}

Result<std::vector<port::TreeChange>> GitRepository::changes(const std::string& from,
                                                             const std::string& to,
                                                             const std::vector<std::string>& globs) {
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  auto old = known(from);
  if (!old) return failure(std::move(old.error()));
  auto diff = git::diff_trees(**open, *old, to, globs);
  if (!diff) return failure(std::move(diff.error()));
  std::vector<port::TreeChange> changes;
  for (const auto& change : *diff) {
    const bool removed = change.kind == git::ChangeKind::deleted;
    const unsigned mode = removed ? change.old_mode : change.mode;
    const bool regular = mode == git::mode::file || mode == git::mode::executable;
    changes.push_back({removed                                      ? Kind::removed
                       : change.kind == git::ChangeKind::added ? Kind::added
                                                                    : Kind::changed,
                       {utf8_clean(change.path), removed ? change.old_blob : change.blob, regular,
                        git::is_checkout_path(change.path) && !utf8_fault(change.path)}});
  }
  return changes;
}

Result<std::map<std::string, std::string>> GitRepository::renames(const std::string& from,
                                                                  const std::string& to) {
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  auto known = (*open)->exists(from);
  if (!known) return failure(std::move(known.error()));
  if (!*known) return std::map<std::string, std::string>();  // the branch was rewritten
  auto renamed = git::renamed(**open, from, to);
  if (!renamed) return renamed;
  std::map<std::string, std::string> clean;
  for (const auto& [after, before] : *renamed) clean.emplace(utf8_clean(after), utf8_clean(before));
  return clean;
}

Result<std::string> GitRepository::read_blob(const std::string& blob, std::size_t bytes_max) {
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  return git::read_blob(**open, blob, bytes_max);
}

Result<std::optional<std::string>> GitRepository::read_file(const std::string& commit,
                                                            const std::string& path,
                                                            std::size_t bytes_max) {
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  return git::read_file(**open, commit, path, bytes_max);
}

Result<void> GitRepository::reach(const std::string& commit) {
  auto there = known(commit);
  if (!there) return failure(std::move(there.error()));
  if (*there) return {};
  if (auto fetched = fetch(); !fetched) return failure(std::move(fetched.error()));
  return {};
}

Result<std::optional<git::Oid>> GitRepository::known(const std::string& commit) {
  if (commit.empty()) return std::optional<git::Oid>();
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  auto there = (*open)->exists(commit);
  if (!there) return failure(std::move(there.error()));
  return *there ? std::optional<git::Oid>(commit) : std::nullopt;
}

Result<std::vector<port::PathCommit>> GitRepository::last_commits(
    const std::string& tip, const std::string& since, const std::vector<std::string>& paths) {
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  auto before = known(since);
  if (!before) return failure(std::move(before.error()));
  auto found = git::last_commits_of(**open, tip, *before, paths);
  if (!found) return failure(std::move(found.error()));
  std::vector<port::PathCommit> answer;
  answer.reserve(found->size());
  for (const auto& who : *found) {
    if (!who) {
      answer.push_back({tip, "", {}});
      continue;
    }
    answer.push_back({who->commit,
                      utf8_clean(fmt::format("{} <{}>", who->author_name, who->author_email)),
                      who->time});
  }
  return answer;
}

Result<std::vector<port::DeliveryTrailer>> GitRepository::deliveries(const std::string& from,
                                                                     const std::string& to) {
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  auto since = known(from);
  if (!since) return failure(std::move(since.error()));
  auto within = git::log_trailers(**open, to, *since);
  if (!within) return failure(std::move(within.error()));
  auto beside = git::branch_trailers(**open, to, *since);
  if (!beside) return failure(std::move(beside.error()));
  std::vector<port::DeliveryTrailer> answer;
  for (auto& found : *within) {
    answer.push_back({std::move(found.commit), std::move(found.vtid), std::move(found.digest), false});
  }
  for (auto& found : *beside) {
    answer.push_back({std::move(found.commit), std::move(found.vtid), std::move(found.digest), true});
  }
  return answer;
}

Result<std::optional<std::string>> GitRepository::ref_commit(const std::string& ref) {
  return git::remote_ref(git_, source_, ref);
}

Result<bool> GitRepository::holds(const std::string& ref, const std::string& ancestor) {
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  return (*open)->holds(source_, ref, ancestor);
}

Result<std::optional<port::BranchBeside>> GitRepository::fetch_beside(const std::string& ref) {
  using Found = std::optional<port::BranchBeside>;
  constexpr std::string_view branches = "refs/heads/";
  if (!ref.starts_with(branches) || !git::is_branch_name(ref.substr(branches.size()))) return Found();
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  auto there = git::remote_ref(git_, source_, ref);
  if (!there) return failure(std::move(there.error()));
  if (!*there) return Found();
  auto commit = (*open)->fetch_beside(source_, ref);
  if (!commit) return failure(std::move(commit.error()));
  auto tip = (*open)->tip(default_branch());
  if (!tip) return failure(std::move(tip.error()));
  port::BranchBeside found{.commit = std::move(*commit), .base = {}};
  if (*tip) {
    auto base = (*open)->merge_base(found.commit, **tip);
    if (!base) return failure(std::move(base.error()));
    found.base = base->value_or("");
  }
  return Found(std::move(found));
}

Result<void> GitRepository::forget_beside() {
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  return (*open)->forget_beside();
}

Result<port::PushAnswer> GitRepository::push(const domain::Deliverable& deliverable,
                                            const port::MayBegin& may_begin) {
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  git::PushRequest request{source_, deliverable.new_commit, deliverable.ref};
  request.may_begin = may_begin;
  if (!deliverable.old_commit.empty()) request.expected = deliverable.old_commit;
  auto pushed = git::push(**open, request);
  if (pushed) return port::PushAnswer{};
  if (pushed.error().code == FailureCode::DELIVERY_RACE) {
    auto now = ref_commit(deliverable.ref);
    if (!now) return failure(std::move(now.error()));
    return port::PushAnswer{port::PushOutcome::moved, now->value_or("")};
  }
  if (pushed.error().code == FailureCode::DELIVERY_TARGET_DIRTY) {
    const Error& why = pushed.error();
    std::string detail = why.message;
    if (!why.causes.empty()) detail += fmt::format(" ({})", fmt::join(why.causes, "; "));
    const auto act = why.context.find("hint");
    return port::PushAnswer{port::PushOutcome::dirty, std::move(detail),
                            act == why.context.end() ? "" : act->second};
  }
  return failure(std::move(pushed.error()));
}

Result<bool> GitRepository::withdraw(const domain::Deliverable& deliverable) {
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  return git::withdraw(**open, source_, deliverable.ref, deliverable.new_commit);
}

Result<void> GitRepository::remove(const std::string& ref, const std::string& commit) {
  // Elsewhere nothing is checked out as far as we know, and so nothing is kept beside it.
  if (!source_.local()) return {};
  auto open = mirror();
  if (!open) return failure(std::move(open.error()));
  return git::remove_branch(**open, source_, ref, commit);
}

}  // namespace vitana::app

#include "engine/delivery.h"

#include <fmt/format.h>

namespace vitana::engine {
namespace {

constexpr std::string_view heads = "refs/heads/";

/// Puts the commit on a branch of its own, if nothing else is there. A person finds it there while
/// the target cannot take it; failing is no fault of the delivery.
bool keep_beside(port::Repository& repository, const std::string& branch, const std::string& commit,
                 const port::MayBegin& may_begin) {
  const auto there = repository.ref_commit(branch);
  if (!there) return false;
  if (*there) return *there == commit;
  const auto pushed = repository.push({.ref = branch, .old_commit = "", .new_commit = commit}, may_begin);
  return pushed && pushed->outcome == port::PushOutcome::done;
}

}  // namespace

port::StepReport deliver(const Setup& setup, const port::Assignment& assignment, port::RunSource& source) {
  const auto fence = assignment.lease().fence;
  const auto failed = [&](Error error) -> port::StepReport {
    return domain::StepFailed{fence, std::move(error)};
  };
  const auto* repo = setup.repo(assignment.run.repo);
  if (repo == nullptr) {
    return failed({FailureCode::REPO_UNKNOWN,
                   fmt::format("no repository is called '{}'", assignment.run.repo)});
  }
  const domain::Deliverable& goods = *assignment.run.deliverable;
  port::Repository& repository = *repo->repository;

  const auto branch = domain::delivery_branch(assignment.run.id.vtid, assignment.title);
  const bool beside = assignment.previous.has_value();  // perhaps: a try before may have left it there
  // What lies beside is of no use once its commit is delivered, or judged anew on another base. If it
  // cannot be removed, it stays, and hurts nobody.
  const auto without_beside = [&](port::StepReport report) -> port::StepReport {
    if (beside && branch != goods.ref) (void)repository.remove(branch, goods.new_commit).has_value();
    return report;
  };
  // The push of an engine that died lands whenever it likes. So whether the ref holds the commit is asked
  // after it is known that the ref is not where it was: asked before, it could land in between.
  const auto moved = [&](std::string tip) -> port::StepReport {
    auto there = repository.holds(goods.ref, goods.new_commit);
    if (!there) return failed(std::move(there.error()));
    if (*there) return without_beside(domain::Delivered{fence});
    return without_beside(domain::BaseMoved{fence, std::move(tip)});
  };

  auto now = repository.ref_commit(goods.ref);
  if (!now) return failed(std::move(now.error()));
  if (!*now && goods.ref == assignment.target_ref) {
    return failed({FailureCode::BRANCH_MISSING, fmt::format("{} is gone", goods.ref.substr(heads.size()))});
  }
  if (now->value_or("") != goods.old_commit) return moved(now->value_or(""));

  // Who cancels takes the lease away first, and then looks what is there.
  const port::MayBegin may_begin = [&] { return source.require_lease(assignment.run.id, fence); };
  auto pushed = repository.push(goods, may_begin);
  if (!pushed) return failed(std::move(pushed.error()));
  switch (pushed->outcome) {
    case port::PushOutcome::done: return without_beside(domain::Delivered{fence});
    case port::PushOutcome::moved: return moved(std::move(pushed->detail));
    case port::PushOutcome::dirty:
      if (keep_beside(repository, branch, goods.new_commit, may_begin)) {
        pushed->detail += fmt::format("; meanwhile the result is on {}", branch.substr(heads.size()));
      }
      return domain::TargetDirty{fence, std::move(pushed->detail), std::move(pushed->act)};
  }
  return failed({FailureCode::INVARIANT_BROKEN, "a push without an outcome"});
}

}  // namespace vitana::engine

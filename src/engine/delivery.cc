#include "engine/delivery.h"

#include <fmt/format.h>

namespace vitana::engine {

port::StepReport deliver(const Setup& setup, const port::Assignment& assignment) {
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

  auto there = repository.holds(goods.ref, goods.new_commit);
  if (!there) return failed(std::move(there.error()));
  if (*there) return domain::Delivered{fence};

  auto now = repository.ref_commit(goods.ref);
  if (!now) return failed(std::move(now.error()));
  if (now->value_or("") != goods.old_commit) return domain::BaseMoved{fence, now->value_or("")};

  auto pushed = repository.push(goods);
  if (!pushed) return failed(std::move(pushed.error()));
  switch (pushed->outcome) {
    case port::PushOutcome::done: return domain::Delivered{fence};
    case port::PushOutcome::moved: return domain::BaseMoved{fence, pushed->detail};
    case port::PushOutcome::dirty: return domain::TargetDirty{fence, pushed->detail};
  }
  return failed({FailureCode::INVARIANT_BROKEN, "a push without an outcome"});
}

}  // namespace vitana::engine

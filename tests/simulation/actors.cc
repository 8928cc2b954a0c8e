#include "simulation/actors.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/delivery.h"

namespace vitana::testing {
namespace {

using domain::CriterionClass;
using domain::EvidenceVerdict;

const std::vector<Error>& step_errors() {
  static const std::vector<Error> errors = [] {
    std::vector<Error> all;
    for (const auto& info : failure_catalogue()) {
      const bool of_a_step = info.cls != FailureClass::spec && info.cls != FailureClass::budget &&
                             info.cls != FailureClass::governance;
      const bool governs = info.code == FailureCode::PATH_FORBIDDEN ||
                           info.code == FailureCode::UNSANDBOXED_REFUSED ||
                           info.code == FailureCode::CANCELLED;
      if (of_a_step || governs) all.push_back({info.code, "simulated"});
    }
    return all;
  }();
  return errors;
}

bool asks_person(const domain::Criterion& criterion, domain::UnverifiedMode mode) {
  return criterion.cls == CriterionClass::human ||
         (criterion.cls == CriterionClass::none && mode == domain::UnverifiedMode::human);
}

StepResult execute(World& world, Dice& dice, const Luck& luck, const port::Assignment& work) {
  const auto fence = work.lease().fence;
  if (dice.chance(luck.fails)) return {domain::StepFailed{fence, any_step_error(dice)}, {}};
  const bool no_change = work.spec.no_change || dice.chance(luck.odd / 2);
  SimRepository::Tree change;
  if (!no_change) {
    change[fmt::format("pages/{}.html", work.run.id.vtid.to_string())] = work.run.id.to_string();
  }
  const auto commit = world.repository().make_commit(work.run.base_commit, change, "", "");
  domain::Executed done{fence, commit, commit, !no_change, work.spec.no_change};
  if (dice.chance(luck.odd / 2)) done.question = "which blue?";
  done.workspace = work.run.id.to_string();
  return {std::move(done), {}};
}

StepResult verify(World& world, Dice& dice, const Luck& luck, domain::UnverifiedMode mode,
                  const port::Assignment& work) {
  const auto fence = work.lease().fence;
  auto& repository = world.repository();
  domain::Verified verified{fence};
  std::vector<domain::Evidence> evidence;
  const bool unproven = dice.chance(luck.odd);
  for (const auto& criterion : work.spec.criteria) {
    const bool signed_off = std::any_of(work.signed_off.begin(), work.signed_off.end(),
                                        [&](const auto& e) { return e.criterion == criterion.id; });
    if (asks_person(criterion, mode)) {
      ++(signed_off ? verified.signed_off : verified.open_sign_offs);
      if (!signed_off) {
        evidence.push_back({criterion.id, criterion.text, criterion.cls, EvidenceVerdict::skipped, "", {}, {}, "",
                            work.run.result_tree, world.clock().now()});
      }
      continue;
    }
    const bool passes = !criterion.checks.empty() && !unproven;
    ++(passes ? verified.passed : verified.attested);
    evidence.push_back({criterion.id, criterion.text, criterion.cls,
                        passes ? EvidenceVerdict::passed : EvidenceVerdict::attested, "", 0, 1, "",
                        work.run.result_tree, world.clock().now()});
  }
  if (dice.chance(luck.fails)) {
    for (auto& one : evidence) {
      if (one.verdict != EvidenceVerdict::skipped) one.verdict = EvidenceVerdict::failed;
    }
    return {domain::StepFailed{fence, any_step_error(dice)}, std::move(evidence)};
  }
  verified.no_change_allowed = work.spec.no_change;
  // Now and then another task has delivered the same change meanwhile.
  const bool overtaken = repository.tip() != work.run.base_commit && dice.chance(luck.odd / 2);
  verified.nothing_to_deliver = work.spec.no_change || overtaken;
  SimRepository::Tree change = repository.at(work.run.result_commit).tree;
  for (const auto& [path, content] : repository.at(work.run.base_commit).tree) {
    if (change.contains(path) && change.at(path) == content) change.erase(path);
  }
  if (dice.chance(luck.odd / 2)) {
    // The change brings a spec along.
    change[Author::path(work.run.id.vtid, 0)] = work.spec_text + "\nSeen while working.\n";
  }
  const auto tip = repository.tip();
  verified.deliverable = {work.target_ref, tip,
                          repository.make_commit(tip, change, work.run.id.vtid.to_string(),
                                                 work.run.spec_digest.to_string()),
                          "tree"};
  return {std::move(verified), std::move(evidence)};
}

}  // namespace

std::string Author::path(Vtid vtid, int which) {
  switch (which) {
    case 0: return fmt::format("docs/specs/{:05}-first.md", vtid.number());
    case 1: return fmt::format("docs/specs/{}-second.md", vtid.to_string());
    default: return fmt::format("docs/specs/later/{:05}-moved.md", vtid.number());
  }
}

std::string Author::text(double invalid) {
  std::string front;
  switch (dice_.below(18)) {
    case 0: front = "---\nstatus: draft\n---\n"; break;
    case 1: front = "---\nstatus: done\n---\n"; break;
    case 2: front = "---\nchange: none\n---\n"; break;
    case 3: front = "---\npriority: 1\n---\n"; break;
    default: break;
  }
  std::string text = fmt::format(
      "{}# A task of kind {}\n\n## Summary\n\nThe operator entry of the sidebar is shown wrongly.\n\n"
      "## Current Behavior\n\nIt is red.\n\n",
      front, dice_.below(4));
  if (dice_.chance(invalid)) return text;  // nobody could tell when it is done: invalid
  text += "## Acceptance Criteria\n\n- The entry is blue\n\n  ```check\n  grep -q blue page.html\n  ```\n";
  switch (dice_.below(8)) {
    case 0: text += "- It reads well\n"; break;
    case 1: text += "- [human] It is beautiful\n"; break;
    case 2: text += "- [human] It is beautiful\n- [human] It is calm\n"; break;
    default: break;
  }
  if (dice_.chance(0.25)) {
    const auto on = dice_.chance(0.05) ? Vtid(1300) : any_vtid();
    text += fmt::format("\n## Dependencies\n\n- {}\n", on.to_string());
  }
  return text;
}

SimRepository::Tree Author::change(const SimRepository::Tree& now) {
  SimRepository::Tree change;
  std::vector<std::string> there;
  for (const auto& [path, content] : now) {
    if (path.starts_with("docs/specs/")) there.push_back(path);
  }
  const int files = 1 + dice_.below(3);
  for (int i = 0; i < files; ++i) {
    const auto vtid = any_vtid();
    switch (there.empty() ? 0 : dice_.below(8)) {
      case 0:
      case 1:
      case 2: change[path(vtid, 0)] = text(); break;
      case 3: change[dice_.pick(there)] = text(); break;
      case 4: change[dice_.pick(there)] = ""; break;
      case 5: {  // renamed
        const auto& from = dice_.pick(there);
        const auto number = from.substr(from.find_last_of('/') + 1);
        change[number.starts_with("VTID") ? path(vtid, 2) : "docs/specs/later/" + number] = now.at(from);
        change[from] = "";
        break;
      }
      case 6: change[path(vtid, 1)] = text(); break;  // claimed twice
      default: change[path(vtid, 0)] = now.at(dice_.pick(there)); break;  // the same text again
    }
  }
  return change;
}

Error any_step_error(Dice& dice) { return dice.pick(step_errors()); }

StepResult do_step(World& world, Dice& dice, const Luck& luck, domain::UnverifiedMode mode,
                   const port::Assignment& assignment) {
  switch (assignment.step) {
    case domain::Step::execute: return execute(world, dice, luck, assignment);
    case domain::Step::verify: return verify(world, dice, luck, mode, assignment);
    case domain::Step::deliver: break;
  }
  if (dice.chance(luck.fails / 3)) {
    static const std::vector<FailureCode> codes{FailureCode::GIT_FAILED, FailureCode::DELIVERY_REFUSED,
                                                FailureCode::NETWORK_UNREACHABLE};
    const auto code = dice.pick(codes);
    const auto& goods = *assignment.run.deliverable;
    // Nobody refuses what is there already.
    const bool there = world.repository().is_ancestor(goods.new_commit, world.repository().tip());
    if (!there || code != FailureCode::DELIVERY_REFUSED) {
      return {domain::StepFailed{assignment.lease().fence, {code, "simulated"}}, {}};
    }
  }
  return {engine::deliver(world.engine().setup(), assignment, world.engine().runs), {}};
}

port::StepReport deliver_blindly(World& world, const port::Assignment& assignment) {
  const auto& goods = *assignment.run.deliverable;
  auto& repository = world.repository();
  const auto& made = repository.at(goods.new_commit);
  const auto tip = repository.tip();
  const auto again = tip == goods.old_commit
                         ? goods.new_commit
                         : repository.make_commit(tip, made.tree, made.vtid, made.digest);
  auto pushed = assignment.run.deliverable;
  pushed->old_commit = tip;
  pushed->new_commit = again;
  const auto done = world.engine().setup().repos.front().repository->push(*pushed, {});
  const auto fence = assignment.lease().fence;
  if (!done) return domain::StepFailed{fence, done.error()};
  if (done->outcome == port::PushOutcome::dirty) return domain::TargetDirty{fence, done->detail};
  return domain::Delivered{fence};
}

}  // namespace vitana::testing

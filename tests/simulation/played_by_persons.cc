#include "simulation/schedule_play.h"

#include <fmt/format.h>

#include "base/check.h"

namespace vitana::testing {

using namespace std::chrono_literals;
using domain::BlockReason;
using domain::TaskStatus;

std::pair<std::string, bool> Schedule::what_was_read() {
  store::RepoRow row{.name = "hub"};
  CHECK(world_.store().read([&](store::Reader& reader) -> Result<void> {
                        row = reader.repo(row.name).value_or(row);
                        return {};
                      }).has_value());
  return {row.synced_commit, row.unsettled};
}

template <typename Command>
std::string Schedule::give(const std::string& what, Command&& command) {
  const bool watch = dice_.chance(0.3);
  std::vector<domain::Task> before;
  if (watch) before = tasks();
  const auto read_before = what_was_read();
  const auto answer = command();
  // Who brings a text looks at the repository first: what that look finds counts though the text is refused.
  const bool alone = what_was_read() == read_before;
  if (watch && !answer && alone && tasks() != before) found(what + " was refused and changed a task");
  return fmt::format("{} -> {}", what, told(answer));
}

std::string Schedule::registered(Vtid vtid, const Result<engine::Registered>& answer,
                                 const Digest& digest) {
  if (answer) seen_.acknowledged.push_back({vtid, digest});
  return told(answer);
}

std::string Schedule::submit() {
  engine::Submission submission{.vtid = author_.any_vtid(), .text = author_.text()};
  submission.provenance = {.source = domain::SpecSource::manual, .author = "ada", .reason = "by hand"};
  if (dice_.chance(0.3)) {
    submission.provenance.repo = "hub";
    submission.provenance.path = Author::path(*submission.vtid, 0);
  }
  submission.resolve = dice_.chance(0.3);
  return give(fmt::format("submit {}{}", submission.vtid->to_string(), submission.resolve ? " resolve" : ""),
              [&] {
                auto answer = world_.engine().registry.submit(submission, "ada");
                registered(*submission.vtid, answer, Digest::of(submission.text));
                return answer;
              });
}

/// Two persons register texts of their own for one VTID, one right after the other.
std::string Schedule::race() {
  const auto vtid = author_.any_vtid();
  const auto first = author_.text();
  const auto second = author_.text();
  std::string story = "race " + vtid.to_string();
  int reference = 1000 + dice_.below(1000);
  int winners = 0;
  for (const auto& text : {first, second}) {
    engine::Submission submission{.vtid = vtid, .text = text};
    submission.provenance = {.source = domain::SpecSource::oasis, .author = "ben",
                             .reference = std::to_string(++reference)};
    const auto answer = world_.engine().registry.submit(submission, "ben");
    winners += answer ? 1 : 0;
    story += " " + registered(vtid, answer, Digest::of(text));
  }
  if (winners > 1 && first != second) found(story + ": two texts won");
  return story;
}

std::string Schedule::intake() {
  auto& intake = world_.engine().intake;
  if (intakes_.empty() || dice_.chance(0.3)) {
    const auto begun = intake.begin("eve");
    if (begun) intakes_.push_back(begun->id);
    return "intake begins";
  }
  const auto id = dice_.pick(intakes_);
  for (int i = 0; i < 3; ++i) {
    static const std::vector<std::string> answers{"The sidebar shows it", "It should be blue\ncheck: true",
                                                  "TBD", " "};
    (void)intake.answer(id, dice_.pick(answers), "op").has_value();
  }
  const auto done = intake.complete(id, "eve");
  if (done) seen_.acknowledged.push_back({done->vtid, done->digest});
  return fmt::format("intake {} completes -> {} {}", id, done ? done->vtid.to_string() : "", told(done));
}

std::string Schedule::draft() {
  auto& drafts = world_.engine().drafts;
  if (drafts_.empty() || dice_.chance(0.3)) {
    const auto vtid = dice_.chance(0.7) ? std::optional(author_.any_vtid()) : std::nullopt;
    const auto made = drafts.create("A draft", author_.text(), vtid, "dan");
    if (made) drafts_.push_back(made->id);
    return "draft created";
  }
  const auto id = dice_.pick(drafts_);
  if (dice_.chance(0.2)) return give("draft edited", [&] { return drafts.edit(id, author_.text(), "dan"); });
  if (dice_.chance(0.8)) (void)drafts.validate(id, "dan").has_value();
  return give(fmt::format("draft {} approved", id), [&] {
    auto done = drafts.approve(id, "dan");
    if (done) seen_.acknowledged.push_back({done->vtid, done->digest});
    return done;
  });
}

std::string Schedule::create_task() {
  const auto vtid = dice_.chance(0.7) ? std::optional(author_.any_vtid()) : std::nullopt;
  const auto description = dice_.chance(0.5) ? author_.text() : std::string();
  return give("task create", [&] {
    auto made = world_.engine().registry.create_task({vtid, "A task", description}, "ada");
    if (made) seen_.acknowledged.push_back({made->vtid, std::nullopt});
    return made;
  });
}

std::string Schedule::command_of_a_person() {
  auto& desk = world_.engine().desk;
  const auto all = tasks();
  const auto vtid = all.empty() ? author_.any_vtid() : dice_.pick(all).vtid;
  const auto name = vtid.to_string();
  switch (dice_.below(10)) {
    case 9: return give("close " + name, [&] { return closed(vtid); });
    case 0: return give("approve " + name, [&] { return desk.approve(vtid, "op"); });
    case 1: return give("approve text " + name, [&] { return desk.approve_spec(vtid, "op"); });
    case 2: return give("retry " + name, [&] { return desk.retry(vtid, "again", "op"); });
    case 3:
      // Not one of those that change nothing when they refuse: it settles what it finds delivered.
      return "cancel " + name + " -> " + told(desk.cancel(vtid, "no more", "op"));
    case 4: return give("answer " + name, [&] { return desk.answer(vtid, "azure", "op"); });
    case 5: {
      const std::string one = dice_.chance(0.5) ? "" : fmt::format("AC-{}", 1 + dice_.below(3));
      return give("sign off " + name,
                  [&] { return desk.sign_off(vtid, one, dice_.chance(0.7), "seen", "op"); });
    }
    case 6:
      return give("adopt " + name,
                  [&] { return desk.adopt(dice_.chance(0.5) ? "**" : name, engine::Adoption::run, "op"); });
    case 7: return give("adopt as done " + name, [&] { return desk.adopt(name, engine::Adoption::done, "op"); });
    default:
      // Another one that may change something when it refuses: it notes what it found.
      return "enforce " + name + " -> " + told(world_.engine().registry.enforce_spec_requirement(vtid));
  }
}

/// No command of the desk closes any task yet; the rules let a person do it.
Result<void> Schedule::closed(Vtid vtid) {
  auto& engine = world_.engine();
  return world_.store().commit([&](store::Ledger& ledger) -> Result<void> {
    auto done = engine::conduct(ledger, engine.setup(), entropy_, vtid, domain::Close{"done by hand"}, "op");
    if (!done) return failure(std::move(done.error()));
    return {};
  });
}

std::string Schedule::control() {
  const bool on = dice_.chance(0.6);
  std::optional<Instant> until;
  if (dice_.chance(0.5)) until = world_.clock().now() + std::chrono::minutes(1 + dice_.below(90));
  if (on && dice_.chance(0.7)) until.reset();
  return fmt::format("execution {} {}: {}", on ? "on" : "off", until ? "for a while" : "",
                     told(world_.engine().desk.set_control("execution", on, "night", until, "op")));
}

/// What persons can do for the tasks that wait for one.
std::string Schedule::answer_everything() {
  auto& desk = world_.engine().desk;
  std::string story;
  for (const auto& task : tasks()) {
    const auto vtid = task.vtid;
    if (task.status != TaskStatus::blocked) continue;
    std::string what;
    switch (*task.blocked) {
      case BlockReason::not_adopted: what = told(desk.adopt(vtid.to_string(), engine::Adoption::run, "op")); break;
      case BlockReason::spec_renumbered:
      case BlockReason::spec_approval: what = told(desk.approve_spec(vtid, "op")); break;
      case BlockReason::approval_pending: what = told(desk.approve(vtid, "op")); break;
      case BlockReason::question: what = told(desk.answer(vtid, "azure", "op")); break;
      case BlockReason::sign_off:
      case BlockReason::evidence_lacking: what = told(desk.sign_off(vtid, "", true, "seen", "op")); break;
      case BlockReason::quarantined: what = told(desk.retry(vtid, "again", "op")); break;
      case BlockReason::spec_conflict: {
        engine::Submission chosen{.vtid = vtid, .text = sample_spec()};
        chosen.provenance = {.source = domain::SpecSource::manual, .author = "op"};
        chosen.resolve = true;
        what = told(world_.engine().registry.submit(chosen, "op"));
        break;
      }
      case BlockReason::dependency_failed: what = told(desk.cancel(vtid, "nothing to build on", "op")); break;
      case BlockReason::spec_held:
      case BlockReason::dependency_unknown:
      case BlockReason::dependency_pending:
      case BlockReason::delivery_target_dirty: continue;
    }
    story += fmt::format(" {} {} {};", vtid.to_string(), name_of(*task.blocked), what);
  }
  return story;
}

}  // namespace vitana::testing

#include "simulation/rare_moves.h"

#include <functional>

#include "base/check.h"
#include "engine/conduct.h"
#include "simulation/checker.h"
#include "support/world.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;
using domain::Step;

const Vtid vtid(1213);
const std::string path = "docs/specs/01213-sidebar.md";
const std::string held = "---\nstatus: draft\n---\n";

/// A world with one task, and the words of the plays.
class Play {
 public:
  Play(Moves& moves, std::vector<std::string>& findings, domain::Policy policy = {})
      : recording_({}, moves), findings_(findings), policy_(policy),
        world({.policy = policy, .rules = recording_.rules()}), entropy_(1) {
    policy_.caps = policy.caps;
  }
  ~Play() {
    auto story = read_story(world.store());
    CHECK(story.has_value());
    story->policy = policy_;
    for (auto& finding : check(*story)) findings_.push_back(std::move(finding));
  }

  void commit(const std::string& text) {
    world.repository().commit({{path, text}});
    world.scan();
  }
  void start() {
    commit(sample_spec());
    world.conduct();
  }
  void foreign() { world.repository().commit({{"other.txt", std::to_string(++commits_)}}); }

  /// Who executes is elsewhere, and judges nothing.
  port::Assignment claim(Step step) {
    return claim(step, step == Step::execute ? "remote:one" : engine::local_worker("home.1", "one"));
  }
  port::Assignment claim(Step step, const std::string& worker) {
    auto granted = world.engine().runs.claim({worker, "", {step}, 1});
    CHECK(granted.has_value() && !granted->empty());
    return std::move(granted->front());
  }
  void work(Step step) { CHECK(world.work_one({step})); }
  void fail(Step step, FailureCode code) {
    const auto work = claim(step);
    report(work, domain::StepFailed{work.lease().fence, {code, "played"}});
  }
  void report(const port::Assignment& work, const port::StepReport& report,
              std::vector<domain::Evidence> evidence = {}) {
    CHECK(world.engine().runs.report(work.run.id, report, std::move(evidence)).has_value());
  }
  void wait(Duration by) {
    world.clock().advance(by);
    world.conduct();
  }
  void lose(Step step) {
    (void)claim(step);
    for (int i = 0; i < 14; ++i) {
      world.clock().advance(5s);
      CHECK(world.engine().runs.reap().has_value());
    }
  }
  /// A command that no function of the engine gives by itself.
  void give(const domain::Command& command, Vtid to = vtid) {
    const auto done = world.store().commit([&](store::Ledger& ledger) -> Result<void> {
      auto decision = engine::conduct(ledger, world.engine().setup(), entropy_, to, command, "op");
      if (!decision) return failure(std::move(decision.error()));
      return {};
    });
    CHECK(done.has_value());
  }
  /// Up to a target that is dirty, and looked at again.
  void up_to_dirty() {
    start();
    work(Step::execute);
    work(Step::verify);
    world.repository().dirty = true;
    work(Step::deliver);
    wait(31s);
  }

 private:
  Recording recording_;
  std::vector<std::string>& findings_;
  domain::Policy policy_;
  int commits_ = 0;

 public:
  World world;

 private:
  SimEntropy entropy_;
};

domain::Policy runs(int most) {
  domain::Policy policy;
  policy.retry.runs = most;
  return policy;
}

/// The branch moves under a delivery until it is given up.
void race(Play& play, bool newer, bool from_dirty) {
  play.start();
  play.work(Step::execute);
  for (int i = 0; i <= domain::base_moves_max; ++i) {
    play.work(Step::verify);
    const bool last = i == domain::base_moves_max;
    if (last && newer) {
      play.commit(held + sample_spec("A newer text"));
    } else if (!last || !from_dirty) {
      play.foreign();
    }
    if (last && from_dirty && !newer) {
      play.world.repository().dirty = true;
      play.work(Step::deliver);
      play.world.repository().dirty = false;
      play.foreign();
      play.wait(31s);
    }
    play.work(Step::deliver);
  }
}

void races(Moves& moves, std::vector<std::string>& findings) {
  for (const int most : {1, 3}) {
    for (const bool from_dirty : {false, true}) {
      Play play(moves, findings, runs(most));
      race(play, false, from_dirty);
    }
  }
  {
    Play newer(moves, findings);
    race(newer, true, false);
  }
  Play dirty(moves, findings);
  dirty.start();
  dirty.work(Step::execute);
  for (int i = 0; i < domain::base_moves_max; ++i) {
    dirty.work(Step::verify);
    dirty.foreign();
    dirty.work(Step::deliver);
  }
  dirty.work(Step::verify);
  dirty.world.repository().dirty = true;
  dirty.work(Step::deliver);
  dirty.commit(held + sample_spec("A newer text"));
  dirty.wait(31s);
  dirty.work(Step::deliver);
}

void dirty_targets(Moves& moves, std::vector<std::string>& findings) {
  {
    Play play(moves, findings);
    play.up_to_dirty();
    play.work(Step::deliver);
    play.wait(31s);
    play.world.repository().dirty = false;
    play.work(Step::deliver);
  }
  {
    Play play(moves, findings);
    play.up_to_dirty();
    play.foreign();
    play.work(Step::deliver);
  }
  {
    Play play(moves, findings);
    play.up_to_dirty();
    play.lose(Step::deliver);
    const auto work = play.claim(Step::deliver);
    play.report(work, domain::Release{work.lease().fence});
    play.fail(Step::deliver, FailureCode::GIT_FAILED);
    play.wait(10min);
    play.fail(Step::deliver, FailureCode::DELIVERY_REFUSED);
  }
  {
    Play play(moves, findings);
    play.up_to_dirty();
    play.fail(Step::deliver, FailureCode::DELIVERY_REFUSED);
  }
  for (const bool hold : {false, true}) {
    Play play(moves, findings);
    play.up_to_dirty();
    play.commit((hold ? held : "") + sample_spec("A newer text"));
    play.fail(Step::deliver, FailureCode::DELIVERY_REFUSED);
  }
  Play play(moves, findings);
  play.start();
  play.work(Step::execute);
  play.work(Step::verify);
  play.world.repository().dirty = true;
  play.work(Step::deliver);
  CHECK(play.world.engine().desk.cancel(vtid, "no more", "op").has_value());
}

void deadlines_and_losses(Moves& moves, std::vector<std::string>& findings) {
  {
    Play play(moves, findings);
    play.start();
    for (int i = 0; i < domain::transient_failures_max; ++i) {
      play.wait(16min);  // nobody takes it
      play.wait(16min);
    }
  }
  {
    Play play(moves, findings);
    play.start();
    play.commit(held + sample_spec("A newer text"));
    play.wait(16min);
  }
  {
    Play play(moves, findings);
    play.start();
    (void)play.claim(Step::execute);
    play.commit(held + sample_spec("A newer text"));
    play.wait(70min);
  }
  {
    Play play(moves, findings);
    play.start();
    play.work(Step::execute);
    for (int i = 0; i < domain::worker_losses_max; ++i) play.lose(Step::verify);
  }
  {
    Play play(moves, findings);
    play.start();
    for (int i = 0; i < domain::worker_losses_max; ++i) play.lose(Step::execute);
  }
  {
    Play play(moves, findings);
    play.start();
    play.work(Step::execute);
    play.work(Step::verify);
    const auto work = play.claim(Step::deliver);
    play.report(work, domain::Release{work.lease().fence});
    play.lose(Step::deliver);
    play.wait(30min);
  }
}

void persons(Moves& moves, std::vector<std::string>& findings) {
  for (const bool newer : {true, false}) {
    // Judged one by one, and at last as not met; the text may have changed meanwhile.
    Play play(moves, findings);
    play.commit(sample_spec() + "- [human] It is calm\n- [human] It is beautiful\n");
    play.world.conduct();
    play.work(Step::execute);
    const auto work = play.claim(Step::verify);
    domain::Verified open{work.lease().fence};
    open.open_sign_offs = 2;
    play.report(work, open, {{.criterion = "AC-2", .cls = domain::CriterionClass::human},
                             {.criterion = "AC-3", .cls = domain::CriterionClass::human}});
    auto& desk = play.world.engine().desk;
    CHECK(desk.sign_off(vtid, "AC-2", true, "calm", "op").has_value());
    if (newer) play.commit(sample_spec("A newer text"));
    CHECK(desk.sign_off(vtid, "AC-3", false, "not blue", "op").has_value());
  }
  {
    // An answer to a question whose task has lost what it builds on.
    Play play(moves, findings);
    const Vtid other(1214);
    play.world.repository().commit({{"docs/specs/01214-other.md", sample_spec("Another")}});
    play.world.settle();
    play.commit(sample_spec() + "\n## Dependencies\n\n- VTID-01214\n");
    play.world.conduct();
    const auto work = play.claim(Step::execute);
    domain::Executed asked{work.lease().fence, work.run.base_commit, "tree"};
    asked.question = "which blue?";
    play.report(work, asked);
    CHECK(play.world.engine().desk.retry(other, "once more", "op").has_value());
    CHECK(play.world.engine().desk.cancel(other, "no more", "op").has_value());
    play.world.conduct();
    CHECK(play.world.engine().desk.answer(vtid, "azure", "op").has_value());
  }
  {
    Play play(moves, findings);
    CHECK(play.world.engine().registry.create_task({vtid, "A title", ""}, "op").has_value());
    play.give(domain::ChangeWaits{{}, "nothing is waited for"});
    domain::Waits conflict;
    conflict.conflict = true;
    play.give(domain::ChangeWaits{conflict, "two texts"});
    play.give(domain::ChangeWaits{{}, "both are withdrawn"});
    play.give(domain::Close{"done by hand"});
  }
  {
    Play play(moves, findings);
    play.commit(sample_spec());
    play.give(domain::Close{"done by hand"});
  }
  {
    // Two texts for one task, then none.
    Play play(moves, findings);
    const std::string other = "docs/specs/VTID-01213-other.md";
    play.world.repository().commit({{path, sample_spec("One text")}, {other, sample_spec("Another")}});
    play.world.scan();
    play.world.repository().commit({{path, ""}, {other, ""}});
    play.world.scan();
  }
  for (const bool fails : {true, false}) {
    Play play(moves, findings, runs(1));
    play.start();
    if (fails) play.fail(Step::execute, FailureCode::AGENT_FAILED);
    else CHECK(play.world.engine().desk.cancel(vtid, "no more", "op").has_value());
    play.give(domain::Close{"done by hand"});
  }
  {
    Play play(moves, findings);
    play.commit(sample_spec());
    play.give(domain::RefuseSpec{{FailureCode::CHECKSUM_MISMATCH, "the stored text was changed"}});
  }
  Play done(moves, findings, runs(1));
  done.start();
  done.fail(Step::execute, FailureCode::AGENT_FAILED);
  done.commit("---\nstatus: done\n---\n" + sample_spec("Done by hand, as its text says"));
}

/// An engine that ended between allocating a run and offering it (not this one, which does both at
/// once), or while it was sent to its worker.
void not_offered(Moves& moves, std::vector<std::string>& findings) {
  for (const int i : {0, 1, 2, 3}) {
    const bool cancels = i % 2 == 0;
    Play play(moves, findings);
    play.commit(sample_spec());
    play.give(domain::Allocate{play.world.repository().tip(), Digest::of("c"), "fixer"});
    if (i > 1) play.give(domain::Offer{"http://worker.example/"});
    if (cancels) CHECK(play.world.engine().desk.cancel(vtid, "no more", "op").has_value());
    play.wait(16min);
  }
}

}  // namespace

std::vector<std::string> play_rare_moves(Moves& moves) {
  std::vector<std::string> findings;
  races(moves, findings);
  dirty_targets(moves, findings);
  deadlines_and_losses(moves, findings);
  persons(moves, findings);
  not_offered(moves, findings);
  return findings;
}

}  // namespace vitana::testing

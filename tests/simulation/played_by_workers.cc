#include "simulation/schedule_play.h"

#include <fmt/format.h>

#include "base/check.h"
#include "sql/sqlite.h"

namespace vitana::testing {

using namespace std::chrono_literals;
using domain::Step;

constexpr Duration tick = 5s;  ///< at most domain::lease_renew, or the reaper sees a gap

Schedule::Worker& Schedule::any_worker(bool holding) {
  std::vector<std::size_t> such;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (workers_[i].held.has_value() == holding) such.push_back(i);
  }
  return workers_[such.empty() ? 0 : dice_.pick(such)];
}

std::string Schedule::claim(Worker& worker, const std::vector<Step>& steps) {
  if (worker.held) return "";
  const auto name = worker.name.empty() ? world_.local_worker("sim") : worker.name;
  auto granted = world_.engine().runs.claim({name, "", steps, 1});
  if (!granted) return "claim " + told(granted);
  if (granted->empty()) return "";
  worker.held = std::move(granted->front());
  const auto& work = *worker.held;
  if (Digest::of(work.spec_text) != work.run.spec_digest) {
    found(fmt::format("run {} was given a text that is not the one it is bound to", work.run.id.to_string()));
  }
  return fmt::format("{} claims {} {} under {}", name, work.run.id.to_string(), name_of(work.step),
                     work.lease().fence);
}

std::string Schedule::send(const RunId& run, const port::StepReport& report,
                           std::vector<domain::Evidence> evidence) {
  const auto fence = std::visit([](const auto& r) { return r.fence; }, report);
  const auto before = log_end();
  const auto answer = world_.engine().runs.report(run, report, std::move(evidence));
  seen_.reports.push_back({run, fence, answer.has_value(), before});
  const auto command = std::visit([](const auto& r) -> domain::Command { return r; }, report);
  std::string detail;
  if (const auto* failed = std::get_if<domain::StepFailed>(&report)) detail = name_of(failed->error.code);
  return fmt::format("{} reports {} {} under {} -> {}", run.to_string(), name_of(domain::kind_of(command)),
                     detail, fence, told(answer));
}

std::string Schedule::finish(Worker& worker) {
  if (!worker.held) return "";
  const port::Assignment work = *worker.held;
  // A supervised worker that lost its lease ends its step; an unsupervised report may still come.
  const auto told = world_.engine().runs.renew(work.run.id, work.lease().fence);
  if (told == port::Directive::lost && (work.step == Step::deliver || dice_.chance(0.5))) {
    worker.held.reset();
    return fmt::format("{} learns that it lost {}", worker.name, work.run.id.to_string());
  }
  StepResult result = dice_.chance(luck_.odd / 3)
                          ? StepResult{domain::Release{work.lease().fence}, {}}
                      : work.step == Step::deliver && options_.delivers_blindly
                          ? StepResult{deliver_blindly(world_, work), {}}
                          : do_step(world_, dice_, luck_, policy_.unverified, work);
  worker.last = {work.run.id, result};
  if (luck_.fails > 0 && dice_.chance(0.05)) {  // done, and the report is on its way for long
    lost_.push_back({work, result});
    worker.held.reset();
    return fmt::format("{} did {} and went away", worker.name, work.run.id.to_string());
  }
  worker.held.reset();
  return send(work.run.id, result.report, std::move(result.evidence));
}

/// A worker that was taken for dead reports under the token it once had.
std::string Schedule::late_report() {
  if (lost_.empty()) return "";
  const auto [work, done] = dice_.pick(lost_);
  const auto fence = work.lease().fence;
  if (done) return "late: " + send(work.run.id, done->report, done->evidence);
  // No worker pushes before it has seen that its lease still lives.
  const auto told = world_.engine().runs.renew(work.run.id, fence);
  if (work.step == Step::deliver && told == port::Directive::lost) {
    return "late: " + send(work.run.id, domain::Release{fence}, {});
  }
  auto result = do_step(world_, dice_, luck_, policy_.unverified, work);
  return "late: " + send(work.run.id, result.report, std::move(result.evidence));
}

std::string Schedule::pass_time(int ticks, double renewing) {
  for (int i = 0; i < ticks; ++i) {
    world_.clock().advance(tick);
    auto& runs = world_.engine().runs;
    if (const auto reaped = runs.reap(); !reaped) found("the reaper failed: " + to_string(reaped.error()));
    for (auto& worker : workers_) {
      if (worker.held && dice_.chance(renewing)) {
        (void)runs.renew(worker.held->run.id, worker.held->lease().fence);
      }
    }
  }
  return fmt::format("{} s pass", ticks * 5);
}

std::string Schedule::damage_a_spec() {
  if (!options_.damages_specs || options_.store_path.empty()) return "";
  for (const auto& task : tasks()) {
    if (!task.spec || domain::is_terminal(task.status)) continue;
    auto raw = sql::open_sqlite({.path = options_.store_path, .mode = sql::OpenMode::read_write});
    CHECK(raw.has_value());
    (*raw)->script("DROP TRIGGER IF EXISTS vtid_specs_no_update");
    (*raw)->execute("UPDATE vtid_specs SET spec_text = spec_text || 'x' WHERE vtid = $1",
                    {task.vtid.to_string()});
    damaged_ = true;
    return "somebody changes the text of " + task.vtid.to_string();
  }
  return "";
}

}  // namespace vitana::testing

// The seven gaps that the product began with. For each: the work goes through, and the old fault,
// re-created as a negative control, is seen to bring the old failure back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>

#include "spec/template.h"
#include "support/world.h"

namespace vitana::testing {
namespace {

using domain::BlockReason;
using domain::TaskStatus;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const Vtid vtid(1213);
const std::string path = "docs/specs/01213-sidebar-operator-color.md";

/// How often a type stands in the log.
long times(const std::vector<std::string>& types, const std::string& type) {
  return std::count(types.begin(), types.end(), type);
}

WorldOptions with_failing_agent() {
  WorldOptions options;
  options.agent = [](const port::Assignment&) {
    SimAgent agent;
    agent.error = Error{FailureCode::AGENT_FAILED, "exit 3"};
    return agent;
  };
  return options;
}

// 1 -- Nothing registered the spec files that lay in git.

TEST(gap1, a_spec_that_is_only_in_git_is_registered_and_carried_out) {
  World world;
  world.repository().commit({{path, sample_spec()}});
  world.settle();
  EXPECT_EQ(world.task(vtid).status, TaskStatus::completed);
  EXPECT_EQ(world.repository().deliveries_of("VTID-01213"), 1);
  EXPECT_THAT(world.event_types(vtid), Contains("vtid.spec.registered"));
}

TEST(gap1, control_without_the_scan_the_file_is_never_seen) {
  World world;
  world.repository().commit({{path, sample_spec()}});
  world.conduct();
  while (world.work_one()) world.conduct();
  EXPECT_FALSE(world.find(vtid).has_value());
}

// 2 -- Three stores that nobody compared.

TEST(gap2, sources_that_differ_are_a_conflict_that_names_them_all) {
  World world;
  world.repository().commit({{path, sample_spec("One text")},
                             {"docs/specs/VTID-01213-other.md", sample_spec("Another text")}});
  world.settle();
  const auto task = world.task(vtid);
  EXPECT_EQ(task.status, TaskStatus::blocked);
  EXPECT_EQ(task.blocked, BlockReason::spec_conflict);
  ASSERT_TRUE(task.failure.has_value());
  EXPECT_EQ(task.failure->code, FailureCode::SPEC_CONFLICT);
  EXPECT_THAT(task.failure->message, HasSubstr(path));
  EXPECT_THAT(task.failure->message, HasSubstr("VTID-01213-other.md"));
  EXPECT_TRUE(world.runs(vtid).empty());
}

TEST(gap2, a_rival_of_a_registered_text_changes_nothing) {
  World world(with_failing_agent());
  world.repository().commit({{path, sample_spec("The owner's text")}});
  world.scan();
  const auto before = world.task(vtid);
  engine::Submission rival{.vtid = vtid, .text = sample_spec("A rival's text"),
                           .provenance = {.source = domain::SpecSource::manual, .author = "op"}};
  const auto refused = world.engine().registry.submit(rival, "op");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, FailureCode::SPEC_CONFLICT);
  EXPECT_EQ(world.task(vtid).spec, before.spec);
  EXPECT_THAT(world.event_types(vtid), Contains("vtid.spec.conflict.detected"));
}

TEST(gap2, control_where_the_last_one_wins_the_order_of_arrival_decides_what_runs) {
  const auto candidates = [](std::vector<const char*> texts) {
    std::vector<domain::Candidate> all;
    for (const auto* text : texts) {
      all.push_back({{.source = domain::SpecSource::git, .path = text}, Digest::of(text), true});
    }
    return all;
  };
  const auto one_way = candidates({"one", "another"});
  const auto other_way = candidates({"another", "one"});
  // What the old system did: whatever text comes last replaces the one before.
  const auto last_wins = [](const std::vector<domain::Candidate>& all) { return all.back().digest; };
  EXPECT_NE(last_wins(one_way), last_wins(other_way));
  for (const auto& all : {one_way, other_way}) {
    const auto unified = domain::unify(all, std::nullopt, std::nullopt, std::nullopt);
    EXPECT_EQ(unified.outcome, domain::UnifyOutcome::conflict);
    EXPECT_FALSE(unified.chosen.has_value());
  }
}

// 3 -- A dispatch that failed and said "ok".

class BrokenRoute : public port::Dispatcher {
 public:
  explicit BrokenRoute(bool lies) : lies_(lies) {}
  std::optional<port::CallbackWorker> choose(const RunId&, const std::vector<port::CallbackWorker>&, int) override {
    return port::CallbackWorker{"wrk_1", "http://127.0.0.1:1/", {}};
  }
  Result<void> route(const port::RunOffer&, const port::CallbackWorker&) override {
    ++calls;
    if (lies_) return {};  // the old fault: a failure reported as success
    return failure(FailureCode::ROUTE_FAILED, "connection refused");
  }
  int calls = 0;

 private:
  bool lies_;
};

TEST(gap3, a_failed_route_is_seen_retried_and_ends_in_pending_pickup) {
  auto route = std::make_shared<BrokenRoute>(false);
  WorldOptions options;
  options.dispatcher = route;
  World world(std::move(options));
  world.repository().commit({{path, sample_spec()}});
  world.scan();
  world.conduct();
  EXPECT_EQ(world.runs(vtid).back().state, domain::RunState::dispatching);
  for (int i = 0; i < 20 && world.runs(vtid).back().state == domain::RunState::dispatching; ++i) {
    world.clock().advance(std::chrono::minutes(11));
    world.conduct();
  }
  EXPECT_EQ(world.runs(vtid).back().state, domain::RunState::pending_pickup);
  EXPECT_EQ(route->calls, 1 + domain::DispatchPolicy{}.route_retries);
  EXPECT_EQ(times(world.event_types(vtid), "worker.dispatch.route_failed"), route->calls);
  EXPECT_EQ(times(world.event_types(vtid), "worker.dispatch.accepted"), 0);
  // A worker that asks gets it all the same, and without one the task fails with a code.
  world.clock().advance(std::chrono::minutes(16));
  world.conduct();
  EXPECT_EQ(world.runs(vtid).front().failure->code, FailureCode::PICKUP_TIMEOUT);
}

TEST(gap3, control_a_route_that_lies_leaves_no_trace_of_its_failure) {
  auto route = std::make_shared<BrokenRoute>(true);
  WorldOptions options;
  options.dispatcher = route;
  World world(std::move(options));
  world.repository().commit({{path, sample_spec()}});
  world.scan();
  world.conduct();
  EXPECT_EQ(times(world.event_types(vtid), "worker.dispatch.route_failed"), 0);
  // Even so nothing is lost: the deadline of the pickup stands behind it.
  EXPECT_TRUE(world.task(vtid).next.due.has_value());
}

TEST(gap3, an_engine_without_an_address_takes_over_runs_that_one_with_it_left_behind) {
  WorldOptions options;
  options.dispatcher = std::make_shared<BrokenRoute>(false);
  World world(std::move(options));
  world.repository().commit({{path, sample_spec()}});
  world.scan();
  world.conduct();
  ASSERT_EQ(world.runs(vtid).back().state, domain::RunState::dispatching);
  world.options().dispatcher.reset();
  world.restart();
  for (int i = 0; i < 20 && world.runs(vtid).back().state == domain::RunState::dispatching; ++i) {
    world.clock().advance(domain::Policy{}.retry.delay_max);
    world.conduct();
  }
  EXPECT_EQ(world.runs(vtid).size(), 1u);
  EXPECT_EQ(world.runs(vtid).back().state, domain::RunState::pending_pickup);
  EXPECT_EQ(times(world.event_types(vtid), "worker.dispatch.route_failed"),
            1 + domain::DispatchPolicy{}.route_retries);
}

// 4 -- A gate that came after resources were spent.

std::map<std::string, std::int64_t> spent(World& world) {
  auto counts = world.row_counts();
  return {{"runs", counts["autopilot_runs"]}, {"outbox", counts["outbox"]}};
}

const std::map<std::string, std::int64_t> nothing{{"runs", 0}, {"outbox", 0}};

TEST(gap4, without_a_spec_nothing_is_spent) {
  World world;
  const auto made = world.engine().registry.create_task({vtid, "Colour of the sidebar", ""}, "op");
  ASSERT_TRUE(made.has_value());
  world.settle();
  const auto task = world.task(vtid);
  EXPECT_EQ(task.status, TaskStatus::draft);
  EXPECT_EQ(task.failure->code, FailureCode::SPEC_NOT_FOUND);
  EXPECT_THAT(task.failure->message, HasSubstr("docs/specs/**/*.md"));
  EXPECT_EQ(spent(world), nothing);
}

TEST(gap4, the_spec_that_arrives_later_carries_the_same_task_on) {
  World world;
  ASSERT_TRUE(world.engine().registry.create_task({vtid, "Colour", ""}, "op").has_value());
  world.settle();
  world.repository().commit({{path, sample_spec()}});
  world.settle();
  EXPECT_EQ(world.task(vtid).status, TaskStatus::completed);
}

domain::GateAnswer late_gate(domain::GatePoint point, const domain::GateInput& input,
                             const domain::Policy& policy, Instant now) {
  if (point == domain::GatePoint::dispatch) return {};  // the old fault: asked only at the claim
  return domain::gate(point, input, policy, now);
}

TEST(gap4, control_a_late_gate_spends_a_run_on_a_paused_engine) {
  for (const bool late : {false, true}) {
    WorldOptions options;
    if (late) options.rules.gate = &late_gate;
    World world(std::move(options));
    ASSERT_TRUE(world.engine().desk.set_control("execution", false, "night", {}, "op").has_value());
    world.repository().commit({{path, sample_spec()}});
    world.settle();
    EXPECT_EQ(spent(world)["runs"], late ? 1 : 0);
  }
}

// 5 -- Any string was accepted as a spec.

TEST(gap5, an_empty_template_is_invalid_and_says_why) {
  World world;
  world.repository().commit({{path, spec::spec_template(vtid)}});
  world.settle();
  const auto task = world.task(vtid);
  EXPECT_EQ(task.status, TaskStatus::draft);
  EXPECT_EQ(task.failure->code, FailureCode::SPEC_INVALID);
  EXPECT_THAT(task.failure->message, HasSubstr(path));
  EXPECT_EQ(spent(world), nothing);
}

TEST(gap5, control_the_same_template_filled_in_is_accepted) {
  World world;
  world.repository().commit({{path, sample_spec()}});
  world.settle();
  EXPECT_EQ(world.task(vtid).status, TaskStatus::completed);
}

// 6 -- Failures without a code.

TEST(gap6, a_failure_without_a_code_cannot_be_made) {
  static_assert(!std::is_constructible_v<Error, std::string>);
  static_assert(!std::is_constructible_v<domain::Failure, std::string>);
  static_assert(!std::is_constructible_v<domain::StepFailed, domain::Fence, std::string>);
  EXPECT_FALSE(failure_code("unknown_error").has_value());
  EXPECT_FALSE(failure_code("UNKNOWN").has_value());
}

TEST(gap6, every_failed_run_and_task_carries_a_code_of_the_catalogue) {
  World world(with_failing_agent());
  world.repository().commit({{path, sample_spec()}});
  for (int i = 0; i < 5; ++i) {
    world.settle();
    world.clock().advance(std::chrono::hours(1));
  }
  const auto task = world.task(vtid);
  EXPECT_EQ(task.status, TaskStatus::failed);
  EXPECT_EQ(task.failure->code, FailureCode::AGENT_FAILED);
  EXPECT_EQ(task.failure->from_state, "executing");
  EXPECT_EQ(world.runs(vtid).size(), 3u);
  for (const auto& run : world.runs(vtid)) EXPECT_TRUE(run.failure.has_value());
}

TEST(gap6, control_the_old_default_is_no_name_of_the_catalogue) {
  for (const auto& info : failure_catalogue()) {
    EXPECT_THAT(std::string(info.name), Not(HasSubstr("UNKNOWN_ERROR")));
    EXPECT_FALSE(info.hint.empty()) << info.name;
  }
}

// 7 -- Tasks were scheduled before their spec was registered.

TEST(gap7, intake_registers_before_it_schedules_in_one_transaction) {
  World world;
  auto& intake = world.engine().intake;
  const auto id = intake.begin("op").value().id;
  ASSERT_TRUE(intake.answer(id, "Sidebar in the right colour", "op").has_value());
  ASSERT_TRUE(intake.answer(id, "The operator entry is red; it should be blue.", "op").has_value());
  ASSERT_TRUE(intake.answer(id, "The entry is blue\ncheck: grep -q blue page.html", "op").has_value());
  const auto done = intake.complete(id, "op");
  ASSERT_TRUE(done.has_value()) << to_string(done.error());
  const auto types = world.event_types(done->vtid);
  const auto at = [&](const std::string& type) {
    return std::find(types.begin(), types.end(), type) - types.begin();
  };
  EXPECT_LT(at("vtid.spec.registered"), at("vtid.lifecycle.scheduled"));
  EXPECT_LT(at("vtid.lifecycle.scheduled"), at("commandhub.task.scheduled"));
  world.settle();
  EXPECT_EQ(world.task(done->vtid).status, TaskStatus::completed);
}

TEST(gap7, intake_keeps_the_options_of_a_check) {
  World world;
  auto& intake = world.engine().intake;
  const auto id = intake.begin("op").value().id;
  ASSERT_TRUE(intake.answer(id, "Sidebar in the right colour", "op").has_value());
  ASSERT_TRUE(intake.answer(id, "The operator entry is red; it should be blue.", "op").has_value());
  ASSERT_TRUE(
      intake.answer(id, "It stays\n```check keeps timeout=30s\ntrue\n```", "op").has_value());
  EXPECT_NE(intake.preview(id, "op").value().text.find("```check keeps timeout=30s\n"), std::string::npos)
      << intake.preview(id, "op").value().text;
}

TEST(gap7, control_an_intake_that_cannot_register_leaves_no_task) {
  World world;
  auto& intake = world.engine().intake;
  const auto id = intake.begin("op").value().id;
  ASSERT_TRUE(intake.answer(id, "Sidebar", "op").has_value());
  ASSERT_TRUE(intake.answer(id, "It is red.", "op").has_value());
  ASSERT_TRUE(intake.answer(id, "TBD", "op").has_value());
  const auto refused = intake.complete(id, "op");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, FailureCode::SPEC_INVALID);
  EXPECT_EQ(world.row_counts()["vtid_ledger"], 0);
  EXPECT_EQ(world.row_counts()["vtid_specs"], 0);
  EXPECT_THAT(world.event_types(), Contains("commandhub.task.schedule_failed"));
}

}  // namespace
}  // namespace vitana::testing

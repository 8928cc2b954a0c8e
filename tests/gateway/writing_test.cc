// Requests that change something: once, by whom it is allowed, and not over what somebody else wrote.
#include <gmock/gmock.h>

#include "gateway/fixture.h"

namespace vitana::gateway {
namespace {

TEST_F(GatewayTest, ARequestThatIsSentTwiceIsDoneOnce) {
  const auto operator_ = token(Role::operator_);
  const auto send = [&](const std::string& target, const Json& body, const std::string& key, const std::string& who) {
    Request request{.method = Method::post, .target = target, .body = body.dump()};
    request.headers = {{"authorization", "Bearer " + who}, {"content-type", "application/json"}, {"idempotency-key", key}};
    return gateway_.answer(request);
  };
  const Json task{{"title", "Once"}};
  const auto first = send("/api/v1/tasks", task, "a", operator_);
  const auto again = send("/api/v1/tasks", task, "a", operator_);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(parsed(first)["tasks"][0]["vtid"], parsed(again)["tasks"][0]["vtid"]);
  EXPECT_NE(parsed(send("/api/v1/tasks", task, "b", operator_))["tasks"][0]["vtid"], parsed(first)["tasks"][0]["vtid"]);
  EXPECT_NE(parsed(send("/api/v1/tasks", task, "a", token(Role::operator_)))["tasks"][0]["vtid"],
            parsed(first)["tasks"][0]["vtid"])
      << "a key is its sender's own";
  const auto other = send("/api/v1/tasks", {{"title", "Other"}}, "a", operator_);
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(code_of(other), "KEY_REUSED");
  EXPECT_EQ(send("/api/v1/tasks", task, std::string(256, 'k'), operator_).status, 400);

  const auto admin = token(Role::admin);
  const Json wanted{{"name", "ci"}, {"role", "viewer"}};
  const auto made = send("/api/v1/tokens", wanted, "t", admin);
  EXPECT_EQ(made.status, 201);
  const auto told = send("/api/v1/tokens", wanted, "t", admin);
  EXPECT_EQ(told.status, 409) << "its text is told once";
  EXPECT_THAT(told.body, HasSubstr(parsed(made)["id"].get<std::string>()));

  world_.clock().advance(std::chrono::hours(25));
  EXPECT_NE(parsed(send("/api/v1/tasks", task, "a", operator_))["tasks"][0]["vtid"], parsed(first)["tasks"][0]["vtid"])
      << "after a day it is a new request";
}

TEST_F(GatewayTest, OfSeveralTasksAllAreMadeOrNone) {
  const auto operator_ = token(Role::operator_);
  const auto before = parsed(get("/api/v1/tasks?limit=200", operator_))["tasks"].size();
  const auto refused = post("/api/v1/tasks", operator_, Json::parse(R"({"tasks":[{"title":"A"},{"title":"B","vtid":"VTID-00001"}]})"));
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(parsed(refused)["context"]["index"], "1");
  EXPECT_EQ(parsed(get("/api/v1/tasks?limit=200", operator_))["tasks"].size(), before);
  const auto made = post("/api/v1/tasks", operator_, Json::parse(R"({"tasks":[{"title":"A"},{"title":"B"}]})"));
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(parsed(made)["tasks"].size(), 2U);
}

TEST_F(GatewayTest, TheThreeImmediateActionsBringATaskToItsEnd) {
  const auto operator_ = token(Role::operator_);
  // Registered by hand.
  const auto registered = post("/api/v1/specs", operator_,
                               {{"text", testing::sample_spec("By hand")}, {"vtid", "VTID-01213"}, {"reason", "it was lost"},
                                {"allow_jump", true}});
  ASSERT_EQ(registered.status, 201) << registered.body;
  world_.settle();
  EXPECT_EQ(parsed(get("/api/v1/tasks/VTID-01213", operator_))["status"], "completed");

  // Failed, and retried.
  fault_ = Error{FailureCode::AGENT_FAILED, "exit 1"};
  ASSERT_EQ(post("/api/v1/specs", operator_,
                 {{"text", testing::sample_spec("Fails")}, {"vtid", "VTID-01214"}, {"reason", "typed"}}).status, 201);
  for (int run = 0; run < 3; ++run) {
    world_.settle();
    world_.clock().advance(std::chrono::hours(1));
  }
  ASSERT_EQ(parsed(get("/api/v1/tasks/VTID-01214", operator_))["status"], "failed");
  fault_.reset();
  const auto retried = post("/api/v1/tasks/VTID-01214/retry", operator_, {{"reason", "the agent was mended"}});
  ASSERT_EQ(retried.status, 200) << retried.body;
  world_.settle();
  EXPECT_EQ(parsed(get("/api/v1/tasks/VTID-01214", operator_))["status"], "completed");

  // Cancelled, and its approval emitted again.
  ASSERT_EQ(post("/api/v1/specs", operator_,
                 {{"text", testing::sample_spec("Waits")}, {"vtid", "VTID-01215"}, {"reason", "typed"}}).status, 201);
  ASSERT_EQ(post("/api/v1/tasks/VTID-01215/cancel", operator_, {{"reason", "a mistake"}}).status, 200);
  const auto emitted = post("/api/v1/events", operator_,
                            {{"type", "vtid.lifecycle.execution_approved"}, {"vtid", "VTID-01215"}, {"reason", "it was none"}});
  ASSERT_EQ(emitted.status, 202) << emitted.body;
  EXPECT_EQ(parsed(emitted)["task"]["status"], "scheduled");
  world_.settle();
  EXPECT_EQ(parsed(get("/api/v1/tasks/VTID-01215", operator_))["status"], "completed");
}

TEST_F(GatewayTest, AnEventFromOutsideIsKeptAndMovesNothing) {
  const auto operator_ = token(Role::operator_);
  const auto before = get("/api/v1/tasks/VTID-00001", operator_).body;
  ASSERT_EQ(post("/api/v1/events", operator_,
                 {{"type", "vtid.lifecycle.completed"}, {"vtid", "VTID-00001"}, {"data", {{"build", 7}}}}).status, 202);
  EXPECT_EQ(get("/api/v1/tasks/VTID-00001", operator_).body, before);
  const auto log = parsed(get("/api/v1/events?type=external.recorded", operator_))["events"];
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log[0]["data"]["type"], "vtid.lifecycle.completed");
  EXPECT_EQ(log[0]["data"]["data"]["build"], 7);
  EXPECT_EQ(post("/api/v1/events", operator_, {{"type", "No Type"}}).status, 400);
}

TEST_F(GatewayTest, NobodyWritesOverWhatHeHasNotSeen) {
  const auto operator_ = token(Role::operator_);
  const auto tag = [](const Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "ETag") return value;
    }
    return std::string();
  };
  const auto edit = [&](const std::string& seen) {
    Request request{.method = Method::put, .target = "/api/v1/oasis/specs/1", .body = R"({"markdown":"# Again\n"})"};
    request.headers = {{"authorization", "Bearer " + operator_}, {"content-type", "application/json"}, {"if-match", seen}};
    return gateway_.answer(request);
  };
  const auto seen = tag(get("/api/v1/oasis/specs/1", operator_));
  const auto edited = edit(seen);
  EXPECT_EQ(edited.status, 200);
  EXPECT_NE(tag(edited), seen);
  EXPECT_EQ(edit(seen).status, 412);
  EXPECT_EQ(code_of(edit(seen)), "CHANGED_MEANWHILE");
  for (const char* never : {"\"nothing\"", "nothing", "\"4294967297.draft\"", "\"", "\"1.draft\", \"1.validated\""}) {
    EXPECT_EQ(edit(never).status, 412) << never;
  }
  EXPECT_EQ(edit("\"1.draft\", " + tag(edited)).status, 200);
  EXPECT_EQ(edit("*").status, 200);
  ASSERT_EQ(post("/api/v1/oasis/specs/1/validate", operator_).status, 200);
  EXPECT_EQ(edit("\"4.draft\"").status, 412) << "it was judged since";
}

TEST_F(GatewayTest, ASwitchThatLapsesHasAnotherTag) {
  const auto admin = token(Role::admin);
  ASSERT_EQ(ask(Method::put, "/api/v1/controls/execution", admin, R"({"on":false,"reason":"night","for":"2h"})").status, 200);
  const auto tag = [&] {
    for (const auto& [name, value] : get("/api/v1/controls/execution", admin).headers) {
      if (name == "ETag") return value;
    }
    return std::string();
  };
  const auto before = tag();
  EXPECT_EQ(tag(), before);
  world_.clock().advance(std::chrono::hours(2));
  EXPECT_NE(tag(), before);
}

TEST_F(GatewayTest, ANumberThatIsNoneNamesNoTask) {
  const auto operator_ = token(Role::operator_);
  const Json task{{"title", "T"}, {"vtid", "VTID-00000"}};
  const Json spec{{"text", testing::sample_spec("T")}, {"vtid", "VTID-00000"}, {"reason", "r"}};
  const Json draft{{"title", "T"}, {"markdown", "# T\n"}, {"vtid", "VTID-00000"}};
  const Json event{{"type", "vtid.lifecycle.execution_approved"}, {"vtid", "VTID-00000"}};
  EXPECT_EQ(code_of(post("/api/v1/tasks", operator_, task)), "VTID_INVALID");
  EXPECT_EQ(code_of(post("/api/v1/specs", operator_, spec)), "VTID_INVALID");
  EXPECT_EQ(code_of(post("/api/v1/oasis/specs", operator_, draft)), "VTID_INVALID");
  EXPECT_EQ(code_of(post("/api/v1/events", operator_, event)), "VTID_INVALID");
}

TEST_F(GatewayTest, TheLastNumberIsNoFaultOfTheStore) {
  const auto admin = token(Role::admin);
  ASSERT_EQ(post("/api/v1/tasks", admin, {{"title", "Last"}, {"vtid", "VTID-999999999"}, {"allow_jump", true}}).status, 201);
  EXPECT_EQ(code_of(post("/api/v1/tasks", admin, {{"title", "One more"}})), "VTID_EXHAUSTED");
}

TEST_F(GatewayTest, ATimeThatIsNoneIsRefused) {
  const auto admin = token(Role::admin);
  for (const char* none : {"", "0s", "0d", "soon", "-2h"}) {
    EXPECT_EQ(ask(Method::put, "/api/v1/controls/execution", admin,
                  Json{{"on", true}, {"reason", "x"}, {"for", none}}.dump()).status, 400) << none;
    EXPECT_EQ(post("/api/v1/tokens", admin, {{"name", "n"}, {"role", "viewer"}, {"expires_in", none}}).status, 400) << none;
  }
}

TEST_F(GatewayTest, AnEventThatIsTooLargeIsRefused) {
  const Json event{{"type", "ci.finished"}, {"data", {{"log", std::string(16'000, 'x')}}}};
  EXPECT_EQ(post("/api/v1/events", token(Role::operator_), event).status, 413);
}

TEST_F(GatewayTest, AnIntakeEndsInATaskThatIsScheduledByTheSameCommit) {
  const auto operator_ = token(Role::operator_);
  const auto begun = parsed(post("/api/v1/intake", operator_));
  const auto at = "/api/v1/intake/" + std::to_string(begun["id"].get<int>());
  EXPECT_EQ(begun["step"], "title");
  EXPECT_EQ(parsed(post(at + "/answers", operator_, {{"text", "Sidebar in the right colour"}}))["step"], "description");
  EXPECT_EQ(post(at + "/answers", operator_, {{"text", " - "}}).status, 422);
  EXPECT_EQ(parsed(post(at + "/answers", operator_, {{"text", "It is red; it should be blue."}}))["step"], "criteria");
  EXPECT_EQ(post(at + "/complete", operator_).status, 409);
  EXPECT_EQ(parsed(post(at + "/answers", operator_, {{"text", "It is blue\ncheck: grep -q blue page.html"}}))["step"], "ready");
  const auto preview = parsed(get(at + "/preview", operator_));
  EXPECT_THAT(preview["text"].get<std::string>(), HasSubstr("grep -q blue page.html"));
  const auto done = post(at + "/complete", operator_);
  ASSERT_EQ(done.status, 201) << done.body;
  EXPECT_EQ(parsed(done)["status"], "scheduled");
  const auto told = parsed(get("/api/v1/events?type=commandhub.task.scheduled", operator_))["events"];
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0]["subject"], parsed(done)["vtid"]);
  EXPECT_EQ(told[0]["data"]["spec_registered"], true);
  EXPECT_EQ(post(at + "/complete", operator_).status, 409);
}

TEST_F(GatewayTest, WhoIsBoundToOneRepositoryWritesNoTextOverAnothersTask) {
  const auto bound = token(Role::operator_, {"hub"});
  EXPECT_EQ(post("/api/v1/specs", bound, {{"text", testing::sample_spec("Mine")}, {"vtid", "VTID-00002"}, {"reason", "r"}}).status, 201);
  const auto moved = world_.store().commit([&](store::Ledger& ledger) -> Result<void> {
    auto task = *ledger.task(Vtid(1));
    task.repo = "elsewhere";
    ledger.put(task);
    return {};
  });
  ASSERT_TRUE(moved);
  const auto refused = post("/api/v1/specs", bound, {{"text", testing::sample_spec("Theirs")}, {"vtid", "VTID-00001"}, {"reason", "r"}});
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_EQ(post("/api/v1/events", bound, {{"type", "ci.finished"}, {"vtid", "VTID-00001"}}).status, 404);
  EXPECT_EQ(post("/api/v1/specs/sync?repo=elsewhere", bound).status, 404);
  EXPECT_EQ(post("/api/v1/oasis/specs", bound, {{"title", "T"}, {"markdown", "# T\n"}, {"vtid", "VTID-00001"}}).status, 403);
  EXPECT_EQ(post("/api/v1/tasks", bound, {{"title", "Far"}, {"vtid", "VTID-900000000"}, {"allow_jump", true}}).status, 403);
  EXPECT_EQ(post("/api/v1/specs", bound, {{"text", testing::sample_spec("Far")}, {"vtid", "VTID-900000000"}, {"reason", "r"},
                                          {"allow_jump", true}}).status, 403);
}

/// Makes a task as if it had been left so.
void leave(testing::World& world, Vtid vtid, const std::string& repo, const std::function<void(domain::Task&)>& how) {
  const auto done = world.store().commit([&](store::Ledger& ledger) -> Result<void> {
    domain::Task task{.vtid = vtid, .title = "Task of " + repo, .repo = repo};
    task.created_at = task.updated_at = ledger.now();
    task.revision = 1;
    how(task);
    ledger.put(task);
    return {};
  });
  EXPECT_TRUE(done);
}

struct OfTwoRepositories : GatewayTest {
  OfTwoRepositories() {
    std::uint32_t number = 50;
    for (const std::string repo : {"hub", "elsewhere"}) {
      leave(world_, Vtid(number++), repo, [](domain::Task& task) {
        task.status = domain::TaskStatus::failed;
        task.failure = domain::Failure{FailureCode::AGENT_FAILED, "exit 1", "executing"};
        task.next = {domain::NextKind::none, "", std::nullopt};
      });
      leave(world_, Vtid(number++), repo, [](domain::Task& task) {
        task.status = domain::TaskStatus::blocked;
        task.blocked = domain::BlockReason::not_adopted;
        task.waits.adoption = true;
        task.next = {domain::NextKind::person, "vitana spec adopt", std::nullopt};
      });
      leave(world_, Vtid(number++), repo, [](domain::Task& task) {
        task.status = domain::TaskStatus::blocked;
        task.blocked = domain::BlockReason::approval_pending;
        task.waits.approval = true;
        task.next = {domain::NextKind::person, "vitana task approve", std::nullopt};
      });
    }
  }
};

TEST_F(OfTwoRepositories, AttentionIsOfWhatIsWithinReachWorstFirst) {
  const auto kinds = [&](const std::string& token) {
    std::vector<std::string> found;
    const auto answer = parsed(get("/api/v1/attention", token));
    EXPECT_TRUE(answer.contains("items")) << answer;
    for (const auto& item : answer.value("items", Json::array())) {
      found.push_back(item["kind"].get<std::string>() + " " + item["repo"].get<std::string>());
    }
    return found;
  };
  EXPECT_THAT(kinds(token(Role::viewer, {"hub"})), ::testing::ElementsAre("failed hub", "blocked hub", "adoption hub"));
  EXPECT_THAT(kinds(token(Role::viewer)),
              ::testing::ElementsAre("failed elsewhere", "failed hub", "blocked elsewhere", "blocked hub", "adoption elsewhere",
                                     "adoption hub"));
  ASSERT_EQ(ask(Method::put, "/api/v1/controls/execution", token(Role::admin), R"({"on":false,"reason":"night"})").status, 200);
  EXPECT_EQ(kinds(token(Role::viewer, {"hub"})).front(), "paused ");
}

TEST_F(OfTwoRepositories, AdoptionIsOfWhatIsWithinReachAndOnce) {
  const auto bound = token(Role::operator_, {"hub"});
  Request adopt{.method = Method::post, .target = "/api/v1/specs/adopt", .body = R"({"glob":"**","as":"done"})"};
  adopt.headers = {{"authorization", "Bearer " + bound}, {"content-type", "application/json"}, {"idempotency-key", "a"}};
  const auto first = parsed(gateway_.answer(adopt));
  ASSERT_EQ(first["tasks"].size(), 1U) << first;
  EXPECT_EQ(first["tasks"][0]["vtid"], "VTID-00051");
  EXPECT_EQ(parsed(gateway_.answer(adopt))["tasks"][0]["vtid"], "VTID-00051") << "the answer is what it did";
  EXPECT_EQ(parsed(get("/api/v1/tasks/VTID-00054", token(Role::viewer)))["blocked_reason"], "not_adopted");
}

}  // namespace
}  // namespace vitana::gateway

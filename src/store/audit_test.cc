// Each damage is done as somebody with the file in hand would do it, and named.
#include "store/audit.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "store/chain.h"
#include "store/testing.h"

namespace vitana::store {
namespace {

using namespace testing;
using domain::EventType;
using domain::TaskStatus;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AuditTest : public StoreTest {
 protected:
  AuditTest() {
    commit([](Ledger& l) {
      auto task = task_of(7);
      task.spec = domain::SpecPin{1, Digest::of("text")};
      task.status = TaskStatus::failed;
      task.next.kind = domain::NextKind::none;
      task.attempt = 1;
      auto run = run_of(7, 1, domain::RunState::failed);
      run.spec_digest = Digest::of("text");
      run.base_commit = "base";
      run.result_commit = "result";
      run.failure = domain::Failure{FailureCode::AGENT_FAILED, "no", "executing"};
      l.put(task);
      l.add(spec_of(7, 1, "text"));
      l.approve_spec(Vtid(7), 1, Digest::of("text"), "ada");
      l.append({EventType::task_scheduled, Vtid(7), {}, "engine", "{}"});
      l.put(run);
      l.append({EventType::run_allocated, Vtid(7), run.id, "engine",
                object({}, {{"spec_digest", run.spec_digest.to_string()}, {"base_commit", run.base_commit}})});
      l.append({EventType::run_verifying, Vtid(7), run.id, "engine",
                object({}, {{"result_commit", run.result_commit}})});
      l.add(run.id, 1, {.criterion = "AC-1", .verdict = domain::EvidenceVerdict::failed});
      l.append({EventType::run_failed, Vtid(7), run.id, "engine", R"({"code":"AGENT_FAILED"})"});
      l.append({EventType::task_failed, Vtid(7), {}, "engine", R"({"code":"AGENT_FAILED"})"});
    });
  }

  void damage(const std::string& statements) {
    auto connection = raw();
    for (const auto* table : {"vtid_specs", "oasis_events", "evidence"}) {
      for (const auto* kind : {"update", "delete", "replace"}) {
        connection->script(fmt::format("DROP TRIGGER IF EXISTS {}_no_{}{}", table, kind,
                                       on_server() ? fmt::format(" ON {}", table) : std::string()));
      }
    }
    connection->script(statements);
  }

  std::vector<Store::Damage> found(const std::optional<ChainHead>& expect = {}) {
    auto damages = store_->audit(expect);
    EXPECT_TRUE(damages) << to_string(damages.error());
    return damages ? *damages : std::vector<Store::Damage>{};
  }

  static auto damage_at(const std::string& where, const std::string& what) {
    return AllOf(Field(&Store::Damage::where, where), Field(&Store::Damage::what, HasSubstr(what)));
  }
};

TEST_F(AuditTest, AnUntouchedStoreIsClean) { EXPECT_THAT(found(), IsEmpty()); }

TEST_F(AuditTest, AChangedByteOfASpecIsNamed) {
  damage("UPDATE vtid_specs SET spec_text = 'Text'");
  EXPECT_THAT(found(), ElementsAre(damage_at("spec VTID-00007 version 1", "digest")));
}

TEST_F(AuditTest, ASpecThatWasChangedWithItsChecksumIsNamed) {
  damage("UPDATE vtid_specs SET spec_text = 'Text', checksum = '" + Digest::of("Text").to_string() +
         "'");
  EXPECT_THAT(found(), Contains(damage_at("spec VTID-00007 version 1", "no event")));
}

TEST_F(AuditTest, ARemovedSpecIsNamed) {
  damage("DELETE FROM vtid_specs");
  EXPECT_THAT(found(), Contains(damage_at("spec VTID-00007 version 1", "gone")));
}

TEST_F(AuditTest, AnAlteredEventIsNamed) {
  damage("UPDATE oasis_events SET actor = 'eve' WHERE seq = 6");
  EXPECT_THAT(found(), ElementsAre(damage_at("event 6", "altered")));
}

TEST_F(AuditTest, AnAlteredEventWithAHashOfItsOwnIsFoundInTheNextOne) {
  StoredEvent forged = events()[5];
  forged.actor = "eve";
  forged.hash = chain_hash(events()[4].hash, forged);
  damage("UPDATE oasis_events SET actor = 'eve', hash = '" + forged.hash.to_string() +
         "' WHERE seq = 6");
  EXPECT_THAT(found(), ElementsAre(damage_at("event 7", "altered")));
}

TEST_F(AuditTest, ARemovedEventIsNamed) {
  damage("DELETE FROM oasis_events WHERE seq IN (1, 2)");
  EXPECT_THAT(found(), Contains(damage_at("events 1 to 2", "removed")));
}

TEST_F(AuditTest, AnEventThatWasCutOffTheEndIsNamed) {
  const auto last = events().back().seq;
  damage("DELETE FROM oasis_events WHERE seq = " + std::to_string(last));
  EXPECT_THAT(found(), Contains(damage_at("event " + std::to_string(last), "cut off")));
}

TEST_F(AuditTest, AnEventThatWasPutAtTheEndIsNamed) {
  const auto last = events().back();
  StoredEvent forged = last;
  ++forged.seq;
  forged.hash = chain_hash(last.hash, forged);
  damage(
      "INSERT INTO oasis_events SELECT seq + 1, time_us, type, status, vtid, run, actor, data, '" +
      forged.hash.to_string() + "' FROM oasis_events WHERE seq = " + std::to_string(last.seq));
  EXPECT_THAT(found(), ElementsAre(damage_at("event " + std::to_string(forged.seq), "put in")));
}

TEST_F(AuditTest, AnEventThatWasPutBetweenOthersIsNamed) {
  damage(
      "UPDATE oasis_events SET seq = seq + 1001 WHERE seq > 5;"
      "UPDATE oasis_events SET seq = seq - 1000 WHERE seq > 1000;"
      "INSERT INTO oasis_events SELECT 6, time_us, type, status, vtid, run, actor, data, hash "
      "FROM oasis_events WHERE seq = 5");
  EXPECT_THAT(found(), Contains(damage_at("event 6", "put in")));
}

TEST_F(AuditTest, ALogThatWasRewrittenToItsHeadIsFoundByAnAnchorFromOutside) {
  const auto anchor = events()[5];
  EXPECT_THAT(found(ChainHead{anchor.seq, anchor.hash}), IsEmpty());
  EXPECT_THAT(found(ChainHead{anchor.seq, Digest::of("other")}),
              ElementsAre(damage_at("event 6", "expected")));
  EXPECT_THAT(found(ChainHead{99, anchor.hash}), ElementsAre(damage_at("event 99", "expected")));
}

TEST_F(AuditTest, ATaskThatWasInsertedWithoutItsEventIsNamed) {
  damage("INSERT INTO vtid_ledger (vtid, title) VALUES ('VTID-00009', 'x')");
  EXPECT_THAT(found(), Contains(damage_at("task VTID-00009", "no event")));
}

TEST_F(AuditTest, ATaskWhoseStatusWasChangedIsNamed) {
  damage("UPDATE vtid_ledger SET status = 'completed'");
  EXPECT_THAT(found(), ElementsAre(damage_at("task VTID-00007", "completed")));
}

TEST_F(AuditTest, ATaskWhoseSpecWasChangedIsNamed) {
  damage("UPDATE vtid_ledger SET spec_checksum = '" + Digest::of("x").to_string() + "'");
  EXPECT_THAT(found(), ElementsAre(damage_at("task VTID-00007", "not locked")));
}

TEST_F(AuditTest, ARemovedTaskIsNamed) {
  damage("DELETE FROM vtid_ledger");
  EXPECT_THAT(found(), ElementsAre(damage_at("task VTID-00007", "gone"),
                                   damage_at("run VTID-00007.1", "no task")));
}

TEST_F(AuditTest, ARunThatWasInsertedWithoutItsEventIsNamed) {
  damage("INSERT INTO autopilot_runs (vtid, attempt, state) VALUES ('VTID-00007', 2, 'completed')");
  EXPECT_THAT(found(), Contains(damage_at("run VTID-00007.2", "no event")));
}

TEST_F(AuditTest, ARunWhoseStateWasChangedIsNamed) {
  damage("UPDATE autopilot_runs SET state = 'completed'");
  EXPECT_THAT(found(), ElementsAre(damage_at("run VTID-00007.1", "completed")));
}

TEST_F(AuditTest, ARunWhoseFailureWasChangedIsNamed) {
  damage("UPDATE autopilot_runs SET error_code = 'GIT_FAILED'");
  EXPECT_THAT(found(), ElementsAre(damage_at("run VTID-00007.1", "another failure")));
}

TEST_F(AuditTest, AFailureTooLongForItsEventIsNoDamage) {
  commit([](Ledger& l) {
    auto run = *l.run({Vtid(7), 1});
    run.failure->code = FailureCode::GIT_FAILED;
    l.put(run);
    l.append({EventType::run_failed, Vtid(7), run.id, "engine",
              object({}, {{"code", "GIT_FAILED"}, {"message", std::string(event_data_max, 'x')}})});
    l.append({EventType::task_failed, Vtid(7), {}, "engine", "{}"});
  });
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(AuditTest, ALongReasonDoesNotHideTheDigestOfASpec) {
  commit([](Ledger& l) {
    auto spec = spec_of(7, 2, "two");
    spec.provenance.reason = std::string(2 * event_data_max, 'x');
    l.add(spec);
    l.append({EventType::spec_registered,
              Vtid(7),
              {},
              "engine",
              object({}, {{"digest", spec.digest.to_string()}, {"note", spec.provenance.reason}})});
  });
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(AuditTest, ARowThatCannotBeReadIsNamed) {
  damage("UPDATE vtid_ledger SET waits = '{\"adoption\":7}'");
  EXPECT_THAT(found(), ElementsAre(damage_at("task VTID-00007", "cannot be read")));
}

TEST_F(AuditTest, ChangedEvidenceIsNamed) {
  damage("UPDATE evidence SET verdict = 'passed'");
  EXPECT_THAT(found(), ElementsAre(damage_at("evidence 1 of run VTID-00007.1", "no event")));
}

TEST_F(AuditTest, RemovedEvidenceIsNamed) {
  damage("DELETE FROM evidence");
  EXPECT_THAT(found(), ElementsAre(damage_at("evidence 1 of run VTID-00007.1", "gone")));
}

TEST_F(AuditTest, AForgedApprovalIsNamed) {
  damage("UPDATE spec_approvals SET checksum = '" + Digest::of("x").to_string() + "'");
  EXPECT_THAT(found(), ElementsAre(damage_at("approval of spec VTID-00007 version 1", "no event")));
}

TEST_F(AuditTest, AnApprovalThatWasRemovedIsNamed) {
  damage("DELETE FROM spec_approvals");
  EXPECT_THAT(found(), ElementsAre(damage_at("approval of spec VTID-00007 version 1", "the row is gone")));
}

TEST_F(AuditTest, ASwitchThatWasTurnedByHandIsNamed) {
  damage("UPDATE controls SET is_on = 0");
  EXPECT_THAT(found(), ElementsAre(damage_at("control execution", "otherwise")));
}

TEST_F(AuditTest, ASwitchThatWasRemovedIsNamed) {
  damage("DELETE FROM controls");
  EXPECT_THAT(found(), ElementsAre(damage_at("control execution", "gone")));
}

class TokenAudit : public AuditTest {
 protected:
  TokenRow token_ = {.id = "tok_1",
                     .hash = Digest::of("secret"),
                     .name = "ci",
                     .role = domain::Role::viewer,
                     .repos = {"shop"},
                     .created_by = "ada",
                     .expires_at = from_us(1'900'000'000'000'000)};

  TokenAudit() {
    commit([&](Ledger& l) {
      token_.created_at = l.now();
      l.put(token_, "ada");
    });
  }
  void revoke() {
    commit([&](Ledger& l) {
      token_.revoked_at = l.now();
      l.put(token_, "ada");
    });
  }
};

TEST_F(TokenAudit, AMadeAndARevokedTokenAreClean) {
  EXPECT_THAT(found(), IsEmpty());
  revoke();
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(TokenAudit, EachChangeByHandIsNamed) {
  for (const auto* change : {"role = 'admin'", "repos = '[]'", "expires_at = NULL", "hash = 'sha256:' || hash", "name = 'ada'",
                             "created_by = 'bob'", "created_at = 1"}) {
    damage(fmt::format("CREATE TABLE kept AS SELECT * FROM access_tokens; UPDATE access_tokens SET {}", change));
    EXPECT_THAT(found(), ElementsAre(Field(&Store::Damage::where, "token tok_1"))) << change;
    damage("DELETE FROM access_tokens; INSERT INTO access_tokens SELECT * FROM kept; DROP TABLE kept");
  }
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(TokenAudit, OneThatWasTakenBackAndHoldsAgainIsNamed) {
  revoke();
  damage("UPDATE access_tokens SET revoked_at = NULL");
  EXPECT_THAT(found(), ElementsAre(damage_at("token tok_1", "took it back")));
}

TEST_F(TokenAudit, OneThatWasPutInOrRemovedIsNamed) {
  damage("UPDATE access_tokens SET id = 'tok_2'");
  EXPECT_THAT(found(), ::testing::UnorderedElementsAre(damage_at("token tok_2", "no event"), damage_at("token tok_1", "gone")));
}

TEST_F(AuditTest, ARunOnAnotherBaseIsNamed) {
  damage("UPDATE autopilot_runs SET base_commit = 'other'");
  EXPECT_THAT(found(), ElementsAre(damage_at("run VTID-00007.1", "another base commit")));
}

TEST_F(AuditTest, ARunWithAnotherResultIsNamed) {
  damage("UPDATE autopilot_runs SET result_commit = 'other'");
  EXPECT_THAT(found(), ElementsAre(damage_at("run VTID-00007.1", "another result")));
}

TEST_F(AuditTest, ATextThatIsSaidToComeFromElsewhereIsNamed) {
  for (const auto* change : {"spec_source = 'manual'", "source_repo = 'other'", "source_path = 'b.md'"}) {
    damage(std::string("UPDATE vtid_specs SET ") + change);
    EXPECT_THAT(found(), Contains(damage_at("spec VTID-00007 version 1", "it was registered with"))) << change;
  }
}

TEST_F(AuditTest, ADeliveryThatWasPutInIsNamed) {
  commit([](Ledger& l) {
    l.put(DeliveryRow{"hub", Vtid(7), Digest::of("text").to_string(), "c1"});
    l.append({EventType::delivery_settled, Vtid(8), RunId{Vtid(8), 1}, "engine", R"({"commit":"c2"})"});
    l.add(spec_of(8, 1, "other"));
    l.put(DeliveryRow{"hub", Vtid(8), Digest::of("other").to_string(), "c2"});
  });
  EXPECT_THAT(found(), IsEmpty());
  damage("INSERT INTO deliveries SELECT repo, 'VTID-00007', checksum, commit_id, beside "
         "FROM deliveries WHERE vtid = 'VTID-00008'");
  EXPECT_THAT(found(), ElementsAre(damage_at("delivery of VTID-00007 to hub", "no event")));
}

TEST_F(AuditTest, ADeliveryThatWasRemovedIsNamed) {
  commit([](Ledger& l) {
    l.put(DeliveryRow{"hub", Vtid(7), Digest::of("text").to_string(), "c1"});
    auto run = run_of(7, 2, domain::RunState::completed);
    run.repo = "hub";
    run.spec_digest = Digest::of("other");
    run.deliverable = domain::Deliverable{"refs/heads/main", "old", "c2", "tree"};
    l.put(run);
    l.append({EventType::run_allocated, Vtid(7), run.id, "engine",
              object({}, {{"spec_digest", run.spec_digest.to_string()}})});
    l.append({EventType::delivery_settled, Vtid(7), run.id, "engine", R"({"commit":"c2"})"});
    l.append({EventType::run_completed, Vtid(7), run.id, "engine", "{}"});
    l.append({EventType::task_failed, Vtid(7), {}, "engine", R"({"code":"AGENT_FAILED"})"});
    l.add(spec_of(7, 2, "other"));
    l.put(DeliveryRow{"hub", Vtid(7), Digest::of("other").to_string(), "c2"});
  });
  EXPECT_THAT(found(), IsEmpty());
  damage("DELETE FROM deliveries");
  EXPECT_THAT(found(), ElementsAre(damage_at("delivery of VTID-00007", "the row is gone"),
                                   damage_at("delivery of VTID-00007 by run VTID-00007.2", "the row is gone")));
}

TEST_F(AuditTest, ACounterThatWasSetBackIsNamed) {
  damage("UPDATE counters SET value = 3 WHERE name = 'vtid'");
  EXPECT_THAT(found(), ElementsAre(damage_at("counter vtid", "number 7")));
}

TEST_F(AuditTest, AMissingHeadIsNamed) {
  damage("DELETE FROM meta WHERE key = 'head'");
  EXPECT_THAT(found(), Contains(damage_at("meta", "missing")));
}

}  // namespace
}  // namespace vitana::store

// No statement of the engine reads through what grows with history. All that it prepares in a life of many kinds is
// looked at, as SQLite plans it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "sql/sqlite.h"
#include "store/schema.h"
#include "support/world.h"

namespace vitana::testing {
namespace {

/// Tables with as many rows as there are repositories, agents or switches.
const std::set<std::string> small = {"breakers", "controls", "repos", "meta"};
/// Indexes that hold what is open, and nothing that has ended.
const std::set<std::string> of_what_is_open = {"autopilot_runs_claimable", "autopilot_runs_leased",
                                               "autopilot_runs_slots",     "outbox_pending",
                                               "spec_candidates_circular", "vtid_ledger_eligible",
                                               "vtid_ledger_overdue"};

struct PlansTest : ::testing::Test {
  std::filesystem::path folder_;
  std::set<std::string> statements_;

  PlansTest() {
    auto name = (std::filesystem::temp_directory_path() / "vitana-plans-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
  }
  ~PlansTest() override { std::filesystem::remove_all(folder_); }

  std::string store_path() const { return (folder_ / "vitana.db").string(); }

  WorldOptions options() {
    WorldOptions options;
    options.store_path = store_path();
    options.prepared = [this](std::string_view sql) { statements_.emplace(sql); };
    options.agent = [](const port::Assignment& assignment) {
      SimAgent agent;
      if (assignment.run.id.vtid == Vtid(2)) agent.verdict = Error{FailureCode::VERIFICATION_FAILED, "red"};
      if (assignment.run.id.vtid == Vtid(3)) agent.question = "which blue?";
      if (assignment.run.id.vtid == Vtid(4)) agent.open_sign_offs = 1;
      return agent;
    };
    return options;
  }

  /// Tasks that end in each way, with what persons and restarts do to them.
  void live() {
    World world(options());
    for (int i = 1; i <= 5; ++i) {
      world.repository().commit({{fmt::format("docs/specs/0000{}-page.md", i), sample_spec(fmt::format("Page {}", i))}});
      world.settle();
    }
    for (int hours = 0; hours < 5; ++hours) {
      world.clock().advance(std::chrono::hours(1));
      world.settle();
    }
    auto& desk = world.engine().desk;
    EXPECT_TRUE(desk.retry(Vtid(2), "again", "test"));
    EXPECT_TRUE(desk.answer(Vtid(3), "light blue", "test"));
    EXPECT_TRUE(desk.cancel(Vtid(4), "no more", "test"));
    EXPECT_TRUE(desk.why(Vtid(5)));
    world.settle();
    world.clock().advance(std::chrono::hours(1));
    world.repository().commit({{"docs/specs/00001-page.md", sample_spec("Page 1, once more")}});
    world.settle();
    world.reopen();
    EXPECT_TRUE(world.engine().autopilot.take_over("the next one"));
    world.settle();
    EXPECT_TRUE(world.engine().autopilot.idle());
  }

  std::vector<std::string> plan_of(const std::string& statement) {
    auto connection = sql::open_sqlite({.path = store_path(), .mode = sql::OpenMode::read_only});
    if (!connection) return {to_string(connection.error())};
    int parameters = 0;
    const std::regex numbered(R"(\$(\d+))");
    for (std::sregex_iterator it(statement.begin(), statement.end(), numbered), end; it != end; ++it) {
      parameters = std::max(parameters, std::stoi((*it)[1]));
    }
    const std::vector<sql::Value> values(static_cast<std::size_t>(parameters), sql::Value(0));
    std::vector<std::string> plan;
    for (const auto& row : (*connection)->query("EXPLAIN QUERY PLAN " + statement, values)) plan.push_back(row.text(3));
    return plan;
  }

  /// "SCAN t", "SCAN t USING INDEX i": a table that is read through and not what is small or open.
  static bool grows(const std::string& step) {
    std::smatch scan;
    if (!std::regex_search(step, scan, std::regex(R"(^SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?)"))) return false;
    const auto tables = store::table_names();
    return std::find(tables.begin(), tables.end(), scan[1].str()) != tables.end() && !small.contains(scan[1]) &&
           !of_what_is_open.contains(scan[2]);
  }
};

TEST_F(PlansTest, NothingThatTheEngineAsksReadsThroughWhatGrows) {
  live();
  int looked_at = 0;
  for (const auto& statement : statements_) {
    if (!std::regex_search(statement, std::regex("^(SELECT|INSERT|UPDATE|DELETE|WITH) "))) continue;
    if (statement.find("schema_version") != std::string::npos || statement.find("sqlite_schema") != std::string::npos) continue;
    ++looked_at;
    for (const auto& step : plan_of(statement)) EXPECT_FALSE(grows(step)) << step << "\n  " << statement;
  }
  EXPECT_GT(looked_at, 40);
}

TEST_F(PlansTest, AReadingThroughIsSeen) {
  live();
  const auto scans = [&](const std::string& statement) {
    const auto plan = plan_of(statement);
    return std::any_of(plan.begin(), plan.end(), grows);
  };
  EXPECT_TRUE(scans("SELECT COUNT(*) FROM autopilot_runs WHERE state <> 'completed'"));
  EXPECT_TRUE(scans("SELECT repo, agent, COUNT(*) FROM autopilot_runs WHERE state <> 'failed' GROUP BY repo, agent"));
  EXPECT_TRUE(scans("SELECT vtid FROM vtid_ledger WHERE title = $1"));
  EXPECT_FALSE(scans("SELECT vtid FROM vtid_ledger WHERE vtid = $1"));
  EXPECT_FALSE(scans("SELECT repo, agent, wants, COUNT(*) FROM autopilot_runs WHERE holds_slot <> 0 GROUP BY repo, agent, wants"));
}

}  // namespace
}  // namespace vitana::testing

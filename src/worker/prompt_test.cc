#include "worker/prompt.h"

#include <gmock/gmock.h>

namespace vitana::worker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct PromptTest : ::testing::Test {
  std::string text() {
    return build_prompt(assignment, {.workspace = "/workspace",
                                     .report_file = "/run/vitana/report.json",
                                     .protected_globs = {"vitana.toml"},
                                     .repository_checks = {"make test"}});
  }
  port::Assignment assignment{
      .run = {.id = {Vtid(1213), 1}}, .title = "Navy sidebar", .spec_text = "# Navy\n{}{{ %s\n"};
};

TEST_F(PromptTest, HoldsTheSpecificationWordForWord) {
  EXPECT_THAT(text(), HasSubstr("\n# Navy\n{}{{ %s\n"));
}

TEST_F(PromptTest, SaysHowTheResultIsJudged) {
  domain::Criterion criterion{.id = "AC-1", .text = "it is navy"};
  criterion.checks.push_back({.script = "grep navy x"});
  assignment.spec.criteria = {criterion};
  EXPECT_THAT(text(), HasSubstr("- AC-1: it is navy (a check runs; it must turn green)"));
  EXPECT_THAT(text(), HasSubstr("- `make test`"));
  EXPECT_THAT(text(), HasSubstr("- `vitana.toml`"));
}

TEST_F(PromptTest, FirstAttemptHearsOfNoOther) {
  EXPECT_THAT(text(), Not(HasSubstr("attempt before")));
}

TEST_F(PromptTest, LongOutputOfTheAttemptBeforeIsCut) {
  assignment.previous = domain::Failure{
      FailureCode::CHECKS_FAILED, "red", "verifying", {}, {{"output", std::string(1 << 20, 'x')}}};
  EXPECT_THAT(text(), HasSubstr("CHECKS_FAILED: red"));
  EXPECT_LT(text().size(), 20'000U);
}

}  // namespace
}  // namespace vitana::worker

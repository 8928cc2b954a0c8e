#include "worker/run_log.h"

#include <gmock/gmock.h>

#include "git/test_repository.h"

namespace vitana::worker {
namespace {

using git::test::read_all;
using git::test::temp_dir;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Redactor, SecretIsHiddenWhereverItIsCut) {
  const std::string text = "key=hunter22; again hunter22hunter22.";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Redactor redactor({"hunter22"});
    auto shown = redactor.pass(text.substr(0, cut));
    shown += redactor.pass(text.substr(cut));
    shown += redactor.finish();
    EXPECT_EQ(shown, "key=[secret]; again [secret][secret].") << cut;
  }
}

TEST(Redactor, OrdinaryTextIsNotHeldBack) {
  Redactor redactor({"hunter22"});
  EXPECT_EQ(redactor.pass("a line\n"), "a line\n");
}

TEST(Redactor, LongerSecretWinsOverTheOneItHolds) {
  EXPECT_EQ(Redactor({"abcd", "abcdefgh"}).all("abcdefgh abcd"), "[secret] [secret]");
}

TEST(Redactor, EachLongLineOfASecretIsHiddenOnItsOwn) {
  const Redactor redactor({"-----KEY-----\r\nabcdefgh\nshort\n"});
  EXPECT_EQ(redactor.all("x abcdefgh y"), "x [secret] y");
  EXPECT_EQ(redactor.all("-----KEY-----\nabcdefgh\n"), "[secret]\n[secret]\n");
  EXPECT_EQ(redactor.all("a short text"), "a short text");
}

TEST(Redactor, PartOfASecretThatIsLeftWhereATextWasCutIsHidden) {
  const Redactor redactor({"hunter22"});
  EXPECT_EQ(redactor.all("the path a/hunter2… and x/hunt…"), "the path a/[secret]… and x/[secret]…");
  EXPECT_EQ(redactor.all("[…]\nunter22\nhun…"), "[…]\n[secret]\nhun…");
}

TEST(Redactor, AnErrorIsHiddenInAllItsParts) {
  const auto error = Redactor({"hunter22"}).all(
      Error{FailureCode::AGENT_FAILED, "of hunter22", {"by hunter22"}, {{"output", "hunter22"}}});
  EXPECT_EQ(to_string(error), "AGENT_FAILED: of [secret] (by [secret])");
  EXPECT_EQ(error.context.at("output"), "[secret]");
}

TEST(RunLog, BeyondItsSizeOneLineSaysSo) {
  const auto temp = temp_dir();
  const auto file = temp.path() / "logs/run.log";
  RunLog log(file, Redactor({}), 100);
  for (int i = 0; i < 50; ++i) log.output("0123456789\n");
  log.note("ended");
  const auto text = read_all(file);
  EXPECT_LT(text.size(), 200U);
  EXPECT_THAT(text, HasSubstr("the log is full"));
  EXPECT_THAT(text, Not(HasSubstr("ended")));
}

TEST(RunLog, OwnLinesStandOnLinesOfTheirOwn) {
  const auto temp = temp_dir();
  const auto file = temp.path() / "run.log";
  RunLog log(file, Redactor({"hunter22"}), 1000);
  log.output("no newline");
  log.note("about hunter22");
  EXPECT_EQ(read_all(file), "no newline\nvitana: about [secret]\n");
}

TEST(RunLog, LinkInThePlaceOfTheFileIsNotFollowed) {
  const auto temp = temp_dir();
  git::test::write_file(temp.path() / "other", "");
  std::filesystem::create_symlink(temp.path() / "other", temp.path() / "run.log");
  RunLog log(temp.path() / "run.log", Redactor({}), 1000);
  log.output("text");
  EXPECT_EQ(read_all(temp.path() / "other"), "");
  EXPECT_EQ(log.tail(), "text");
}

}  // namespace
}  // namespace vitana::worker

#include "worker/paths.h"

#include <gmock/gmock.h>

namespace vitana::worker {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StartedPrograms, PathsWhereAProgramStands) {
  EXPECT_THAT(started_programs("./tools/check.sh --fast && FOO=1 tests/run"),
              ElementsAre("tools/check.sh", "tests/run"));
}

TEST(StartedPrograms, ScriptsOfInterpreters) {
  EXPECT_THAT(started_programs("sh tools/a.sh\npython3 -u b.py | node ./c.js; bash -e d"),
              ElementsAre("tools/a.sh", "b.py", "c.js", "d"));
}

TEST(StartedPrograms, FilesThatAreOnlyReadAreNone) {
  EXPECT_THAT(started_programs("grep -q navy src/sidebar.css\ntest -f docs/x.md # ./no\nmake test"),
              IsEmpty());
}

TEST(StartedPrograms, WordsBeforeAProgramAreSeenThrough) {
  EXPECT_THAT(started_programs("if ! timeout 5 ./a; then exec env X=1 ./b; fi; (./c) && `./d`"),
              ElementsAre("a", "b", "c", "d"));
}

TEST(StartedPrograms, QuotesAndInlineScripts) {
  EXPECT_THAT(started_programs("'./with space' x; sh -c './hidden'; echo './no'"),
              ElementsAre("with space", "hidden"));
  EXPECT_THAT(started_programs("A=1 bash -o pipefail -ec \"cat | ./r.sh\"; python3 -c './no'"), ElementsAre("r.sh"));
}

TEST(StartedPrograms, CountFromTheFolderThatTheScriptWentTo) {
  EXPECT_THAT(started_programs("cd t && ./r.sh"), ElementsAre("r.sh", "t/r.sh"));
  EXPECT_THAT(started_programs("(cd t/u; python3 x.py); ./end"), ElementsAre("x.py", "t/u/x.py", "end", "t/u/end"));
  EXPECT_THAT(started_programs("cd t; sh -c 'cd ../v; ../w/r.sh'"), Contains("w/r.sh"));
}

TEST(StartedPrograms, NamedFromTheFolderThatItIsInAnyway) {
  EXPECT_THAT(started_programs("exec \"$PWD/t/r.sh\" x"), ElementsAre("t/r.sh"));
  EXPECT_THAT(started_programs("\"${PWD}/t/a\"; \"$(pwd)/t/b\"; t/../c/d"), ElementsAre("t/a", "t/b", "c/d"));
}

TEST(StartedPrograms, OfACommandWithoutAShell) {
  const auto of = [](std::vector<std::string> command) { return started_programs(command); };
  EXPECT_THAT(of({"/repo/tools/tell it's.sh", "src/a.c"}), ElementsAre("/repo/tools/tell it's.sh"));
  EXPECT_THAT(of({"python3", "-u", "tools/a.py", "; ./b"}), ElementsAre("tools/a.py"));
  EXPECT_THAT(of({"bash", "-e", "-c", "cat | ./tools/tell.sh"}), ElementsAre("tools/tell.sh"));
  EXPECT_THAT(of({"claude", "-p", "./x"}), IsEmpty());
}

TEST(Forbidden, ProgramOfTheConfiguration) {
  const PathRules rules{.configured = {"tools", "tools/tell.sh"}};
  EXPECT_EQ(forbidden(rules, "tools/tell.sh"), "the operator's configuration starts it");
  EXPECT_EQ(forbidden(rules, "tools"), "the operator's configuration starts it");
  EXPECT_EQ(forbidden(rules, "tools/other.sh"), std::nullopt);
}

TEST(Forbidden, AllBelowAFolderOfHooks) {
  const PathRules rules{.configured_folders = {"tools/hooks"}};
  EXPECT_EQ(forbidden(rules, "tools/hooks/lib/new.sh"), "git starts what lies in tools/hooks");
  EXPECT_EQ(forbidden(rules, "tools/hooks.md"), std::nullopt);
}

TEST(Forbidden, ProtectedGlobAndStartedProgram) {
  const PathRules rules{{"vitana.toml", ".github/**"}, {"tools/check.sh"}, {}};
  EXPECT_EQ(forbidden(rules, "src/a.c"), std::nullopt);
  EXPECT_EQ(forbidden(rules, ".github/workflows/ci.yml"), "it is protected by .github/**");
  EXPECT_EQ(forbidden(rules, "tools/check.sh"), "a check starts it");
}

TEST(Forbidden, TheSpecsPathsAllowAndLimit) {
  const PathRules rules{{".github/**"}, {}, {"src/**", ".github/labels.yml"}};
  EXPECT_EQ(forbidden(rules, "src/a.c"), std::nullopt);
  EXPECT_EQ(forbidden(rules, ".github/labels.yml"), std::nullopt);
  EXPECT_EQ(forbidden(rules, "docs/a.md"), "the spec's paths do not name it");
}

TEST(Forbidden, NoSpecCanAllowVitanasOwnData) {
  const PathRules rules{{}, {}, {"**"}, {".vitana"}};
  EXPECT_NE(forbidden(rules, ".vitana/vitana.db-journal"), std::nullopt);
  EXPECT_NE(forbidden(rules, ".vitana"), std::nullopt);
  EXPECT_EQ(forbidden(rules, ".vitanas/x"), std::nullopt);
  // A file in the place of a folder above it.
  EXPECT_NE(forbidden({{}, {}, {"**"}, {"var/vitana"}}, "var"), std::nullopt);
  EXPECT_EQ(forbidden(rules, "docs/.vitana.md"), std::nullopt);
}

}  // namespace
}  // namespace vitana::worker

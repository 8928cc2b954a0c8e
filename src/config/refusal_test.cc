// Wrong configurations: each is refused at its place, with a hint that helps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse.h"

namespace vitana::config {
namespace {

struct Wrong {
  std::string name;
  std::string text;
  std::string rule;
  int line;
  int column;
  std::string says;  ///< in message or hint
};

const std::string repo = "[[repos]]\npath = \".\"\nname = \"hub\"\n";
const std::string agent = "[agents.fixer]\nkind = \"command\"\n";

std::vector<Wrong> wrong_ones() {
  return {
      {"UnknownSection", "[sever]\n", "CONFIG_UNKNOWN_KEY", 1, 2, "did you mean \"server\"?"},
      {"UnknownKey", "[server]\nlisen = \"x:1\"\n", "CONFIG_UNKNOWN_KEY", 2, 1,
       "did you mean \"listen\"?"},
      {"UnknownKeyUnlikeAny", "[dispatch]\ncolour = 1\n", "CONFIG_UNKNOWN_KEY", 2, 1,
       "keys there: \"route_retries\", \"pickup_deadline\""},
      {"UnknownKeyOfARepo", repo + "brnach = \"main\"\n", "CONFIG_UNKNOWN_KEY", 4, 1, "\"branch\""},
      {"UnknownKeyOfAnAgent", agent + "command = [\"x\"]\ntimeuot = \"1m\"\n", "CONFIG_UNKNOWN_KEY",
       4, 1, "\"timeout\""},
      {"TextForANumber", "[worker]\nslots = \"2\"\n", "CONFIG_TYPE", 2, 1,
       "must be a whole number"},
      {"NumberForAText", "[server]\ndata = 3\n", "CONFIG_TYPE", 2, 1, "must be a text"},
      {"FractionForANumber", "[worker]\nslots = 2.5\n", "CONFIG_TYPE", 2, 1, "not a fraction"},
      {"TextForABoolean", "[delivery]\nallow_attested_merge = \"yes\"\n", "CONFIG_TYPE", 2, 1,
       "true or false"},
      {"TextForAList", "[verify]\ncommands = \"make test\"\n", "CONFIG_TYPE", 2, 1,
       "put it in brackets"},
      {"NumbersInAList", "[verify]\ncommands = [1]\n", "CONFIG_TYPE", 2, 13, "must be a text"},
      {"EmptyTextInAList", "[verify]\ncommands = [\"\"]\n", "CONFIG_VALUE", 2, 13, "an empty text"},
      {"ValueForATable", "server = \"x\"\n", "CONFIG_TYPE", 1, 1, "must be a table"},
      {"TableForRepos", "[repos]\nname = \"x\"\n", "CONFIG_TYPE", 1, 2, "write [[repos]]"},
      {"ListForAgents", "[[agents]]\nname = \"x\"\n", "CONFIG_TYPE", 1, 3, "write [agents.NAME]"},
      {"ShellLineForACommand", "[agents.a]\ncommand = \"a b\"\n", "CONFIG_TYPE", 2, 1,
       "no shell reads it"},
      {"OptionForAProgram", "[notify]\ncommand = [\"-x\"]\n", "CONFIG_VALUE", 2, 1, "an option"},
      {"BadEnum", "[delivery]\nmode = \"merg\"\n", "CONFIG_VALUE", 2, 1,
       "did you mean \"merge\"? allowed: \"branch\", \"merge\""},
      {"ModeOfAnotherTool", "[delivery]\nmode = \"push\"\n", "CONFIG_VALUE", 2, 1,
       "allowed: \"branch\", \"merge\""},
      {"NoSlotForAgents", "[worker]\nslots = 0\n", "CONFIG_RANGE", 2, 1, "1"},
      {"FewerThanNoSlotsForChecks", "[verify]\nslots = -1\n", "CONFIG_RANGE", 2, 1, "0"},
      {"LabelOfTwoWords", "[worker]\nlabels = [\"two words\"]\n", "CONFIG_VALUE", 2, 1, "os:linux"},
      {"AValueForAStatusToken", repo + "status_token = \"ghp_123\"\n", "CONFIG_SECRET", 4, 1, "env:NAME"},
      {"AStatusTokenOfWhichForge", repo + "status_token = \"env:T\"\n", "CONFIG_MISSING", 4, 1, "\"gitea\""},
      {"AForgeWithoutAnAddress", repo + "status_token = \"env:T\"\nforge = \"gitea\"\nforge_project = \"a/b\"\n",
       "CONFIG_MISSING", 5, 1, "forge_url"},
      {"AForgeWithoutAProject", repo + "status_token = \"env:T\"\nforge = \"gitea\"\nforge_url = \"https://x\"\n",
       "CONFIG_MISSING", 5, 1, "forge_project"},
      {"AForgeThatIsToldNothing",
       repo + "forge = \"gitea\"\nforge_url = \"https://x\"\nforge_project = \"a/b\"\n", "CONFIG_MISSING", 4, 1,
       "status_token"},
      {"AProjectThatIsNone",
       repo + "status_token = \"env:T\"\nforge = \"github\"\nforge_url = \"https://x\"\nforge_project = \"a/../b\"\n",
       "CONFIG_VALUE", 7, 1, "owner/name"},
      {"TableForWebhooks", "[webhooks]\nname = \"x\"\n", "CONFIG_TYPE", 1, 2, "write [[webhooks]]"},
      {"AWebhookWithoutAUrl", "[[webhooks]]\nname = \"x\"\n", "CONFIG_MISSING", 1, 1, "needs a url"},
      {"AWebhookWithoutAName", "[[webhooks]]\nurl = \"https://x\"\n", "CONFIG_MISSING", 1, 1, "needs a name"},
      {"AWebhookThatIsNoAddress", "[[webhooks]]\nname = \"x\"\nurl = \"ftp://x\"\n", "CONFIG_VALUE", 3, 1, "HTTP"},
      {"AWebhookWithAPassword", "[[webhooks]]\nname = \"x\"\nurl = \"https://me:word@x/\"\n", "CONFIG_SECRET", 3, 1,
       "env:NAME"},
      {"AWebhooksSecretInTheFile", "[[webhooks]]\nname = \"x\"\nurl = \"https://x\"\nsecret = \"whsec_AAAA\"\n",
       "CONFIG_SECRET", 4, 1, "env:NAME"},
      {"EventsThatThereAreNot", "[[webhooks]]\nname = \"x\"\nurl = \"https://x\"\nevents = [\"vtid.done\"]\n",
       "CONFIG_VALUE", 4, 1, "docs/events.md"},
      {"TwoWebhooksOfOneName",
       "[[webhooks]]\nname = \"x\"\nurl = \"https://x\"\n[[webhooks]]\nname = \"x\"\nurl = \"https://y\"\n",
       "CONFIG_DUPLICATE", 4, 1, "two [[webhooks]]"},
      {"BadEnumUnlikeAny", "[worker]\nsandbox = \"docker-in-docker\"\n", "CONFIG_VALUE", 2, 1,
       "allowed: \"require\", \"prefer\", \"off\""},
      {"BadApproval", "[policy]\napproval = \"manual\"\n", "CONFIG_VALUE", 2, 1,
       "\"auto\", \"required\""},
      {"BadNetwork", agent + "command = [\"x\"]\nnetwork = \"all\"\n", "CONFIG_VALUE", 4, 1,
       "\"loopback\""},
      {"BadHost", agent + "command = [\"x\"]\nnetwork = [\"http://x/\"]\n", "CONFIG_VALUE", 4, 1,
       "no host"},
      {"BadListen", "[server]\nlisten = \"8080\"\n", "CONFIG_VALUE", 2, 1, "HOST:PORT"},
      {"CertificateWithoutKey", "[server]\ntls_certificate = \"a.pem\"\n", "CONFIG_MISSING", 2, 1, "tls_key"},
      {"KeyWithoutCertificate", "[server]\ntls_key = \"a.pem\"\n", "CONFIG_MISSING", 2, 1, "tls_certificate"},
      {"BadAccessLog", "[server]\naccess_log = true\n", "CONFIG_TYPE", 2, 1, "must be a text"},
      {"PortTooHigh", "[server]\nlisten = \"localhost:70000\"\n", "CONFIG_VALUE", 2, 1,
       "HOST:PORT"},
      {"BadDuration", "[caps]\nwall = \"60 minutes\"\n", "CONFIG_VALUE", 2, 1,
       "units: ms, s, m, h, d"},
      {"NumberForADuration", "[caps]\nwall = 60\n", "CONFIG_TYPE", 2, 1, "must be a duration"},
      {"DurationOutOfRange", "[dispatch]\npickup_deadline = \"30d\"\n", "CONFIG_RANGE", 2, 1,
       "to 7d"},
      {"NumberOutOfRange", "[caps]\nconcurrent = -1\n", "CONFIG_RANGE", 2, 1, "from 0 to 1000"},
      {"HugeNumber", "[caps]\nconcurrent = 9223372036854775807\n", "CONFIG_RANGE", 2, 1, "to 1000"},
      {"ExitCodeZero", "[agents.a]\ncommand = [\"x\"]\nexits = { 0 = \"AGENT_LOGIN\" }\n", "CONFIG_RANGE",
       3, 11, "from 1 to 255"},
      {"ExitCodeOfAnotherFailure", "[agents.a]\ncommand = [\"x\"]\nexits = { 3 = \"BASE_RED\" }\n",
       "CONFIG_VALUE", 3, 11, "AGENT_LOGIN or AGENT_QUOTA"},
      {"NoScan", repo + "scan_seconds = 0\n", "CONFIG_RANGE", 4, 1, "from 1"},
      {"BadMemory", agent + "command = [\"x\"]\nmemory = \"4 GB\"\n", "CONFIG_VALUE", 4, 1,
       "\"4G\""},
      {"LittleMemory", agent + "command = [\"x\"]\nmemory = \"1M\"\n", "CONFIG_RANGE", 4, 1, "16M"},
      {"LittleDisk", agent + "command = [\"x\"]\ndisk = \"1K\"\n", "CONFIG_RANGE", 4, 1, "\"20G\""},
      {"BadOutput", agent + "command = [\"x\"]\noutput = \"much\"\n", "CONFIG_VALUE", 4, 1, "M"},
      {"SecretAsValue", repo + "webhook_secret = \"hunter2\"\n", "CONFIG_SECRET", 4, 1,
       "\"env:NAME\""},
      {"AgentsSecretAsValue", agent + "command = [\"x\"]\nsecrets = [\"sk-123\"]\n",
       "CONFIG_SECRET", 4, 1, "\"file:PATH\""},
      {"PasswordInDatabase", "[server]\ndatabase = \"postgresql://v:hunter2@db/v\"\n",
       "CONFIG_SECRET", 2, 1, "holds a password"},
      {"PasswordInQuery", "[server]\ndatabase = \"postgresql://db/v?password=hunter2\"\n",
       "CONFIG_SECRET", 2, 1, "holds a password"},
      {"TokenInUrl", "[[repos]]\nurl = \"https://hunter2@git.example/x.git\"\n", "CONFIG_SECRET", 2,
       1, "credential helper"},
      {"NoDatabase", "[server]\ndatabase = \"vitana.db\"\n", "CONFIG_VALUE", 2, 1, "postgresql://"},
      {"RepoWithoutAPlace", "[[repos]]\nname = \"hub\"\n", "CONFIG_MISSING", 1, 1, "path or a url"},
      {"RepoWithTwoPlaces", repo + "url = \"https://git.example/x\"\n", "CONFIG_MISSING", 4, 1,
       "one is enough"},
      {"UrlThatRunsAProgram", "[[repos]]\nurl = \"ext::sh -c id\"\n", "CONFIG_VALUE", 2, 1,
       "no address"},
      {"UrlThatIsAnOption", "[[repos]]\nname = \"x\"\nurl = \"--upload-pack=x\"\n", "CONFIG_VALUE",
       3, 1, "no address"},
      {"DuplicateRepo", repo + repo, "CONFIG_DUPLICATE", 4, 1, "are called \"hub\""},
      {"BadRepoName", "[[repos]]\npath = \".\"\nname = \"a b\"\n", "CONFIG_VALUE", 3, 1,
       "letters, digits"},
      {"BadBranch", repo + "branch = \"--all\"\n", "CONFIG_VALUE", 4, 1, "no name of a branch"},
      {"NoSpecs", repo + "specs = []\n", "CONFIG_VALUE", 4, 1, "cannot be empty"},
      {"SpecsOutside", repo + "specs = [\"../**/*.md\"]\n", "CONFIG_VALUE", 4, 1,
       "outside the repository"},
      {"AbsoluteCache", repo + "cache = [\"/usr\"]\n", "CONFIG_VALUE", 4, 1,
       "outside the repository"},
      {"HomeIsNotExpanded", "[worker]\nworkspaces = \"~/w\"\n", "CONFIG_VALUE", 2, 1,
       "not expanded"},
      {"AgentWithoutACommand", "[agents.fixer]\nnetwork = \"none\"\n", "CONFIG_MISSING", 1, 9,
       "needs a command"},
      {"BadAgentName", "[agents.\"a b\"]\nkind = \"codex\"\n", "CONFIG_VALUE", 1, 9,
       "agent's name"},
      {"UnknownAgent", agent + "command = [\"x\"]\n[worker]\nagent = \"fixr\"\n",
       "CONFIG_AGENT_UNKNOWN", 5, 1, "did you mean \"fixer\"?"},
      {"UnknownJudge", "[verify]\njudge = \"critic\"\n", "CONFIG_AGENT_UNKNOWN", 2, 1,
       "add [agents.critic]"},
      {"JudgeOfItsOwnWork", agent + "command = [\"x\"]\n[verify]\njudge = \"fixer\"\n",
       "CONFIG_VALUE", 5, 1, "none judges its own work"},
      {"JudgedByNobody", "[verify]\nunverified = \"judge\"\n", "CONFIG_MISSING", 2, 1, "no judge"},
      {"BadAuthor", "[delivery]\nauthor = \"Ann\"\n", "CONFIG_VALUE", 2, 1, "no identity"},
      {"ProtectOutside", "[policy]\nprotect = [\"a/../../b\"]\n", "CONFIG_VALUE", 2, 1, "outside"},
      {"ProtectWithAnOpenBracket", "[policy]\nprotect = [\"[\"]\n", "CONFIG_VALUE", 2, 1, "no ] closes"},
      {"SpecsWithAnOpenBracket", "[[repos]]\npath = \"x\"\nspecs = [\"a/[0-9/b].md\"]\n", "CONFIG_VALUE", 3, 1,
       "no ] closes"},
      {"UnknownCode", "[retry.AGENT_FALED]\nruns = 2\n", "CONFIG_RETRY_CODE", 1, 8,
       "\"AGENT_FAILED\""},
      {"UnknownKeyOfACode", "[retry.AGENT_FAILED]\nrun = 2\n", "CONFIG_UNKNOWN_KEY", 2, 1,
       "\"runs\""},
      {"GovernanceCode", "[retry.PATH_FORBIDDEN]\nruns = 3\n", "CONFIG_RETRY_CODE", 2, 1,
       "governance code"},
      {"NoRuns", "[retry]\nruns = 0\n", "CONFIG_RANGE", 2, 1, "from 1"},
      {"DelayBeyondItsBound", "[retry]\ndelay = \"1h\"\n", "CONFIG_RANGE", 1, 2, "less than delay"},
      {"NulInAText", "[server]\ndata = \"a\\u0000b\"\n", "CONFIG_VALUE", 2, 1, "NUL"},
      {"DuplicateKey", "[server]\ndata = \"a\"\ndata = \"b\"\n", "CONFIG_SYNTAX", 3, 8,
       "leave one of the two"},
      {"TableTwice", "[worker]\nslots = 2\n\n[verify]\n [ worker ]  # mine\nagent = \"x\"\n", "CONFIG_SYNTAX", 5, 2,
       "stands twice; the first is at line 1"},
      {"AgentTwice", agent + "[worker]\n[agents.fixer]\n", "CONFIG_SYNTAX", 4, 1,
       "put these keys into the table at line 1"},
  };
}

class WrongConfig : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongConfig, IsRefusedOnceAtItsPlaceWithAHint) {
  const auto& wrong = GetParam();
  const auto reading = parse_config(wrong.text);
  EXPECT_FALSE(reading.valid());
  ASSERT_EQ(reading.diagnostics.size(), 1u);
  const auto& d = reading.diagnostics.front();
  EXPECT_EQ(d.rule, wrong.rule);
  EXPECT_EQ(d.line, wrong.line) << to_string(d);
  EXPECT_EQ(d.column, wrong.column) << to_string(d);
  EXPECT_THAT(d.message + " | " + d.hint, ::testing::HasSubstr(wrong.says));
}

TEST_P(WrongConfig, NeverShowsASecretsValue) {
  for (const auto& d : parse_config(GetParam().text).diagnostics) {
    EXPECT_THAT(d.message + d.hint, ::testing::Not(::testing::HasSubstr("hunter2")));
    EXPECT_THAT(d.message + d.hint, ::testing::Not(::testing::HasSubstr("sk-123")));
  }
}

INSTANTIATE_TEST_SUITE_P(All, WrongConfig, ::testing::ValuesIn(wrong_ones()),
                         [](const auto& test) { return test.param.name; });

struct DeepText {
  std::string text;
  bool refused;
};

TEST(DeepConfig, IsRefusedBeforeItTakesTheStack) {
  const auto repeated = [](std::string_view part, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += part;
    return all;
  };
  const std::string tail = "\n\n" + repeated("a.", 400'000) + "a = 1\n";
  for (const auto& [text, refused] : {
           DeepText{repeated("a.", 400'000) + "a = 1", true},
           DeepText{"[" + repeated("a.", 400'000) + "a]", true},
           DeepText{"a = " + repeated("[", 500), true},
           DeepText{"a = " + repeated("{a.a.a = ", 100'000), true},
           DeepText{"x = \"\"\"quoted\"\"\"\"" + tail, true},
           DeepText{"x = '''it's" "'''''" + tail, true},
           DeepText{"x = \"\\\"\"" + tail, true},
           DeepText{"# it's" + tail, true},
           DeepText{"[policy]\nprotect = [\"a" + repeated(".", 100) + "\", 'a" + repeated(".", 100) +
                        "'] # " + repeated("[", 50),
                    false},
       }) {
    const auto reading = parse_config(text);
    EXPECT_EQ(reading.valid(), !refused) << text.substr(0, 60);
    const std::string message = reading.valid() ? "" : reading.diagnostics.front().message;
    EXPECT_EQ(message.find("nested") != message.npos, refused) << message;
  }
}

TEST(WrongKeys, AreBoundedAndTakeNoTime) {
  std::string text = "[retry]\n";
  for (int i = 0; text.size() < 900'000; ++i) {
    text += "AGENT_FAILED_OR_NOT_" + std::to_string(i) + " = {}\n";
  }
  const auto reading = parse_config(text);
  EXPECT_FALSE(reading.valid());
  EXPECT_EQ(reading.diagnostics.size(), 200u);
}

TEST(WrongKeys, AreQuotedOnOneLine) {
  const auto reading = parse_config("\"a\\nb\\u001b\" = 1");
  EXPECT_THAT(reading.diagnostics.front().message, ::testing::HasSubstr("\"a b\xEF\xBF\xBD\""));
}

TEST(WrongKeys, StandAtAPlaceThatTheTextHas) {
  const auto reading = parse_config("[worker]\n[\"\"\"worker\"]\nx = 1\n");
  ASSERT_FALSE(reading.valid());
  EXPECT_LE(reading.diagnostics.front().column, 13);
}

TEST(LongLists, AreRefused) {
  std::string text = "[verify]\ncommands = [";
  for (int i = 0; i < 1'001; ++i) text += "\"make " + std::to_string(i) + "\", ";
  EXPECT_FALSE(parse_config(text + "]").valid());
}

TEST(DeepConfig, IsLookedForInNoTime) {
  for (const char c : {'=', '\'', '"', '#', '.', '['}) {
    EXPECT_FALSE(parse_config("\n" + std::string(1'000'000, c) + (c == '#' ? "\n=" : "")).valid());
  }
}

}  // namespace
}  // namespace vitana::config

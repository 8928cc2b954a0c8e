#include "wire/stored_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace vitana::wire {
namespace {

using namespace std::chrono_literals;
using namespace domain;

const Instant noon = *from_rfc3339("2026-01-25T12:00:00.123456Z");

TEST(Stored, FailuresReadBackEqualForEveryCode) {
  for (const auto& info : failure_catalogue()) {
    const Failure plain{info.code, "m", "executing"};
    EXPECT_EQ(failure_from_stored(to_stored(plain)).value(), plain);
  }
  const Failure whole{
      FailureCode::GIT_FAILED, "ä \"q\" \\ \n", "verifying", {"a", "b"}, {{"k", "v"}}};
  EXPECT_EQ(failure_from_stored(to_stored(whole)).value(), whole);
}

TEST(Stored, WaitsReadBackEqualFlagByFlag) {
  EXPECT_EQ(waits_from_stored(to_stored(Waits{})).value(), Waits{});
  bool Waits::* const flags[] = {&Waits::adoption,           &Waits::conflict,
                                 &Waits::renumbered,         &Waits::spec_held,
                                 &Waits::spec_approval,      &Waits::approval,
                                 &Waits::dependency_unknown, &Waits::dependency_failed};
  for (const auto flag : flags) {
    Waits waits;
    waits.*flag = true;
    waits.dependencies_open = 3;
    EXPECT_EQ(waits_from_stored(to_stored(waits)).value(), waits);
  }
}

TEST(Stored, SpentReadsBackEqual) {
  const Spent spent{1, 2, 3, 4, {{FailureCode::AGENT_FAILED, 5}, {FailureCode::MERGE_CONFLICT, 6}}};
  EXPECT_EQ(spent_from_stored(to_stored(spent)).value(), spent);
  EXPECT_EQ(spent_from_stored(to_stored(Spent{})).value(), Spent{});
}

TEST(Stored, NextReadsBackEqualForEveryKind) {
  for (const auto kind : {NextKind::none, NextKind::spec, NextKind::gate, NextKind::task,
                          NextKind::timer, NextKind::worker, NextKind::person}) {
    for (const auto& due : {std::optional<Instant>(), std::optional(noon)}) {
      const Next next{kind, "what", due};
      EXPECT_EQ(next_from_stored(to_stored(next)).value(), next);
    }
  }
}

TEST(Stored, DeliverablesReadBackEqual) {
  const Deliverable d{"refs/heads/main", "", "new", "tree"};
  EXPECT_EQ(deliverable_from_stored(to_stored(d)).value(), d);
}

TEST(Stored, ProvenanceReadsBackEqualForEverySource) {
  for (const auto source : {SpecSource::git, SpecSource::oasis, SpecSource::intake,
                            SpecSource::manual, SpecSource::ledger}) {
    const Provenance p{source, "Ann", noon, "hub", "a.md", "c", "b", "7", "why"};
    EXPECT_EQ(provenance_from_stored(to_stored(p)).value(), p);
  }
  EXPECT_EQ(provenance_from_stored(to_stored(Provenance{})).value(), Provenance{});
}

TEST(Stored, LeasesReadBackEqual) {
  const Lease lease{"w:1", 9'000'000'000, noon, noon + 30s};
  EXPECT_EQ(lease_from_stored(to_stored(lease)).value(), lease);
}

TEST(Stored, NewerSpecsReadBackEqual) {
  const NewerSpec newer{{7, Digest::of("x")}, true};
  EXPECT_EQ(newer_from_stored(to_stored(newer)).value(), newer);
}

TEST(Stored, DiagnosticsReadBackEqual) {
  const std::vector<Diagnostic> all = {{"A", Severity::error, "m", "f.md", 3, 4, "h"},
                                       {"B", Severity::warning, "", "", 1, 1, ""},
                                       {"C", Severity::info, "m", "", 1, 1, ""}};
  EXPECT_EQ(diagnostics_from_stored(to_stored(all)).value(), all);
  EXPECT_EQ(diagnostics_from_stored("[]").value(), std::vector<Diagnostic>{});
}

TEST(Stored, AnAbsentKeyHasItsDefault) {
  EXPECT_EQ(waits_from_stored("{}").value(), Waits{});
  EXPECT_EQ(spent_from_stored(R"({"later":1})").value(), Spent{});
}

using Reader = std::function<std::optional<FailureCode>(std::string_view)>;

template <typename Read>
Reader code_of(Read read) {
  return [read](std::string_view text) -> std::optional<FailureCode> {
    const auto result = read(text);
    if (result) return std::nullopt;
    return result.error().code;
  };
}

const std::vector<Reader>& readers() {
  static const std::vector<Reader> all = {
      code_of(failure_from_stored),     code_of(waits_from_stored),
      code_of(spent_from_stored),       code_of(next_from_stored),
      code_of(deliverable_from_stored), code_of(provenance_from_stored),
      code_of(lease_from_stored),       code_of(newer_from_stored),
      code_of(diagnostics_from_stored)};
  return all;
}

TEST(Stored, TextThatIsNoJsonIsDamage) {
  const std::string deep(100'000, '[');
  const std::string nested = std::string(100, '[') + std::string(100, ']');
  for (const std::string_view text :
       {std::string_view(""), std::string_view("{"), std::string_view("nul"), std::string_view("7"),
        std::string_view("\"\xff\""), std::string_view("{}{}"), std::string_view(deep),
        std::string_view(nested)}) {
    for (const auto& read : readers()) EXPECT_EQ(read(text), FailureCode::STORE_DAMAGED);
  }
}

struct Damaged {
  std::size_t reader;
  std::string text;
};

TEST(Stored, AWrongTypeOrNameIsDamage) {
  const Damaged damaged[] = {{0, "{}"},
                             {0, R"({"code":"UNKNOWN_ERROR"})"},
                             {0, R"({"code":7})"},
                             {0, R"({"code":"GIT_FAILED","message":1})"},
                             {0, R"({"code":"GIT_FAILED","causes":"x"})"},
                             {0, R"({"code":"GIT_FAILED","causes":[1]})"},
                             {0, R"({"code":"GIT_FAILED","context":[]})"},
                             {0, R"({"code":"GIT_FAILED","context":{"a":1}})"},
                             {1, R"({"adoption":1})"},
                             {1, R"({"dependencies_open":"1"})"},
                             {1, R"({"dependencies_open":1.5})"},
                             {1, R"({"dependencies_open":99999999999})"},
                             {2, R"({"by_code":{"NOPE":1}})"},
                             {2, R"({"by_code":[]})"},
                             {2, R"({"by_code":{"GIT_FAILED":"1"}})"},
                             {3, "{}"},
                             {3, R"({"kind":"soon"})"},
                             {3, R"({"kind":"gate","due":"noon"})"},
                             {4, R"({"ref":"r"})"},
                             {5, R"({"source":"fax"})"},
                             {6, R"({"fence":18446744073709551615})"},
                             {7, R"({"version":1,"digest":"sha256:00"})"},
                             {8, R"([{}])"},
                             {8, R"([1])"},
                             {8, "{}"},
                             {8, R"([{"rule":"A","severity":"fatal"}])"}};
  for (const auto& [reader, text] : damaged) {
    EXPECT_EQ(readers()[reader](text), FailureCode::STORE_DAMAGED) << text;
  }
}

}  // namespace
}  // namespace vitana::wire

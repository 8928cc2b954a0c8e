#include "git/output.h"

#include <gmock/gmock.h>

#include <string>

namespace vitana::git {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Oid a(40, 'a');
const Oid b(40, 'b');
const std::string none(40, '0');

TEST(LsTreeOutput, APathMayHoldAnythingButANul) {
  const auto entries = parse_ls_tree("100644 blob " + a + "\ta\tb\nc\0"s + "120000 blob " + b + "\tl\0"s);
  ASSERT_TRUE(entries);
  EXPECT_THAT(*entries, ElementsAre(TreeEntry{mode::file, a, "a\tb\nc"},
                                    TreeEntry{mode::symlink, b, "l"}));
}

TEST(LsTreeOutput, WhatIsNoListingIsGarbled) {
  for (const auto& printed : {"x"s, "100644 blob "s + a, "100644 blob x\tp\0"s,
                              "1006449 blob " + a + "\tp\0"s, "100644 blob " + a + "\t\0"s}) {
    const auto entries = parse_ls_tree(printed);
    ASSERT_FALSE(entries) << printed;
    EXPECT_EQ(entries.error().code, FailureCode::GIT_FAILED);
  }
}

TEST(DiffTreeOutput, ZerosAreNoObject) {
  const auto changes =
      parse_diff_tree(":000000 100644 " + none + " " + a + " A\0new\0"s + ":100644 000000 " + a +
                      " " + none + " D\0old\0"s);
  ASSERT_TRUE(changes);
  EXPECT_THAT(*changes,
              ElementsAre(Change{ChangeKind::added, "new", mode::none, mode::file, "", a},
                          Change{ChangeKind::deleted, "old", mode::file, mode::none, a, ""}));
}

TEST(DiffTreeOutput, ARenameOrAShortObjectIdIsGarbled) {
  EXPECT_FALSE(parse_diff_tree(":100644 100644 " + a + " " + b + " R100\0x\0y\0"s));
  EXPECT_FALSE(parse_diff_tree(":100644 100644 abc " + b + " M\0x\0"s));
}

TEST(StatusOutput, FieldsTooShortForAPathAreLeftOut) {
  EXPECT_THAT(parse_status(" M a\0M  \0x\0"s), ElementsAre("a"));
}

TEST(CheckIgnoreOutput, AFieldShorterThanItsPrefixIsLeftOut) {
  EXPECT_THAT(parse_check_ignore("./a\0.\0\0"s), ElementsAre("a"));
}

TEST(MergeTreeOutput, TheTreeComesFirst) {
  const auto output = parse_merge_tree(a + "\0p\0q\0"s);
  EXPECT_EQ(output.tree, a);
  EXPECT_THAT(output.conflicts, ElementsAre("p", "q"));
}

TEST(LogOutput, ADateBeyondTheCalendarIsItsEnd) {
  const auto info = parse_last_commit(a + "\0Ada\0ada@x\0"s + "9999999999999\0"s);
  ASSERT_TRUE(info && *info);
  EXPECT_EQ(to_rfc3339((*info)->time), "9999-12-31T23:59:59.000000Z");
}

TEST(LogOutput, UnequalNumbersOfTrailersGiveNone) {
  EXPECT_THAT(*parse_trailers(a + "\0VTID-00001\nVTID-00002\0sha256:1\0"s), IsEmpty());
  EXPECT_FALSE(parse_trailers("x\0VTID-00001\0sha256:1\0"s));
}

TEST(ObjectInfoOutput, AnotherObjectIsGarbled) {
  EXPECT_EQ((*parse_object_info(a + " blob 12", a))->size, 12U);
  EXPECT_EQ(*parse_object_info(a + " missing", a), std::nullopt);
  EXPECT_FALSE(parse_object_info(b + " blob 12", a));
  EXPECT_FALSE(parse_object_info(a + " blob 12x", a));
  EXPECT_EQ(*parse_peeled(a + " tree 12"), a);
  EXPECT_EQ(*parse_peeled("refs/heads/x^{commit} missing"), std::nullopt);
  EXPECT_FALSE(parse_peeled("nothing known"));
}

TEST(LsRemoteOutput, ARefThatOnlyEndsLikeItIsAnother) {
  const auto printed = b + "\trefs/heads/refs/heads/main\n" + a + "\trefs/heads/main\n";
  EXPECT_EQ(parse_ls_remote(printed, "refs/heads/main"), a);
  EXPECT_EQ(parse_ls_remote(printed, "refs/heads/other"), std::nullopt);
}

TEST(LsRemoteOutput, AHeadThatIsNoBranchNameIsNone) {
  EXPECT_EQ(parse_remote_head("ref: refs/heads/main\tHEAD\n"), "main");
  EXPECT_EQ(parse_remote_head("ref: refs/heads/--upload-pack=x\tHEAD\n"), std::nullopt);
}

TEST(RevParseOutput, APathWithANewlineIsNoOtherPath) {
  EXPECT_TRUE(parse_repository("/r/.git\n/r/.git\nfalse\n"));
  EXPECT_FALSE(parse_repository("/r\n/x/.git\n/r\n/x/.git\nfalse\n"));
  EXPECT_FALSE(parse_repository("/r\n/x\n"));
}

TEST(PushOutput, TheReasonIsTheLastColumn) {
  EXPECT_EQ(parse_push_reason("To x\n!\ta:b\t[rejected] (stale info)\nDone\n"),
            "[rejected] (stale info)");
  EXPECT_EQ(parse_push_reason("To x\n"), "");
}

}  // namespace
}  // namespace vitana::git

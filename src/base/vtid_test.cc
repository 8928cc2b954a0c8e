#include "base/vtid.h"

#include <gtest/gtest.h>

#include <string>

namespace vitana {
namespace {

std::string shown(const Result<Vtid>& id) {
  return id ? id->to_string() : std::string(name_of(id.error().code));
}

std::string shown(const std::optional<Result<Vtid>>& id) { return id ? shown(*id) : "none"; }

TEST(Vtid, IsPaddedToFiveDigits) {
  EXPECT_EQ(Vtid(518).to_string(), "VTID-00518");
  EXPECT_EQ(Vtid(123'456'789).to_string(), "VTID-123456789");
}

TEST(Vtid, ReadsEveryPaddingAndCase) {
  EXPECT_EQ(shown(Vtid::parse("VTID-1213")), "VTID-01213");
  EXPECT_EQ(shown(Vtid::parse("VTID-01213")), "VTID-01213");
  EXPECT_EQ(shown(Vtid::parse("vtid-0518")), "VTID-00518");
  EXPECT_EQ(shown(Vtid::parse("VTID-999999999")), "VTID-999999999");
}

TEST(Vtid, RefusesOldFormsWithoutCuttingThem) {
  for (const auto* text : {"VTID-0526-D", "DEV-CICDL-0035", "VTID-2025-0001", "VTID-B95E9",
                           "VTID-01213a"}) {
    EXPECT_EQ(shown(Vtid::parse(text)), "VTID_LEGACY_FORM") << text;
  }
}

TEST(Vtid, RefusesWhatIsNoId) {
  for (const auto* text : {"", "VTID", "VTID-", "VTID-0", "VTID-00000", "VTID-1234567890", "01213",
                           "VTID-01213 ", " VTID-01213", "VTID 01213", "VTID-TBD", "VTID-012XX",
                           "VTID-01213.1", "VTID--1", "VTID-+1"}) {
    EXPECT_EQ(shown(Vtid::parse(text)), "VTID_INVALID") << text;
  }
}

TEST(VtidOfFileName, ReadsThePrefixOrFiveDigits) {
  EXPECT_EQ(shown(vtid_of_file_name("VTID-01213-sidebar.md")), "VTID-01213");
  EXPECT_EQ(shown(vtid_of_file_name("VTID-01213.md")), "VTID-01213");
  EXPECT_EQ(shown(vtid_of_file_name("vtid-1213-xy.markdown")), "VTID-01213");
  EXPECT_EQ(shown(vtid_of_file_name("01213-sidebar-operator-color.md")), "VTID-01213");
  EXPECT_EQ(shown(vtid_of_file_name("VTID-01213-x.md")), "VTID-01213");
  EXPECT_EQ(shown(vtid_of_file_name("VTID-01213-2-column-layout.md")), "VTID-01213");
  EXPECT_EQ(shown(vtid_of_file_name("vtid-01213-a-better-board.md")), "VTID-01213");
}

TEST(VtidOfFileName, ClaimsNothingForOtherNumbers) {
  for (const auto* name : {"0007-x.md", "2025-01-03-x.md", "notes.md", "01213.md", "012134-x.md",
                           "", "x-01213-y.md", "VTID-PENDING-x.md", "README.md"}) {
    EXPECT_EQ(shown(vtid_of_file_name(name)), "none") << name;
  }
}

TEST(VtidOfFileName, RefusesOldFormsAndZero) {
  EXPECT_EQ(shown(vtid_of_file_name("VTID-0526-D.md")), "VTID_LEGACY_FORM");
  EXPECT_EQ(shown(vtid_of_file_name("vtid-0526-d.md")), "VTID_LEGACY_FORM");
  EXPECT_EQ(shown(vtid_of_file_name("VTID-0526-D-voice-bridge.md")), "VTID_LEGACY_FORM");
  EXPECT_EQ(shown(vtid_of_file_name("VTID-2025-0001-x.md")), "VTID_LEGACY_FORM");
  EXPECT_EQ(shown(vtid_of_file_name("DEV-CICDL-0035-x.md")), "VTID_LEGACY_FORM");
  EXPECT_EQ(shown(vtid_of_file_name("VTID-B95E9-x.md")), "VTID_LEGACY_FORM");
  EXPECT_EQ(shown(vtid_of_file_name("00000-x.md")), "VTID_INVALID");
}

TEST(VtidInText, FindsTheFirst) {
  EXPECT_EQ(shown(vtid_in_text("VTID-01213: Sidebar")), "VTID-01213");
  EXPECT_EQ(shown(vtid_in_text("Specification (VTID-1213) after VTID-01100")), "VTID-01213");
  EXPECT_EQ(shown(vtid_in_text("Was DEV-CICDL-0035, now VTID-01213")), "VTID_LEGACY_FORM");
  EXPECT_EQ(shown(vtid_in_text("**VTID-0526-D**")), "VTID_LEGACY_FORM");
}

TEST(VtidInText, CountsPlaceholdersAndPartsOfWordsAsNone) {
  for (const auto* text : {"VTID: TBD", "VTID-PENDING", "VTID-012XX", "VTID-XXXXX", "01213",
                           "MYVTID-01213", "my-VTID-01213", "VTID-00000", "UTF-8", "CVE-2024-1234",
                           ""}) {
    EXPECT_EQ(shown(vtid_in_text(text)), "none") << text;
  }
}

TEST(VtidInText, GoesOnAfterAPlaceholder) {
  EXPECT_EQ(shown(vtid_in_text("VTID-PENDING (was VTID-01100)")), "VTID-01100");
}

TEST(RunId, ReadsWhatItWrites) {
  const RunId id{Vtid(1213), 2};
  EXPECT_EQ(id.to_string(), "VTID-01213.2");
  EXPECT_EQ(RunId::parse("VTID-01213.2"), id);
}

TEST(RunId, RefusesOtherForms) {
  for (const auto* text : {"VTID-01213", "VTID-01213.", "VTID-01213.0", "VTID-01213.01",
                           "VTID-01213.-1", "VTID-01213.2x", ".2", "VTID-01213.99999999999"}) {
    EXPECT_FALSE(RunId::parse(text)) << text;
  }
}

}  // namespace
}  // namespace vitana

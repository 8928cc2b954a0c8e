#include "base/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/result.h"

namespace vitana {
namespace {

TEST(FailureCatalogue, EveryCodeIsFoundByItsName) {
  for (const auto& info : failure_catalogue()) {
    EXPECT_EQ(failure_code(info.name), info.code) << info.name;
    EXPECT_EQ(name_of(info.code), info.name);
  }
}

TEST(FailureCatalogue, EveryRowHelps) {
  for (const auto& info : failure_catalogue()) {
    EXPECT_GE(info.hint.size(), 10u) << info.name;
    EXPECT_GE(info.http_status, 400) << info.name;
    EXPECT_LT(info.http_status, 600) << info.name;
  }
}

TEST(FailureCatalogue, HasNoCodeForTheUnknown) {
  for (const auto& info : failure_catalogue()) {
    EXPECT_EQ(info.name.find("UNKNOWN_ERROR"), std::string_view::npos);
    EXPECT_NE(info.name, "UNKNOWN");
  }
  EXPECT_FALSE(failure_code("UNKNOWN_ERROR"));
}

TEST(FailureCatalogue, NamesAreExact) {
  EXPECT_FALSE(failure_code("spec_not_found"));
  EXPECT_FALSE(failure_code(""));
}

TEST(FailureCatalogue, NobodyRetriesWhatOnlyAnAuthorCanMend) {
  for (const auto& info : failure_catalogue()) {
    EXPECT_FALSE(info.actor == FailureActor::author && info.retryable) << info.name;
  }
}

TEST(Error, ReadsAsOneLineWithItsCausesNearestFirst) {
  const auto error = Error{FailureCode::SPEC_INVALID, "no summary"}
                         .under("docs/a.md is not valid")
                         .under("the scan failed");
  EXPECT_EQ(to_string(error),
            "SPEC_INVALID: the scan failed (docs/a.md is not valid; no summary)");
}

TEST(Error, KeepsNamedValues) {
  const auto error = Error{FailureCode::SPEC_INVALID, "x"}.with("path", "a").with("path", "b");
  EXPECT_THAT(error.context, testing::ElementsAre(testing::Pair("path", "b")));
}

}  // namespace
}  // namespace vitana

#include "gateway/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vitana::gateway {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

const std::vector<Parameter> parameters = {
    {.name = "vtid", .in = In::path, .kind = Kind::vtid, .what = ""},
    {.name = "limit", .kind = Kind::integer, .what = "", .least = 1, .most = 200, .otherwise = 50},
    {.name = "status", .what = "", .words = {"draft", "blocked"}},
    {.name = "strict", .kind = Kind::flag, .what = ""},
    {.name = "run", .kind = Kind::run, .what = ""},
};

Result<Arguments> read(const std::string& vtid, const Query& query) {
  return read_arguments(parameters, {{"vtid", vtid}}, query);
}

TEST(Arguments, AreOfTheirKinds) {
  const auto arguments =
      read("VTID-7", {{"limit", "200"}, {"status", "blocked"}, {"strict", "true"}, {"run", "VTID-00007.2"}});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->vtid("vtid"), Vtid(7));
  EXPECT_EQ(arguments->integer("limit"), 200);
  EXPECT_EQ(arguments->text("status"), "blocked");
  EXPECT_TRUE(arguments->flag("strict"));
  EXPECT_EQ(arguments->run("run"), (RunId{Vtid(7), 2}));
}

TEST(Arguments, ThatAreRequiredAreNotLeftOut) {
  const std::vector<Parameter> fence = {
      {.name = "fence", .kind = Kind::integer, .what = "the token", .least = 1, .required = true}};
  EXPECT_EQ(read_arguments(fence, {}, {{"fence", "3"}})->integer("fence"), 3);
  for (const auto& query : {Query{}, Query{{"fence", "0"}}}) {
    const auto arguments = read_arguments(fence, {}, query);
    ASSERT_FALSE(arguments);
    EXPECT_EQ(arguments.error().code, FailureCode::REQUEST_INVALID);
    EXPECT_EQ(arguments.error().context.at("parameter"), "fence");
  }
  EXPECT_TRUE(parameter_json(fence.front()).at("required").get<bool>());
  EXPECT_FALSE(parameter_json(parameters.at(1)).at("required").get<bool>());
}

TEST(Arguments, LeftOutHaveTheirValueOtherwise) {
  const auto arguments = read("VTID-00007", {});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->integer("limit"), 50);
  EXPECT_EQ(arguments->text("status"), "");
  EXPECT_FALSE(arguments->flag("strict"));
}

struct Refused {
  std::string vtid;
  Query query;
  FailureCode code;
  std::string parameter;
};

class RefusedArguments : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedArguments, NameTheParameter) {
  const auto& [vtid, query, code, parameter] = GetParam();
  const auto arguments = read(vtid, query);
  ASSERT_FALSE(arguments);
  EXPECT_EQ(arguments.error().code, code);
  EXPECT_EQ(arguments.error().context.at("parameter"), parameter);
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedArguments,
    ::testing::Values(Refused{"VTID-0526-D", {}, FailureCode::VTID_LEGACY_FORM, "vtid"},
                      Refused{"seven", {}, FailureCode::VTID_INVALID, "vtid"},
                      Refused{"VTID-7", {{"limit", "0"}}, FailureCode::REQUEST_INVALID, "limit"},
                      Refused{"VTID-7", {{"limit", "201"}}, FailureCode::REQUEST_INVALID, "limit"},
                      Refused{"VTID-7", {{"limit", "5x"}}, FailureCode::REQUEST_INVALID, "limit"},
                      Refused{"VTID-7", {{"limit", ""}}, FailureCode::REQUEST_INVALID, "limit"},
                      Refused{"VTID-7", {{"limit", "99999999999999999999"}}, FailureCode::REQUEST_INVALID, "limit"},
                      Refused{"VTID-7", {{"status", "done"}}, FailureCode::REQUEST_INVALID, "status"},
                      Refused{"VTID-7", {{"strict", "yes"}}, FailureCode::REQUEST_INVALID, "strict"},
                      Refused{"VTID-7", {{"run", "VTID-00007"}}, FailureCode::REQUEST_INVALID, "run"},
                      Refused{"VTID-7", {{"limt", "5"}}, FailureCode::REQUEST_INVALID, "limt"},
                      Refused{"VTID-7", {{"vtid", "VTID-8"}}, FailureCode::REQUEST_INVALID, "vtid"},
                      Refused{"VTID-7", {{"limit", "5"}, {"limit", "6"}}, FailureCode::REQUEST_INVALID, "limit"}));

}  // namespace
}  // namespace vitana::gateway

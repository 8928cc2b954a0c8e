#include "sql/parameters.h"

#include <gtest/gtest.h>

#include "sql/conformance.h"

namespace vitana::sql {
namespace {

struct Rewrite {
  std::string sql;
  std::string expected;
};
class Rewritten : public ::testing::TestWithParam<Rewrite> {};

TEST_P(Rewritten, AsSqliteReadsIt) {
  EXPECT_EQ(numbered_parameters(GetParam().sql), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Parameters, Rewritten,
                         ::testing::Values(Rewrite{"SELECT $2, $1", "SELECT ?2, ?1"},
                                           Rewrite{"SELECT $10+$1", "SELECT ?10+?1"},
                                           Rewrite{"$1", "?1"}, Rewrite{"($1,$2)", "(?1,?2)"},
                                           Rewrite{"", ""},
                                           Rewrite{"SELECT a$1 FROM t", "SELECT a$1 FROM t"}));

INSTANTIATE_TEST_SUITE_P(
    LeftAlone, Rewritten,
    ::testing::Values(Rewrite{"SELECT '$1', $1", "SELECT '$1', ?1"},
                      Rewrite{"SELECT 'it''s $1', $1", "SELECT 'it''s $1', ?1"},
                      Rewrite{"SELECT '\\', $1, '$2'", "SELECT '\\', ?1, '$2'"},
                      Rewrite{"SELECT \"a$1\"\"$2\", $1", "SELECT \"a$1\"\"$2\", ?1"},
                      Rewrite{"SELECT [$1], $1", "SELECT [$1], ?1"},
                      Rewrite{"SELECT `$1`, $1", "SELECT `$1`, ?1"},
                      Rewrite{"SELECT $1 -- it's $2?\n, $2", "SELECT ?1 -- it's $2?\n, ?2"},
                      Rewrite{"SELECT $1 /* it's $2? */, $2", "SELECT ?1 /* it's $2? */, ?2"},
                      Rewrite{"SELECT $1 - -$2 / $3 * $4", "SELECT ?1 - -?2 / ?3 * ?4"},
                      Rewrite{"SELECT '$1", "SELECT '$1"}, Rewrite{"SELECT /* $1", "SELECT /* $1"},
                      Rewrite{"SELECT $1 --$2", "SELECT ?1 --$2"},
                      Rewrite{"SELECT d -> '$.a', '?:@'", "SELECT d -> '$.a', '?:@'"}));

class Refused : public ::testing::TestWithParam<std::string> {};

TEST_P(Refused, RatherThanReadInTwoWays) {
  EXPECT_EQ(testing::fault_from([] { numbered_parameters(GetParam()); }).code(),
            FailureCode::STORE_FAILED);
}

INSTANTIATE_TEST_SUITE_P(Parameters, Refused,
                         ::testing::Values("SELECT $0", "SELECT $01", "SELECT $32767",
                                           "SELECT $99999999999999999999", "SELECT $1::bigint",
                                           "SELECT $1a", "SELECT $1$2", "SELECT $a", "SELECT ?",
                                           "SELECT ?1", "SELECT :a", "SELECT @a", "SELECT $",
                                           "SELECT $$x$$", std::string("SELECT 1\0", 9),
                                           std::string("SELECT 'a\0b'", 12)));

}  // namespace
}  // namespace vitana::sql

#include "domain/labels.h"

#include <gtest/gtest.h>

namespace vitana::domain {
namespace {

TEST(Labels, AreWords) {
  for (const char* good : {"gpu", "os:linux", "größe", "a=b,c"}) EXPECT_TRUE(is_label(good)) << good;
  for (const char* bad : {"", "a b", "a\tb", "a\n", "\x7f", "\xff"}) EXPECT_FALSE(is_label(bad)) << bad;
  EXPECT_TRUE(is_label(std::string(label_bytes_max, 'x')));
  EXPECT_FALSE(is_label(std::string(label_bytes_max + 1, 'x')));
}

TEST(Labels, CoverWhatIsNeededWhereAllOfItIsThere) {
  EXPECT_TRUE(covers({}, {}));
  EXPECT_TRUE(covers({"gpu"}, {}));
  EXPECT_TRUE(covers({"linux", "gpu"}, {"gpu", "linux"}));
  EXPECT_FALSE(covers({"linux"}, {"gpu", "linux"}));
  EXPECT_FALSE(covers({"GPU"}, {"gpu"}));
}

}  // namespace
}  // namespace vitana::domain

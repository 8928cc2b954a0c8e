#include "base/hint.h"

#include <gtest/gtest.h>

namespace vitana {
namespace {

TEST(Hint, HasItsCommandsReadyToBeCopied) {
  EXPECT_EQ(with_words("look: vitana task why VTID; mend FILE, then: vitana spec validate FILE",
                       {.vtid = "VTID-00007", .file = "docs/my spec.md"}),
            "look: vitana task why VTID-00007; mend FILE, then: vitana spec validate 'docs/my spec.md'");
}

TEST(Hint, KeepsTheWordsThatStandForNothing) {
  EXPECT_EQ(with_words("vitana spec approve VTID", {}), "vitana spec approve VTID");
  EXPECT_EQ(with_words("no task has that VTID", {.vtid = "VTID-00007"}), "no task has that VTID");
}

}  // namespace
}  // namespace vitana

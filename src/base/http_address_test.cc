#include "base/http_address.h"

#include <gtest/gtest.h>

namespace vitana {
namespace {

TEST(HttpAddress, SaysWhereItLeads) {
  const auto address = read_http_address("https://worker.example.org:8443/call/me");
  ASSERT_TRUE(address);
  EXPECT_TRUE(address->encrypted);
  EXPECT_EQ(address->host, "worker.example.org");
  EXPECT_FALSE(address->has_query);
  EXPECT_FALSE(address->names_this_machine());
  EXPECT_TRUE(read_http_address("http://x?a=b")->has_query);
  EXPECT_TRUE(read_http_address("http://x/#a")->has_query);
}

TEST(HttpAddress, KnowsTheNamesOfThisMachine) {
  for (const char* here : {"http://localhost", "http://127.0.0.1:80/", "http://127.9.9.9", "http://[::1]:8080/x"}) {
    EXPECT_TRUE(read_http_address(here)->names_this_machine()) << here;
  }
  for (const char* other : {"http://localhost.example.org", "http://127.0.0.1.example.org", "http://[::2]", "http://10.0.0.1"}) {
    EXPECT_FALSE(read_http_address(other)->names_this_machine()) << other;
  }
}

TEST(HttpAddress, OfNothingElse) {
  for (const char* bad : {"", "ftp://x", "http:/x", "http://", "http:///x", "http://u@x", "http://u:p@x/", "http://a b",
                          "http://x\n", "http://x:port", "http://x:", "http://x:1234567", "http://[::1", "http://x\\@y",
                          "https://\xc3\xa4.example"}) {
    const auto address = read_http_address(bad);
    ASSERT_FALSE(address) << bad;
    EXPECT_EQ(address.error().code, FailureCode::REQUEST_INVALID) << bad;
  }
}

}  // namespace
}  // namespace vitana

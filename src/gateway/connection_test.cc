#include "gateway/connection.h"

#include <gtest/gtest.h>

namespace vitana::gateway {
namespace {

TEST(Origin, IsAnAddressAndOfIpv6ItsNetwork) {
  const auto of = [](const char* text) { return origin_of(net::ip::make_address(text)); };
  EXPECT_EQ(of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(of("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(of("::1"), "::1");
  EXPECT_EQ(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  EXPECT_NE(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
}

TEST(Origin, ThisMachineIsKnownInEachForm) {
  for (const auto* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_local(net::ip::make_address(text))) << text;
  }
  for (const auto* text : {"192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "0.0.0.0"}) {
    EXPECT_FALSE(is_local(net::ip::make_address(text))) << text;
  }
}

}  // namespace
}  // namespace vitana::gateway

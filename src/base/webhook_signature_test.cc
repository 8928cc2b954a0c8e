#include "base/webhook_signature.h"

#include <gtest/gtest.h>

namespace vitana {
namespace {

constexpr auto id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr auto body = R"({"test": 2432232314})";
constexpr std::int64_t seconds = 1614265330;

TEST(WebhookSignature, IsTheOneOfTheSpecificationsExample) {
  EXPECT_EQ(webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id, seconds, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(WebhookSignature, IsOverTheIdTheTimeAndEveryByte) {
  const auto signature = webhook_signature("secret", id, seconds, body);
  EXPECT_EQ(signature.size(), 3U + 44U);
  EXPECT_NE(webhook_signature("secret", "msg_another", seconds, body), signature);
  EXPECT_NE(webhook_signature("secret", id, seconds + 1, body), signature);
  EXPECT_NE(webhook_signature("secret", id, seconds, R"({"test": 2432232315})"), signature);
  EXPECT_NE(webhook_signature("another", id, seconds, body), signature);
}

TEST(WebhookSignature, IsNoneWhereTheSecretIsNoneOfItsForm) {
  EXPECT_EQ(webhook_signature("whsec_", id, seconds, body), "");
  EXPECT_EQ(webhook_signature("whsec_no base64!", id, seconds, body), "");
}

}  // namespace
}  // namespace vitana

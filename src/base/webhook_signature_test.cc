#include "base/webhook_signature.h"

#include <gtest/gtest.h>

namespace vitana {
namespace {

TEST(WebhookSignature, IsWhatOthersMakeOfTheSame) {
  EXPECT_EQ(webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                              R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  EXPECT_EQ(webhook_signature("0123456789abcdef01234567", "dispatch:VTID-00001.1:0", 1767225600, "{}"),
            "v1,ziOUEZ4hMsYeBv5KwNqH0xcPkEwUU32rVM79K0hnyQ4=");
}

TEST(WebhookSignature, ChangesWithEachPart) {
  const auto signature = webhook_signature("secret", "id", 7, "body");
  EXPECT_NE(webhook_signature("Secret", "id", 7, "body"), signature);
  EXPECT_NE(webhook_signature("secret", "ID", 7, "body"), signature);
  EXPECT_NE(webhook_signature("secret", "id", 8, "body"), signature);
  EXPECT_NE(webhook_signature("secret", "id", 7, "Body"), signature);
  EXPECT_NE(webhook_signature("whsec_no base64", "id", 7, "body"), signature);
}

}  // namespace
}  // namespace vitana

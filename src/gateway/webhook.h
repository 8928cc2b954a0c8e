// What forges tell of their repositories: whose signature holds, and what it hints at.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "gateway/http.h"

namespace vitana::gateway {

/// The secret by which a repository's forge signs.
struct HookSecret {
  std::string repo;
  std::string secret;
  std::string url = {};  ///< where the repository is; empty: on this machine
};

/// A delivery whose signature holds.
struct Delivery {
  std::vector<std::string> repos;  ///< that it may be of: one, unless several share a secret and it names none
  std::string id;                  ///< the forge's; the same again is the same delivery
  std::string forge;               ///< github gitlab gitea forgejo
  std::string event;               ///< in the forge's own word
  bool pushed = false;             ///< it tells of a push
  std::string ref = {};            ///< of a push: where to, as far as it says
};

/// Does the request carry a forge's signature, whether it holds or not?
bool is_signed(const Request& request);

/// The signature is judged over the bytes as they were sent, before any of them is read. `asked`: the repository
/// that the address names; empty: none. Each secret is compared in constant time.
/// GitHub: X-Hub-Signature-256, HMAC-SHA256 in hexadecimal. Gitea, Forgejo: their own header, the same without a
/// prefix. GitLab: X-Gitlab-Token, the secret itself; or webhook-signature, as the Standard Webhooks
/// specification has it, no older than five minutes. Where several stand there, the forge's own counts alone.
/// Errors: UNAUTHENTICATED.
Result<Delivery> read_delivery(const Request& request, const std::vector<HookSecret>& secrets, const std::string& asked,
                               Instant now);

}  // namespace vitana::gateway

// Everything that needs a person, worst first.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/failure.h"
#include "base/time.h"
#include "base/vtid.h"
#include "domain/access.h"
#include "store/reader.h"
#include "wire/json.h"

namespace vitana::view {

enum class AttentionKind {
  paused,    ///< execution is off: nothing starts
  breaker,   ///< an agent or a repository is paused by a fault of the surroundings
  failed,    ///< a task has failed, and nobody has retried, cancelled or closed it
  blocked,   ///< a task waits for a person
  spec,      ///< a task has no text that is valid
  webhook,   ///< events were passed over that could not be told
  adoption,  ///< texts that were there before nobody has adopted: one entry for all of a repository
};

struct AttentionItem {
  AttentionKind kind = AttentionKind::blocked;
  std::optional<Vtid> vtid = {};
  std::string title = {};
  std::string repo = {};
  std::optional<FailureCode> code = {};
  std::string detail = {};
  Instant since{};
  std::string next = {};  ///< what a person does about it
};

struct AttentionList {
  std::vector<AttentionItem> items;
  bool more = false;  ///< there are more tasks than are looked at
};

/// What is paused of agents, and of the repositories that `caller` reaches.
std::vector<store::BreakerRow> reached(std::vector<store::BreakerRow> breakers, const domain::Caller& caller);

/// Of what `caller` reaches. At most `attention_max` tasks of each status are looked at, the newest.
AttentionList load_attention(store::Reader& reader, const domain::Caller& caller);
inline constexpr int attention_max = 200;

/// {"items":[{"kind","vtid","title","repo","code","detail","since","next"}],"more"}
wire::Json attention_json(const AttentionList& list);

}  // namespace vitana::view

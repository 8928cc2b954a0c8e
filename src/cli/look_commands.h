// vitana events, stats, workers, controls, repos: how the whole stands.
#pragma once

#include <optional>
#include <string>

#include "cli/call.h"

namespace vitana::cli {

struct EventsOptions {
  bool follow = false;
  std::int64_t after = 0;
  std::string vtid;
  std::string type;  ///< a pattern: "autopilot.state.*"
  int limit = 1000;  ///< without --follow: so many, then how to go on
};
Answer events(Call& call, const EventsOptions& options);

/// `by`: code, agent, repo. `since`: a duration, "24h".
Answer stats(Call& call, const std::string& by, const std::string& since);
/// The leases that workers hold now.
Answer workers(Call& call);
Answer controls_list(Call& call);

struct SetControlOptions {
  std::string key;
  bool on = false;
  std::string reason;
  std::string until;  ///< an instant (RFC 3339) or a duration from now
};
Answer controls_set(Call& call, const SetControlOptions& options);
Answer repos(Call& call);

}  // namespace vitana::cli

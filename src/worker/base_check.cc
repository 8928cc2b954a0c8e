#include "worker/base_check.h"

#include <fmt/format.h>

namespace vitana::worker {

Error red_command(FailureCode code, const std::string& command, const CheckOutcome& outcome) {
  const auto* where = code == FailureCode::BASE_RED ? "without any change" : "on the result";
  return Error{code,
               fmt::format("\"{}\" ended with {} {}", command, outcome.exit_code, where),
               {},
               {{"command", command},
                {"exit_code", std::to_string(outcome.exit_code)},
                {"output", outcome.last_words()}}};
}

Result<void> require_green_base(const BaseCheckRequest& request, std::stop_token stop) {
  const auto& rules = request.rules;
  if (rules.commands.empty()) return {};
  const auto digest = commands_digest(rules);
  if (request.green != nullptr && request.green->contains(request.repo, request.commit, digest)) return {};
  auto bench = CheckBench::make(request.sandbox, rules, TreeOf::branch, request.commit, request.folder,
                                request.limits, stop);
  if (!bench) return failure(std::move(bench.error()));
  for (const auto& command : rules.commands) {
    const auto outcome = (*bench)->run(command, rules.command_timeout, stop);
    if (!outcome) return failure(outcome.error());
    if (outcome->green()) continue;
    return failure(
        red_command(FailureCode::BASE_RED, command, *outcome).with("commit", request.commit));
  }
  if (request.green != nullptr) request.green->add(request.repo, request.commit, digest);
  return {};
}

}  // namespace vitana::worker

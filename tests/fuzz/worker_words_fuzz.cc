// What gateway and workers elsewhere say to each other as JSON, told by whoever stands at the other end. The first byte
// chooses what it is read as. What is read is said again, and read as the same.
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/input.h"
#include "git/names.h"
#include "remote/assignment_json.h"
#include "remote/report_json.h"
#include "wire/hostile.h"

namespace {

using namespace vitana;
using wire::Json;

template <typename T>
bool good(const Result<T>& result) {
  if (result) return true;
  const auto code = result.error().code;
  CHECK(code == FailureCode::REQUEST_INVALID || code == FailureCode::CHECKSUM_MISMATCH);
  return false;
}

void check_assignment(const Json& json) {
  const Instant now{};
  const auto granted = remote::read_assignment(json, now);
  if (!good(granted)) return;
  const auto& run = granted->assignment.run;
  CHECK(git::is_oid(run.base_commit) && run.lease && run.lease->fence > 0 && run.lease->until > now);
  CHECK(Digest::of(granted->assignment.spec_text) == run.spec_digest);
  CHECK(!granted->terms.agent.command.empty() && granted->terms.agent.name == run.agent);
  CHECK(granted->terms.agent.read.empty());  // no path of this machine comes from elsewhere
  const auto said = remote::assignment_json(granted->assignment, granted->terms);
  const auto again = remote::read_assignment(said, now);
  CHECK(again.has_value());
  CHECK(remote::assignment_json(again->assignment, again->terms) == said);
}

template <typename Read, typename Say>
void check_report(const Json& json, Read read, Say say) {
  const auto report = read(json);
  if (!good(report)) return;
  const auto said = say(*report);
  const auto again = read(said);
  CHECK(again.has_value());
  CHECK(say(*again) == said);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto kind = input.byte() % 5;
  if (kind == 4) {
    const auto status = 300 + input.byte();
    (void)to_string(remote::read_problem(status, std::string(input.rest())));
    return 0;
  }
  const auto json = wire::parse_hostile(input.rest());
  if (!json) return 0;
  switch (kind) {
    case 0: check_assignment(*json); break;
    case 1: check_report(*json, remote::read_executed, remote::executed_json); break;
    case 2: check_report(*json, remote::read_failed, remote::failed_json); break;
    default: check_report(*json, remote::read_release, remote::release_json);
  }
  return 0;
}

// Domain values as the text of database columns, without loss, and back.
//
// Reading is safe for any text. An absent key has its default, so that an older text is still
// read; a wrong type, an unknown name or a text that is no JSON is STORE_DAMAGED. Text that is not
// UTF-8 is cleaned on the way in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/diagnostic.h"
#include "domain/run.h"
#include "domain/spec.h"
#include "domain/task.h"

namespace vitana::wire {

std::string to_stored(const domain::Failure& failure);
std::string to_stored(const domain::Waits& waits);
std::string to_stored(const domain::Spent& spent);
std::string to_stored(const domain::Next& next);
std::string to_stored(const domain::Deliverable& deliverable);
std::string to_stored(const domain::Provenance& provenance);
std::string to_stored(const domain::Lease& lease);
std::string to_stored(const domain::NewerSpec& newer);
std::string to_stored(const std::vector<domain::Diagnostic>& diagnostics);

Result<domain::Failure> failure_from_stored(std::string_view text);
Result<domain::Waits> waits_from_stored(std::string_view text);
Result<domain::Spent> spent_from_stored(std::string_view text);
Result<domain::Next> next_from_stored(std::string_view text);
Result<domain::Deliverable> deliverable_from_stored(std::string_view text);
Result<domain::Provenance> provenance_from_stored(std::string_view text);
Result<domain::Lease> lease_from_stored(std::string_view text);
Result<domain::NewerSpec> newer_from_stored(std::string_view text);
Result<std::vector<domain::Diagnostic>> diagnostics_from_stored(std::string_view text);

}  // namespace vitana::wire

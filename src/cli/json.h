// The shapes that programs read, from the values that commands hold; wire/ defines them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/task_view.h"
#include "engine/desk.h"
#include "engine/registry.h"
#include "store/rows.h"
#include "wire/diagnostic_json.h"

namespace vitana::cli {

/// Each function returns one JSON value on one line, without a line end.
std::string validated_json(const std::vector<wire::ValidatedFile>& files);
std::string synced_json(const std::vector<engine::RepoSync>& repos);
std::string task_json(const TaskView& view);
/// Each with its newest run at most. `next` is the cursor of the next page, null on the last.
std::string task_list_json(const std::vector<TaskView>& tasks, const std::optional<Vtid>& next);
std::string why_json(const engine::Why& why, const TaskView& view);
std::string evidence_json(const TaskView& view);
/// {"run",KEY}: bytes of a run, those that are no UTF-8 replaced.
std::string run_text_json(const RunId& run, const std::string& key, std::string_view text);
std::string event_json(const store::StoredEvent& event, const std::string& store_id);
std::string registered_json(const engine::Registered& registered);
std::string spec_json(const domain::SpecVersion& spec);
/// {KEY:[{"vtid","version","digest","source","path","locked_at"}]}
std::string spec_list_json(const std::vector<store::SpecSummary>& specs, const std::string& key);
std::string diagnostics_json(const std::vector<domain::Diagnostic>& diagnostics);

}  // namespace vitana::cli

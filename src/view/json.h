// The shapes that programs read, from the values that commands hold; wire/ defines them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/diagnostic.h"
#include "engine/authoring.h"
#include "engine/desk.h"
#include "engine/registry.h"
#include "store/rows.h"
#include "view/repo_view.h"
#include "view/task_view.h"
#include "wire/json.h"

namespace vitana::view {

wire::Json synced_json(const std::vector<engine::RepoSync>& repos);
wire::Json task_json(const TaskView& view);
/// Each with its newest run at most. `next` is the cursor of the next page, null on the last.
wire::Json task_list_json(const std::vector<TaskView>& tasks, const std::optional<std::string>& next);
wire::Json why_json(const engine::Why& why, const TaskView& view);
wire::Json evidence_json(const TaskView& view);
/// {"run",KEY}: bytes of a run, those that are no UTF-8 replaced.
wire::Json run_text_json(const RunId& run, const std::string& key, std::string_view text);
wire::Json event_json(const store::StoredEvent& event, const std::string& store_id);
wire::Json registered_json(const engine::Registered& registered);
wire::Json spec_json(const domain::SpecVersion& spec);
/// {KEY:[{"vtid","version","digest","source","path","locked_at"}]}
wire::Json spec_list_json(const std::vector<store::SpecSummary>& specs, const std::string& key);
/// {"controls":[…],"paused":[…]}: the switches, and what the breaker holds, as they stand at `now`.
wire::Json controls_json(const std::vector<store::ControlRow>& controls, const std::vector<store::BreakerRow>& breakers,
                         Instant now);
/// {"by","since","rows":[{"key","completed","failed","cancelled"}]}
wire::Json stats_json(const std::string& by, const std::string& since, const std::vector<store::StatRow>& rows);
/// {"repos":[…]}
wire::Json repos_json(const std::vector<RepoView>& repos);
wire::Json control_json(const store::ControlRow& control, Instant now);
wire::Json draft_json(const store::DraftRow& draft);
/// As draft_json(), with "valid" and "diagnostics".
wire::Json draft_validation_json(const store::DraftRow& draft, const std::vector<domain::Diagnostic>& diagnostics);
/// {"id","step","question"}
wire::Json prompt_json(const engine::IntakePrompt& prompt);
wire::Json token_json(const store::TokenRow& token, Instant now);
/// {"tokens":[…]}: without what would let anybody in.
wire::Json tokens_json(const std::vector<store::TokenRow>& tokens, Instant now);
wire::Json diagnostics_json(const std::vector<domain::Diagnostic>& diagnostics);

}  // namespace vitana::view

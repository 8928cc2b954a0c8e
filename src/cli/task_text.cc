#include "cli/task_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "domain/gate.h"
#include "domain/retry.h"
#include "engine/conduct.h"
#include "wire/task_json.h"

namespace vitana::cli {
namespace {

std::string failure_line(const domain::Failure& failure) {
  // Who cancels a task need not say why.
  if (failure.message.empty()) return std::string(name_of(failure.code));
  return fmt::format("{}: {}", name_of(failure.code), brief(failure.message));
}

std::string mark_of(domain::EvidenceVerdict verdict, const Terminal& terminal) {
  switch (verdict) {
    case domain::EvidenceVerdict::passed:
    case domain::EvidenceVerdict::held:
      return std::string(terminal.tick());
    case domain::EvidenceVerdict::failed:
      return std::string(terminal.cross());
    case domain::EvidenceVerdict::vacuous:
      return "!";
    case domain::EvidenceVerdict::attested:
      return "~";
    case domain::EvidenceVerdict::skipped:
      return "-";
  }
  return "?";
}

std::string indented(std::string_view text, std::string_view indent) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out += fmt::format("{}{}\n", indent, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// The last of what the failed program printed.
std::string output_of(const std::optional<domain::Failure>& failure) {
  if (!failure) return {};
  const auto output = failure->context.find("output");
  if (output == failure->context.end() || output->second.empty()) return {};
  return "  its output:\n" + indented(output->second, "    | ");
}

std::string run_text(const RunView& view, const Terminal& terminal, Instant now) {
  const auto& run = view.run;
  std::string line = fmt::format("  {}  {}", run.id.to_string(), name_of(run.state));
  line += fmt::format("  {}", to_words(run.ended_at.value_or(now) - run.created_at));
  if (!run.agent.empty()) line += fmt::format("  agent {}", run.agent);
  if (run.unsandboxed) line += "  unsandboxed";
  line += "\n";
  std::string stays;
  for (const auto& stay : view.stays) {
    stays += fmt::format("{}{} {}", stays.empty() ? "" : ", ", stay.state,
                         to_words(stay.to.value_or(run.ended_at.value_or(now)) - stay.from));
  }
  if (!stays.empty()) line += fmt::format("      {}\n", stays);
  if (run.failure) {
    line += fmt::format("      {} {} (while {})\n", terminal.cross(), failure_line(*run.failure),
                        run.failure->from_state);
  }
  if (run.deliverable && run.state == domain::RunState::completed) {
    line += fmt::format("      delivered {} to {}\n", run.deliverable->new_commit.substr(0, 12),
                        run.deliverable->ref);
  }
  return line;
}

std::string rivals_text(const TaskView& view) {
  std::string text;
  for (const auto& rival : view.rivals) {
    text += fmt::format("  does not count: another text of this number, {}, from {}\n", rival.digest.brief(),
                        rival.provenance.origin());
  }
  return text;
}

std::string drift_text(const domain::NewerSpec& newer, Vtid vtid) {
  return fmt::format(
      "  newer text: version {}, {}, has not run{}\n", newer.spec.version,
      newer.spec.digest.brief(),
      newer.needs_approval ? " and needs: vitana spec approve " + vtid.to_string() : "");
}

}  // namespace

std::string list_status(const TaskView& view) {
  const auto& task = view.task;
  std::string text(name_of(task.status));
  if (task.blocked)
    text += fmt::format(": {}", name_of(*task.blocked));
  else if (view.held)
    text += fmt::format(": {}", name_of(*view.held->code));
  else if (task.failure)
    text += fmt::format(": {}", name_of(task.failure->code));
  else if (!view.runs.empty() && !domain::is_terminal(view.runs.back().run.state)) {
    text += fmt::format(": {}", name_of(view.runs.back().run.state));
  }
  return text;
}

std::string vacuous_text(const std::vector<store::EvidenceRow>& evidence) {
  std::string text;
  for (const auto& row : evidence) {
    if (row.evidence.verdict != domain::EvidenceVerdict::vacuous) continue;
    text += fmt::format("warning: {} proves nothing: its check was green before the change\n",
                        row.evidence.criterion);
  }
  return text;
}

std::string tally_text(const Tally& t) {
  std::string text = fmt::format("{} of {} verified", t.verified, t.criteria);
  if (t.attested > 0) text += fmt::format(", {} attested", t.attested);
  if (t.vacuous > 0) text += fmt::format(", {} vacuous", t.vacuous);
  if (t.failed > 0) text += fmt::format(", {} failed", t.failed);
  return text;
}

std::string headline(const TaskView& view) {
  const auto& task = view.task;
  std::string text(name_of(task.status));
  if (task.blocked) text += fmt::format(": {}", name_of(*task.blocked));
  if (task.failure && task.status != domain::TaskStatus::in_progress) {
    text += fmt::format(": {}", name_of(task.failure->code));
  }
  if (!view.runs.empty() && !domain::is_terminal(view.runs.back().run.state)) {
    const auto& run = view.runs.back();
    text += fmt::format(", {}", name_of(run.run.state));
    const Instant since = run.stays.empty() ? run.run.created_at : run.stays.back().from;
    text += fmt::format(" for {}", to_words(view.now - since));
  }
  if (view.held) text += fmt::format(", held: {}", name_of(*view.held->code));
  return text;
}

std::optional<std::string> engine_missing(Session& session, const domain::Task& task) {
  using domain::NextKind;
  const auto kind = task.next.kind;
  const bool engines = kind == NextKind::gate || kind == NextKind::timer || kind == NextKind::worker;
  if (domain::is_terminal(task.status) || !engines || session.engine_pid()) return std::nullopt;
  return fmt::format("no engine runs: vitana run {}, or vitana autopilot", task.vtid.to_string());
}

std::string next_text(const TaskView& view) {
  const auto& task = view.task;
  const auto& next = task.next;
  if (next.kind == domain::NextKind::none) {
    if (task.status == domain::TaskStatus::completed && task.newer) {
      const auto vtid = task.vtid.to_string();
      return fmt::format("nothing by itself; version {} of its text has not run: {}vitana task retry {} --reason TEXT",
                         task.newer->spec.version,
                         task.newer->needs_approval ? "vitana spec approve " + vtid + ", then " : "", vtid);
    }
    if (task.status == domain::TaskStatus::completed) return "nothing: it has ended";
    return "nothing by itself; a person: " + domain::way_on(task);
  }
  if (view.held) {
    const auto code = *view.held->code;
    const auto when = view.held->until ? fmt::format(" ({})", relative(*view.held->until, view.now)) : "";
    return fmt::format("{}: {}{}; {}", name_of(failure_info(code).actor), view.held->detail, when,
                       hint_for(view, {code, ""}, {}));
  }
  std::string text = fmt::format("{}: {}", name_of(next.kind), next_words(view));
  if (!next.due) return text;
  if (*next.due <= view.now) return text + " (due now)";
  // Nobody waits for the deadline of a step: a worker comes before it.
  const bool deadline = next.kind == domain::NextKind::worker;
  return text + fmt::format(" ({}{})", deadline ? "at the latest " : "", relative(*next.due, view.now));
}

std::string hint_for(const TaskView& view, const Error& error, const HintWords& words) {
  if (error.code == FailureCode::SPEC_NOT_APPROVED && view.task.waits.spec_held) {
    return fmt::format("take `status: draft` out of the front matter{}{} and commit it",
                       view.file.empty() ? "" : " of ", view.file);
  }
  if (error.code == FailureCode::CANCELLED && view.task.failure) return domain::way_on(view.task);
  HintWords more = words;
  if (more.vtid.empty()) more.vtid = view.task.vtid.to_string();
  if (more.file.empty()) more.file = file_to_name(view);
  return hint_of(error, more);
}

std::string task_text(const TaskView& view, const Terminal& terminal) {
  const auto& task = view.task;
  std::string text = fmt::format("{}  {}\n", task.vtid.to_string(), task.title);
  text += fmt::format("  status:  {}\n", headline(view));
  if (task.failure) {
    text += fmt::format("  failure: {} (while {})\n", failure_line(*task.failure),
                        task.failure->from_state);
    for (const auto& cause : task.failure->causes)
      text += fmt::format("           because: {}\n", cause);
  }
  text += fmt::format("  next:    {}\n", next_text(view));
  if (!task.repo.empty()) text += fmt::format("  repo:    {}\n", task.repo);
  if (view.spec) {
    const auto& p = view.spec->provenance;
    text += fmt::format("  spec:    version {}, {}, from {}{}{}\n", view.spec->version,
                        view.spec->digest.brief(), name_of(p.source), p.path.empty() ? "" : " ",
                        p.path);
    if (!view.file.empty() && view.file != p.path) text += fmt::format("           now at {}\n", view.file);
  } else {
    text += "  spec:    none\n";
  }
  if (task.newer) text += drift_text(*task.newer, task.vtid);
  text += rivals_text(view);
  if (const auto open = open_dependencies(view); !open.empty()) {
    text += fmt::format("  waits for: {}\n", open);
  }
  text += fmt::format("  changed: {}\n", relative(task.updated_at, view.now));
  if (!view.runs.empty()) text += "runs\n";
  for (const auto& run : view.runs) text += run_text(run, terminal, view.now);
  if (!view.runs.empty() && !view.runs.back().evidence.empty()) {
    const auto& last = view.runs.back();
    text += fmt::format("evidence of {}: {}\n", last.run.id.to_string(),
                        tally_text(view::tally(last.evidence)));
    text += evidence_text(last.evidence, terminal, false);
  }
  return text;
}

std::string evidence_text(const std::vector<store::EvidenceRow>& evidence, const Terminal& terminal,
                          bool with_output) {
  std::string text;
  for (const auto& row : evidence) {
    const auto& e = row.evidence;
    text += fmt::format("  {} {:<8} {}  {}\n", mark_of(e.verdict, terminal), name_of(e.verdict),
                        e.criterion, e.text);
    if (!with_output) continue;
    text += indented(e.command, "      ");
    if (e.exit_code) {
      text +=
          fmt::format("      exit code {}{}\n", *e.exit_code,
                      e.base_exit_code ? fmt::format(", {} on the base", *e.base_exit_code) : "");
    }
    text += indented(e.output, "      | ");
  }
  return text;
}

std::string why_text(const engine::Why& why, const TaskView& view, const Terminal& terminal) {
  std::string text = fmt::format("{}  {}\n", why.task.vtid.to_string(), why.task.title);
  text += fmt::format("  status: {}\n", headline(view));
  const auto newest = view.runs.empty() ? std::nullopt : std::optional(view.runs.back().run);
  text += fmt::format("  stage:  {}\n", wire::stage_of(why.task, newest));
  text += fmt::format("  next:   {}\n", next_text(view));
  if (why.task.failure)
    text += fmt::format("  last failure: {}\n", failure_line(*why.task.failure));
  text += rivals_text(view);
  text += output_of(why.task.failure ? why.task.failure : newest ? newest->failure : std::nullopt);
  if (domain::is_terminal(why.task.status)) return text;
  text += fmt::format("the gate at {}\n", name_of(why.point));
  for (const auto& verdict : why.verdicts) {
    const bool names_them = !verdict.pass && verdict.gate == "dependencies";
    const auto detail = names_them
                            ? fmt::format("{}: {}", verdict.detail, open_dependencies(view))
                            : verdict.detail;
    text += fmt::format("  {} {}: {}{}\n", verdict.pass ? terminal.tick() : terminal.cross(),
                        verdict.gate, detail,
                        verdict.code ? fmt::format(" [{}]", name_of(*verdict.code)) : "");
  }
  return text;
}

}  // namespace vitana::cli

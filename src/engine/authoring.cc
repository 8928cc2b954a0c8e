#include "engine/authoring.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "spec/parse.h"
#include "spec/template.h"

namespace vitana::engine {

using Json = nlohmann::ordered_json;

namespace {

std::vector<domain::Diagnostic> diagnose(const store::DraftRow& draft, domain::SpecProfile profile) {
  const std::string file = fmt::format("draft-{}", draft.id);
  return spec::diagnostics_for_validate(spec::parse_spec(draft.markdown, {.file = file, .profile = profile}), file);
}

domain::Event draft_event(domain::EventType type, const store::DraftRow& draft,
                          const std::string& actor) {
  return {type, draft.vtid, std::nullopt, actor,
          Json{{"draft", draft.id}, {"version", draft.version}, {"status", draft.status},
               {"digest", draft.digest.to_string()}}
              .dump()};
}

}  // namespace

Drafts::Drafts(store::Store& store, Registry& registry, const Setup& setup)
    : store_(store), registry_(registry), setup_(setup) {}

Result<store::DraftRow> Drafts::find(std::optional<store::DraftRow> draft, std::int64_t id, const Asked& asked) const {
  if (draft && asked.reaches(setup_.repo_or_default(draft->repo))) return std::move(*draft);
  return failure(Error{FailureCode::NOT_FOUND, fmt::format("there is no draft {}", id)}.with(
      "hint", "vitana spec draft list"));
}

Result<store::DraftRow> Drafts::create(const std::string& title, const std::string& markdown,
                                       std::optional<Vtid> vtid, const Asked& asked, const std::string& repo) {
  if (auto known = registry_.require_repo(repo, asked); !known) return failure(std::move(known.error()));
  std::optional<store::DraftRow> made;
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    const auto task = vtid ? ledger.task(*vtid) : std::nullopt;
    if (task && !asked.reaches(task->repo)) {
      return failure(FailureCode::NOT_ALLOWED, fmt::format("{} is a task of another repository", vtid->to_string()));
    }
    store::DraftRow draft{.vtid = vtid, .title = title, .markdown = markdown, .digest = Digest::of(markdown),
                          .status = "draft", .author = asked.actor()};
    draft.repo = repo;
    draft.id = ledger.next_id("draft");
    draft.created_at = draft.updated_at = ledger.now();
    ledger.put(draft);
    ledger.append(draft_event(domain::EventType::draft_changed, draft, asked.actor()));
    made = std::move(draft);
    return std::optional(std::to_string(made->id));
  };
  const auto again = [&](store::Ledger& ledger, const std::string& id) -> Result<void> {
    made = ledger.draft(std::stoll(id));
    return {};
  };
  if (auto done = commit_once(store_, asked, work, again); !done) return failure(std::move(done.error()));
  return std::move(*made);
}

Result<store::DraftRow> Drafts::look(std::int64_t id, const Asked& asked) {
  std::optional<store::DraftRow> draft;
  auto done = store_.read([&](store::Reader& reader) -> Result<void> {
    draft = reader.draft(id);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return find(std::move(draft), id, asked);
}

Result<std::vector<store::DraftRow>> Drafts::list(const Asked& asked, int limit, std::int64_t before) {
  std::vector<store::DraftRow> found;
  auto repos = asked.who.repos;
  // One that names none is for the only configured one.
  if (!asked.reaches_all() && asked.reaches(setup_.default_repo())) repos.emplace_back();
  auto done = store_.read([&](store::Reader& reader) -> Result<void> {
    found = reader.drafts(limit, before, repos);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return found;
}

Result<store::DraftRow> Drafts::edit(std::int64_t id, const std::string& markdown, const Asked& asked,
                                     const std::vector<std::string>& seen) {
  std::optional<store::DraftRow> edited;
  // The same text again is the same draft: no key is needed.
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    auto draft = find(ledger.draft(id), id, asked);
    if (!draft) return failure(std::move(draft.error()));
    if (draft->status == "approved") {
      return failure(Error{FailureCode::STATE_REFUSED, "an approved draft is locked; make a new one"}.with(
          "hint", "vitana spec draft create --title TITLE FILE"));
    }
    if (auto same = require_seen(seen, revision_of(*draft)); !same) return same;
    ++draft->version;
    draft->markdown = markdown;
    draft->digest = Digest::of(markdown);
    draft->status = "draft";
    draft->updated_at = ledger.now();
    ledger.put(*draft);
    ledger.append(draft_event(domain::EventType::draft_changed, *draft, asked.actor()));
    edited = std::move(*draft);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return std::move(*edited);
}

Result<Drafts::Validation> Drafts::validate(std::int64_t id, const Asked& asked) {
  std::optional<Validation> answer;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    auto draft = find(ledger.draft(id), id, asked);
    if (!draft) return failure(std::move(draft.error()));
    auto diagnostics = diagnose(*draft, setup_.spec_rules(ledger, setup_.repo_or_default(draft->repo)).profile);
    const std::string status = domain::has_errors(diagnostics) ? "rejected" : "validated";
    if (draft->status != "approved" && draft->status != status) {
      draft->status = status;
      draft->updated_at = ledger.now();
      ledger.put(*draft);
      ledger.append(draft_event(domain::EventType::draft_validated, *draft, asked.actor()));
    }
    answer = Validation{std::move(*draft), std::move(diagnostics)};
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return std::move(*answer);
}

Result<Registered> Drafts::approve(std::int64_t id, const Asked& asked) {
  if (auto looked = registry_.look(); !looked) return failure(std::move(looked.error()));
  std::optional<Registered> registered;
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    auto draft = find(ledger.draft(id), id, asked);
    if (!draft) return failure(std::move(draft.error()));
    if (draft->status == "approved") {
      return failure(Error{FailureCode::STATE_REFUSED, fmt::format("draft {} is approved already", id)}.with(
          "hint", "vitana spec draft list"));
    }
    if (draft->status != "validated") {
      return failure(Error{FailureCode::STATE_REFUSED,
                           fmt::format("draft {} is {}; validate it first", id, draft->status)}
                         .with("hint", fmt::format("vitana spec draft validate {}", id)));
    }
    const auto reading = spec::parse_spec(draft->markdown);
    if (!draft->vtid) draft->vtid = reading.spec.vtid;
    if (!draft->vtid) {
      const auto given = new_vtid(ledger, setup_);
      if (!given) return failure(given.error());
      draft->vtid = *given;
    }
    const auto task = ledger.task(*draft->vtid);
    if (task && !task->repo.empty() && !draft->repo.empty() && task->repo != draft->repo) {
      return failure(FailureCode::STATE_REFUSED, fmt::format("{} is a task of repository {}, and the draft is for {}",
                                                             draft->vtid->to_string(), task->repo, draft->repo));
    }
    Submission submission{draft->vtid, draft->markdown,
                          {.source = domain::SpecSource::oasis, .author = asked.actor(), .at = ledger.now(),
                           .reference = std::to_string(id)}};
    submission.file = fmt::format("draft-{}", id);
    submission.repo = draft->repo;
    auto answer = registry_.submit_in(ledger, submission, asked);
    if (!answer) return failure(std::move(answer.error()));
    draft->status = "approved";
    draft->updated_at = ledger.now();
    ledger.put(*draft);
    ledger.append(draft_event(domain::EventType::draft_approved, *draft, asked.actor()));
    registered = std::move(*answer);
    return std::optional(registered->vtid.to_string());
  };
  const auto again = [&](store::Ledger& ledger, const std::string& made) -> Result<void> {
    registered = Registry::registered(ledger, *Vtid::parse(made));
    return {};
  };
  if (auto done = commit_once(store_, asked, work, again); !done) return failure(std::move(done.error()));
  return std::move(*registered);
}

namespace {

struct Question {
  const char* step;
  const char* text;
};

constexpr Question questions[] = {
    {"title", "What is the task called? (one line)"},
    {"description", "What is wrong or missing now, and what should be there instead?"},
    {"criteria", "How does one see that it is done? (one criterion a line; a line `check: COMMAND` "
                 "or a ```check block under a criterion makes it executable)"},
};

const char* step_after(const std::string& step) {
  for (std::size_t i = 0; i + 1 < std::size(questions); ++i) {
    if (step == questions[i].step) return questions[i + 1].step;
  }
  return "ready";
}

IntakePrompt prompt_of(const store::IntakeRow& row) {
  for (const auto& question : questions) {
    if (row.step == question.step) return {row.id, row.step, question.text};
  }
  return {row.id, row.step, ""};
}

/// What stands between the blanks and the bullet of a line.
std::string_view item_of(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\r-*");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

/// One criterion a line; under it `check: COMMAND`, or a fenced block as in a spec.
std::vector<spec::DraftCriterion> criteria_of(std::string_view text) {
  constexpr std::string_view check = "check:";
  constexpr std::string_view fence = "```";
  constexpr std::string_view opening = "```check";
  std::vector<spec::DraftCriterion> criteria;
  bool fenced = false;
  std::size_t indent = 0;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto item = item_of(line);
    if (fenced) {
      fenced = item != fence;
      auto& script = criteria.back().script;
      const auto inner = std::min({indent, line.find_first_not_of(' '), line.size()});
      if (fenced) script += (script.empty() ? "" : "\n") + std::string(line.substr(inner));
    } else if (item.starts_with(opening) && !criteria.empty()) {
      fenced = true;
      const auto options = item.find_first_not_of(' ', opening.size());
      criteria.back().options = options == item.npos ? "" : item.substr(options);
      indent = line.find(fence);
    } else if (item.starts_with(check) && !criteria.empty()) {
      const auto at = item.find_first_not_of(' ', check.size());
      criteria.back().script = at == std::string_view::npos ? "" : item.substr(at);
    } else if (!item.empty()) {
      criteria.push_back({.text = std::string(item)});
    }
  }
  return criteria;
}

std::string text_of(const store::IntakeRow& row, std::optional<Vtid> vtid) {
  const auto state = Json::parse(row.state, nullptr, false);
  const auto value = [&](const char* key) {
    return state.is_object() && state.contains(key) ? state[key].get<std::string>() : std::string();
  };
  spec::Draft parts;
  parts.vtid = vtid;
  parts.title = value("title");
  parts.summary = value("title");
  parts.problem = value("description");
  parts.criteria = criteria_of(value("criteria"));
  return spec::render_spec(parts);
}

}  // namespace

Intake::Intake(store::Store& store, Registry& registry, const Setup& setup)
    : store_(store), registry_(registry), setup_(setup) {}

Result<store::IntakeRow> Intake::find(std::optional<store::IntakeRow> row, std::int64_t id, const Asked& asked) const {
  if (row && asked.reaches(setup_.repo_or_default(row->repo))) return std::move(*row);
  return failure(FailureCode::NOT_FOUND, fmt::format("there is no intake {}", id));
}

Result<store::IntakeRow> Intake::look(std::int64_t id, const Asked& asked) {
  std::optional<store::IntakeRow> row;
  auto done = store_.read([&](store::Reader& reader) -> Result<void> {
    row = reader.intake(id);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return find(std::move(row), id, asked);
}

Result<IntakePrompt> Intake::begin(const Asked& asked, const std::string& repo) {
  if (auto known = registry_.require_repo(repo, asked); !known) return failure(std::move(known.error()));
  std::optional<store::IntakeRow> begun;
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    store::IntakeRow row{.step = questions[0].step, .state = "{}", .author = asked.actor()};
    row.repo = repo;
    row.id = ledger.next_id("intake");
    row.created_at = row.updated_at = ledger.now();
    ledger.put(row);
    begun = std::move(row);
    return std::optional(std::to_string(begun->id));
  };
  const auto again = [&](store::Ledger& ledger, const std::string& id) -> Result<void> {
    begun = ledger.intake(std::stoll(id));
    return {};
  };
  if (auto done = commit_once(store_, asked, work, again); !done) return failure(std::move(done.error()));
  return prompt_of(*begun);
}

Result<IntakePrompt> Intake::prompt(std::int64_t id, const Asked& asked) {
  const auto row = look(id, asked);
  if (!row) return failure(row.error());
  return prompt_of(*row);
}

Result<IntakePrompt> Intake::answer(std::int64_t id, const std::string& text, const Asked& asked) {
  std::optional<store::IntakeRow> left;
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    auto row = find(ledger.intake(id), id, asked);
    if (!row) return failure(std::move(row.error()));
    const std::string step = row->step;
    if (step == "ready" || step == "done") {
      return failure(FailureCode::STATE_REFUSED, fmt::format("intake {} asks nothing any more", id));
    }
    if (text.find_first_not_of(" \t\r\n-*") == std::string::npos) {
      return failure(FailureCode::SPEC_INVALID, fmt::format("the {} must not be empty", step));
    }
    auto state = Json::parse(row->state, nullptr, false);
    state[step] = text;
    row->state = state.dump();
    row->step = step_after(step);
    row->updated_at = ledger.now();
    ledger.put(*row);
    left = std::move(*row);
    return std::optional(std::to_string(id));
  };
  const auto again = [&](store::Ledger& ledger, const std::string&) -> Result<void> {
    left = ledger.intake(id);
    return {};
  };
  if (auto done = commit_once(store_, asked, work, again); !done) return failure(std::move(done.error()));
  return prompt_of(*left);
}

Result<Intake::Preview> Intake::preview(std::int64_t id, const Asked& asked) {
  const auto row = look(id, asked);
  if (!row) return failure(row.error());
  domain::SpecRules rules;
  // The rules that complete() will hold it to. Nothing is written.
  auto read = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    rules = setup_.spec_rules(ledger, setup_.repo_or_default(row->repo));
    return {};
  });
  if (!read) return failure(std::move(read.error()));
  const auto file = fmt::format("intake-{}", id);
  auto text = text_of(*row, std::nullopt);
  auto diagnostics =
      spec::diagnostics_for_validate(spec::parse_spec(text, {.file = file, .profile = rules.profile}), file);
  return Preview{std::move(text), std::move(diagnostics)};
}

Result<Registered> Intake::complete(std::int64_t id, const Asked& asked) {
  if (auto looked = registry_.look(); !looked) return failure(std::move(looked.error()));
  std::optional<Registered> registered;
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    auto row = find(ledger.intake(id), id, asked);
    if (!row) return failure(std::move(row.error()));
    if (row->step != "ready") {
      return failure(FailureCode::STATE_REFUSED, row->step == "done"
                                                     ? fmt::format("intake {} is completed already", id)
                                                     : fmt::format("intake {} still asks for: {}", id, row->step));
    }
    const auto given = new_vtid(ledger, setup_);
    if (!given) return failure(given.error());
    const Vtid vtid = *given;
    Submission submission{vtid, text_of(*row, vtid),
                          {.source = domain::SpecSource::intake, .author = asked.actor(),
                           .at = ledger.now(), .reference = std::to_string(id)}};
    submission.file = fmt::format("intake-{}", id);
    submission.repo = row->repo;
    auto answer = registry_.submit_in(ledger, submission, asked);
    if (!answer) {
      ledger.refuse(fmt::format("intake:{}:{}", id, to_us(row->updated_at)),
                    {domain::EventType::intake_failed, std::nullopt, std::nullopt, asked.actor(),
                     Json{{"intake", id}, {"code", name_of(answer.error().code)},
                          {"message", answer.error().message}}
                         .dump()});
      return failure(std::move(answer.error()));
    }
    row->step = "done";
    row->vtid = vtid;
    row->updated_at = ledger.now();
    ledger.put(*row);
    ledger.append({domain::EventType::intake_scheduled, vtid, std::nullopt, asked.actor(),
                   Json{{"intake", id}, {"spec_registered", true}, {"version", answer->version},
                        {"digest", answer->digest.to_string()}}
                       .dump()});
    registered = std::move(*answer);
    return std::optional(vtid.to_string());
  };
  const auto again = [&](store::Ledger& ledger, const std::string& made) -> Result<void> {
    registered = Registry::registered(ledger, *Vtid::parse(made));
    return {};
  };
  if (auto done = commit_once(store_, asked, work, again); !done) return failure(std::move(done.error()));
  return std::move(*registered);
}

}  // namespace vitana::engine

#include "engine/registry.h"

#include <fmt/format.h>

#include <deque>
#include <nlohmann/json.hpp>
#include <set>

#include "base/check.h"
#include "engine/conduct.h"
#include "engine/local_ids.h"
#include "engine/task_names.h"
#include "engine/unification.h"
#include "spec/parse.h"
#include "spec/rules.h"
#include "spec/template.h"

namespace vitana::engine {

using domain::UnifyOutcome;
using Json = nlohmann::ordered_json;

namespace {

Json candidate_json(const domain::Candidate& candidate) {
  return {{"origin", candidate.provenance.origin()},
          {"digest", candidate.digest.to_string()},
          {"valid", candidate.valid},
          {"commit", candidate.provenance.commit},
          {"author", candidate.provenance.author}};
}

std::string errors_in_words(const std::vector<domain::Diagnostic>& diagnostics) {
  std::string words;
  for (const auto& d : diagnostics) {
    if (d.severity != domain::Severity::error) continue;
    if (!words.empty()) words += "; ";
    words += domain::to_string(d);
  }
  return words;
}

Error invalid(const domain::Candidate& candidate) {
  return Error{FailureCode::SPEC_INVALID,
               fmt::format("{}: {}", candidate.provenance.origin(),
                           errors_in_words(candidate.diagnostics))}
      .with("origin", candidate.provenance.origin())
      .with("diagnostics", errors_in_words(candidate.diagnostics));
}

std::vector<domain::Candidate> of(const std::vector<store::CandidateRow>& rows) {
  std::vector<domain::Candidate> candidates;
  candidates.reserve(rows.size());
  for (const auto& row : rows) candidates.push_back(row.candidate);
  return candidates;
}

/// The owner of the current version; where its file was renamed, the one file that is left.
domain::Provenance owner_now(const domain::SpecVersion& current,
                             const std::vector<store::CandidateRow>& rows) {
  domain::Provenance owner = current.provenance;
  const store::CandidateRow* successor = nullptr;
  int in_repo = 0;
  for (const auto& row : rows) {
    const auto& p = row.candidate.provenance;
    if (p.origin() == owner.origin()) return owner;
    if (p.source == domain::SpecSource::git && p.repo == owner.repo) {
      successor = &row;
      ++in_repo;
    }
  }
  if (owner.source == domain::SpecSource::git && in_repo == 1) {
    owner.path = successor->candidate.provenance.path;
  }
  return owner;
}

/// A number whose task this store has lost, but not what was delivered for it, is not free for
/// another text. Errors: SPEC_CONFLICT.
Result<void> refuse_reuse(store::Ledger& ledger, Vtid vtid, const Digest& digest) {
  if (ledger.newest_spec(vtid)) return {};
  const auto delivered = ledger.deliveries(vtid);
  for (const auto& row : delivered) {
    if (row.digest == digest.to_string()) return {};
  }
  if (delivered.empty()) return {};
  return failure(Error{FailureCode::SPEC_CONFLICT,
                       fmt::format("{} was delivered before with another text, by commit {}",
                                   vtid.to_string(), delivered.front().commit)}
                     .with("candidates", delivered.front().digest));
}

/// A task that has no title of its own shows the one of a text that is not valid yet.
void take_title(store::Ledger& ledger, domain::Task& task, const std::string& text) {
  if (task.title != task.vtid.to_string()) return;
  const auto title = spec::parse_spec(text).spec.title;
  if (title.empty()) return;
  task.title = title;
  ledger.put(task);
}

}  // namespace

bool is_far(store::Ledger& ledger, Vtid vtid) {
  return vtid.number() > ledger.vtid_counter() + vtid_jump_max;
}

Result<void> refuse_jump(store::Ledger& ledger, Vtid vtid) {
  if (!is_far(ledger, vtid)) return {};
  return failure(FailureCode::VTID_JUMP,
                 fmt::format("{} is more than {} beyond the last id", vtid.to_string(), vtid_jump_max));
}

Registry::Registry(store::Store& store, port::Entropy& entropy, const Setup& setup)
    : store_(store), entropy_(entropy), setup_(setup) {}

std::string Registry::where_looked() const {
  std::string text = "looked in: git (";
  for (const auto& repo : setup_.repos) {
    if (&repo != &setup_.repos.front()) text += ", ";
    text += fmt::format("{} branch {}:", repo.name, repo.branch_name());
    for (const auto& glob : repo.specs) text += " " + glob;
  }
  if (setup_.repos.empty()) text += "no repository is configured";
  return text + "), drafts, intakes, manual registrations, the ledger's description";
}

domain::Task Registry::task_or_new(store::Ledger& ledger, Vtid vtid, const std::string& repo,
                                   const std::string& actor) {
  if (auto task = ledger.task(vtid)) return *task;
  domain::Task task{.vtid = vtid};
  task.title = vtid.to_string();
  task.repo = repo.empty() ? setup_.default_repo() : repo;
  task.created_at = task.updated_at = ledger.now();
  task.next = {domain::NextKind::spec, "a valid spec arrives", std::nullopt};
  task.revision = 1;
  ledger.note_vtid(vtid);
  ledger.put(task);
  ledger.append({domain::EventType::task_allocated, vtid, std::nullopt, actor,
                 Json{{"repo", task.repo}}.dump()});
  // Tasks that named this id before it existed learn that it does.
  std::vector<Vtid> page;
  do {
    page = ledger.dependents(vtid, dependents_per_page, page.empty() ? std::nullopt : std::optional(page.back()));
    for (const auto waiting : page) {
      if (ledger.task(waiting)) (void)refresh_dependencies(ledger, waiting);
    }
  } while (page.size() == dependents_per_page);
  return task;
}

domain::Waits Registry::dependency_waits(store::Ledger& ledger, domain::Waits waits, Vtid vtid) {
  waits.dependency_unknown = false;
  waits.dependency_failed = false;
  waits.dependencies_open = 0;
  for (const auto on : ledger.dependencies(vtid)) {
    const auto task = ledger.task(on);
    if (!task) {
      waits.dependency_unknown = true;
    } else if (task->status == domain::TaskStatus::failed ||
               task->status == domain::TaskStatus::cancelled) {
      waits.dependency_failed = true;
    } else if (task->status != domain::TaskStatus::completed) {
      ++waits.dependencies_open;
    }
  }
  return waits;
}

Result<void> Registry::refresh_dependencies(store::Ledger& ledger, Vtid vtid) {
  const auto task = ledger.task(vtid);
  if (!task || !task->spec || domain::is_terminal(task->status)) return {};
  const auto waits = dependency_waits(ledger, task->waits, vtid);
  if (waits == task->waits) return {};
  auto done = conduct(ledger, setup_, entropy_, vtid,
                      domain::ChangeWaits{waits, "a task it depends on changed"}, "engine");
  if (!done) return failure(std::move(done.error()));
  return {};
}

Result<Vtid> new_vtid(store::Ledger& ledger, const Setup& setup) {
  for (const auto& repo : setup.repos) {
    if (!ledger.repo(repo.name).value_or(store::RepoRow{}).unnumbered) continue;
    return failure(FailureCode::STATE_REFUSED,
                   fmt::format("which numbers repository {} has seen before is known after it was read: "
                               "vitana spec sync",
                               repo.name));
  }
  if (ledger.vtid_counter() == Vtid::number_max) {
    return failure(FailureCode::VTID_EXHAUSTED, "the highest number is given out");
  }
  return ledger.allocate_vtid();
}

bool dependency_cycle(store::Ledger& ledger, Vtid vtid, const std::vector<Vtid>& on) {
  std::set<Vtid> seen;
  std::deque<Vtid> open(on.begin(), on.end());
  while (!open.empty()) {
    if (seen.size() >= dependencies_max) return true;
    const Vtid next = open.front();
    open.pop_front();
    if (next == vtid) return true;
    if (!seen.insert(next).second) continue;
    const auto more = ledger.dependencies(next);
    open.insert(open.end(), more.begin(), more.end());
  }
  return false;
}

void refuse_cycle(store::Ledger& ledger, store::CandidateRow& row, const std::vector<Vtid>& on) {
  if (!row.candidate.valid || !dependency_cycle(ledger, row.vtid, on)) return;
  row.candidate.valid = false;
  row.circular = true;
  const auto& rule = spec::rule_info(spec::Rule::DEPENDENCY_CYCLE);
  row.candidate.diagnostics.push_back({std::string(rule.name), rule.severity,
                                       "the task would wait for itself",
                                       row.candidate.provenance.path, 1, 1, std::string(rule.hint)});
}

void Registry::report_rivals(store::Ledger& ledger, Vtid vtid,
                             const std::vector<store::CandidateRow>& rows,
                             const std::vector<std::size_t>& rivals, const std::string& actor) {
  Json list = Json::array();
  std::string key = fmt::format("conflict:{}", vtid.to_string());
  for (const auto i : rivals) {
    list.push_back(candidate_json(rows[i].candidate));
    key += ":" + rows[i].candidate.provenance.origin() + rows[i].candidate.digest.brief();
  }
  if (const auto current = ledger.newest_spec(vtid)) {
    list.insert(list.begin(), Json{{"origin", current->provenance.origin()},
                                   {"digest", current->digest.to_string()},
                                   {"owner", true}});
  }
  ledger.refuse(key, {domain::EventType::spec_conflict, vtid, std::nullopt, actor,
                      Json{{"candidates", list}}.dump()});
}

Result<void> Registry::lock(store::Ledger& ledger, Vtid vtid, const store::CandidateRow& chosen,
                            const Unification& how) {
  const auto& provenance = chosen.candidate.provenance;
  const auto newest = ledger.newest_spec(vtid);
  auto task = task_or_new(ledger, vtid, provenance.repo, how.actor);
  const auto reading = spec::parse_spec(chosen.text, {.file = provenance.path});

  domain::SpecVersion version{vtid, newest ? newest->version + 1 : 1, chosen.text,
                              chosen.candidate.digest, provenance, ledger.now()};
  ledger.add(version);
  ledger.set_dependencies(vtid, dependencies_of(ledger, provenance, reading.spec).on);
  ledger.append({domain::EventType::spec_registered, vtid, std::nullopt, how.actor,
                 Json{{"version", version.version},
                      {"digest", version.digest.to_string()},
                      {"source", name_of(provenance.source)},
                      {"origin", provenance.origin()},
                      {"commit", provenance.commit},
                      {"author", provenance.author}}
                     .dump()});

  if (!how.agent.empty() || how.delivery || !how.repo.empty()) {
    if (!how.agent.empty()) task.agent = how.agent;
    if (how.delivery) task.delivery = how.delivery;
    const auto run = ledger.subject(vtid).run;
    const bool live = run && !domain::is_terminal(run->state);
    if (!how.repo.empty() && !live) task.repo = how.repo;
    ledger.put(task);
  }

  domain::RegisterSpec command{{version.version, version.digest}, reading.spec.title};
  command.repo = how.repo.empty() ? provenance.repo : how.repo;
  command.priority = reading.spec.priority.value_or(3);
  command.waits = dependency_waits(ledger, {}, vtid);
  command.waits.spec_held = reading.spec.directive == domain::SpecDirective::hold;
  command.waits.approval = setup_.spec_rules(ledger, command.repo.empty() ? task.repo : command.repo).approval ==
                           domain::ApprovalMode::required;
  command.waits.adoption = how.holds(task);
  for (const auto other : ledger.vtids_with_digest(version.digest)) {
    command.waits.renumbered |= other != vtid;
  }
  if (provenance.source == domain::SpecSource::git) {
    command.own_delivery = ledger.delivered_by(provenance.repo, provenance.commit);
  }
  const auto& target = command.repo.empty() ? task.repo : command.repo;
  const auto known = ledger.delivery(target, vtid, version.digest.to_string());
  if (known && known->counts_for(setup_.delivery_of(task))) {
    command.close = true;
    command.close_reason = fmt::format("delivered before, by commit {}", known->commit);
  }
  // What a run wrote closes nothing.
  if (reading.spec.directive == domain::SpecDirective::close && !command.own_delivery) {
    command.close = true;
    command.close_reason = "its front matter says that it is done";
  }
  if (command.waits.renumbered) {
    ledger.append({domain::EventType::spec_renumbered, vtid, std::nullopt, how.actor,
                   Json{{"digest", version.digest.to_string()}}.dump()});
  }
  auto done = conduct(ledger, setup_, entropy_, vtid, command, how.actor);
  if (!done) return failure(std::move(done.error()));
  return {};
}

Result<Registered> Registry::unify_in(store::Ledger& ledger, Vtid vtid, const Unification& how) {
  const auto rows = ledger.candidates(vtid);
  const auto current = ledger.newest_spec(vtid);
  std::optional<domain::Provenance> owner;
  if (current) owner = owner_now(*current, rows);
  const auto answer = domain::unify(of(rows), owner,
                                    current ? std::optional(current->digest) : std::nullopt,
                                    how.resolve);
  Registered result{vtid, answer.outcome, current ? current->version : 0,
                    current ? current->digest : Digest{}, domain::Task{.vtid = vtid}};

  const bool held = how.holds(ledger.task(vtid).value_or(domain::Task{.vtid = vtid}));
  const auto command = [&](const domain::Command& c) -> Result<void> {
    auto done = conduct(ledger, setup_, entropy_, vtid, c, how.actor);
    if (!done) return failure(std::move(done.error()));
    return {};
  };
  const auto refuse = [&](Error error) { return command(domain::RefuseSpec{std::move(error), held}); };
  Result<void> done;
  switch (answer.outcome) {
    case UnifyOutcome::not_found:
      if (ledger.task(vtid)) {
        done = refuse({FailureCode::SPEC_NOT_FOUND, fmt::format("no source has a spec for {}; {}",
                                                                vtid.to_string(), where_looked())});
      }
      break;
    case UnifyOutcome::invalid: {
      const auto& candidate = rows[answer.rivals.front()].candidate;
      auto task = task_or_new(ledger, vtid, candidate.provenance.repo, how.actor);
      take_title(ledger, task, rows[answer.rivals.front()].text);
      done = refuse(invalid(candidate));
      break;
    }
    case UnifyOutcome::conflict: {
      auto task = task_or_new(ledger, vtid, rows.front().candidate.provenance.repo, how.actor);
      take_title(ledger, task, rows.front().text);
      report_rivals(ledger, vtid, rows, answer.rivals, how.actor);
      std::string who;
      for (const auto i : answer.rivals) {
        who += (who.empty() ? "" : ", ") + rows[i].candidate.provenance.origin();
      }
      auto waits = task.waits;
      waits.conflict = true;
      waits.adoption = held;
      done = command(domain::ChangeWaits{waits, "differing texts: " + who});
      break;
    }
    case UnifyOutcome::registered:
      done = lock(ledger, vtid, rows[*answer.chosen], how);
      if (done) {
        const auto locked = ledger.newest_spec(vtid);
        result.version = locked->version;
        result.digest = locked->digest;
      }
      if (!answer.rivals.empty()) report_rivals(ledger, vtid, rows, answer.rivals, how.actor);
      break;
    case UnifyOutcome::unchanged:
      if (const auto task = ledger.task(vtid); task && task->waits.conflict && !domain::is_terminal(task->status)) {
        auto waits = task->waits;
        waits.conflict = false;
        done = command(domain::ChangeWaits{waits, "one text is left"});
      }
      break;
    case UnifyOutcome::refused:
      report_rivals(ledger, vtid, rows, answer.rivals, how.actor);
      break;
  }
  if (!done) return failure(std::move(done.error()));
  if (auto task = ledger.task(vtid)) result.task = std::move(*task);
  return result;
}

namespace {

constexpr std::string_view jump_is_for_all = "numbers far ahead are taken from all repositories";

}  // namespace

Registered Registry::registered(store::Ledger& ledger, Vtid vtid) {
  const auto newest = ledger.newest_spec(vtid);
  CHECK(newest);
  return {vtid, domain::UnifyOutcome::unchanged, newest->version, newest->digest, *ledger.task(vtid)};
}

Result<void> Registry::require_repo(const std::string& repo, const Asked& asked) const {
  const auto name = setup_.repo_or_default(repo);
  const bool there = repo.empty() || setup_.repo(repo) != nullptr;
  if (there && asked.reaches(name)) return {};
  if (repo.empty()) return failure(FailureCode::REPO_UNKNOWN, "no repository is named, and none is meant by itself");
  return failure(FailureCode::REPO_UNKNOWN, fmt::format("no repository is called '{}'", repo));
}

Result<Registered> Registry::submit(const Submission& submission, const Asked& asked) {
  // Whatever number it has: another text may have been delivered under it.
  if (auto looked = look(); !looked) return failure(std::move(looked.error()));
  std::optional<Registered> done;
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    auto answer = submit_in(ledger, submission, asked);
    if (!answer) return failure(std::move(answer.error()));
    done = std::move(*answer);
    return std::optional(done->vtid.to_string());
  };
  const auto again = [&](store::Ledger& ledger, const std::string& made) -> Result<void> {
    done = registered(ledger, *Vtid::parse(made));
    return {};
  };
  auto committed = commit_once(store_, asked, work, again);
  if (!committed) return failure(std::move(committed.error()));
  return std::move(*done);
}

Result<Vtid> Registry::id_of(store::Ledger& ledger, const Submission& submission,
                             const domain::SpecReading& reading) {
  if (submission.vtid) return *submission.vtid;
  const auto* repo = setup_.repo(submission.provenance.repo);
  if (repo != nullptr && repo->local_ids && !submission.provenance.path.empty()) {
    return local_id(ledger, setup_, repo->name, submission.provenance.path,
                    Digest::of(submission.text));
  }
  return spec::resolve_vtid(reading, submission.file);
}

Result<Registered> Registry::submit_in(store::Ledger& ledger, const Submission& submission, const Asked& asked) {
  const auto& actor = asked.actor();
  std::string repo = submission.repo.empty() ? submission.provenance.repo : submission.repo;
  if (auto known = require_repo(repo, asked); !known) return failure(std::move(known.error()));
  if (!submission.agent.empty() && !setup_.has_agent(submission.agent)) {
    return failure(FailureCode::AGENT_UNKNOWN, fmt::format("no agent is called '{}'", submission.agent));
  }
  const auto rules = setup_.spec_rules(ledger, setup_.repo_or_default(repo));
  const auto reading = spec::parse_spec(submission.text, {.file = submission.file, .profile = rules.profile});
  auto id = id_of(ledger, submission, reading);
  if (!id) return failure(std::move(id.error()));
  const Vtid vtid = *id;
  if (const auto task = ledger.task(vtid); task && !asked.reaches(task->repo)) {
    return failure(FailureCode::NOT_ALLOWED, fmt::format("{} is a task of another repository", vtid.to_string()));
  }
  if (submission.allow_jump) {
    if (auto all = asked.require_all(jump_is_for_all); !all) return failure(std::move(all.error()));
  } else {
    if (auto near = refuse_jump(ledger, vtid); !near) return failure(std::move(near.error()));
  }
  if (!submission.resolve) {
    auto unused = refuse_reuse(ledger, vtid, Digest::of(submission.text));
    if (!unused) return failure(std::move(unused.error()));
  }
  store::CandidateRow row{vtid, {submission.provenance, Digest::of(submission.text)},
                          submission.text};
  row.candidate.diagnostics = spec::diagnostics_for_validate(reading, submission.file);
  row.candidate.valid = !domain::has_errors(row.candidate.diagnostics);
  if (!row.candidate.valid) return failure(invalid(row.candidate));
  if (dependency_cycle(ledger, vtid, dependencies_of(ledger, submission.provenance, reading.spec).on)) {
    return failure(FailureCode::DEPENDENCY_CYCLE,
                   fmt::format("{} would wait for itself", vtid.to_string()));
  }
  ledger.put(row);
  Unification how{.actor = actor, .by_person = true};
  if (submission.resolve) how.resolve = row.candidate.digest;
  how.agent = submission.agent;
  how.delivery = submission.delivery;
  how.repo = repo;
  auto answer = unify_in(ledger, vtid, how);
  if (!answer) return answer;
  const bool mine = answer->digest == row.candidate.digest && answer->version > 0;
  if (!mine) {
    std::string others;
    for (const auto& other : ledger.candidates(vtid)) {
      if (other.candidate.digest == row.candidate.digest) continue;
      others += (others.empty() ? "" : ", ") + other.candidate.provenance.origin() + " (" +
                other.candidate.digest.brief() + ")";
    }
    return failure(Error{FailureCode::SPEC_CONFLICT,
                         fmt::format("{} has another text: {}", vtid.to_string(), others)}
                       .with("candidates", others));
  }
  (void)tell_neighbours(ledger, *answer);
  if (auto freed = judge_circles(ledger, actor); !freed) return failure(std::move(freed.error()));
  return answer;
}

Result<domain::SpecVersion> Registry::enforce_spec_requirement(Vtid vtid) {
  std::optional<domain::SpecVersion> found;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    found.reset();
    auto answer = unify_in(ledger, vtid, {.actor = "engine"});
    if (!answer) return failure(std::move(answer.error()));
    const auto task = ledger.task(vtid);
    if (!task) return failure(FailureCode::NOT_FOUND, fmt::format("there is no task {}", vtid.to_string()));
    if (task->spec) found = ledger.spec(vtid, task->spec->version);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (!found) {
    domain::Failure why{FailureCode::SPEC_NOT_FOUND, where_looked(), ""};
    auto read = store_.read([&](store::Reader& reader) -> Result<void> {
      const auto task = reader.task(vtid);
      if (task && task->failure) why = *task->failure;
      return {};
    });
    if (!read) return failure(std::move(read.error()));
    return failure(why.code, why.message);
  }
  if (Digest::of(found->text) != found->digest) {
    return failure(FailureCode::CHECKSUM_MISMATCH,
                   fmt::format("the stored text of {} version {} is not what was locked",
                               vtid.to_string(), found->version));
  }
  return std::move(*found);
}

Result<domain::Task> Registry::create_in(store::Ledger& ledger, const NewTask& wanted, const Asked& asked) {
  const auto& [number, title, description, repo, allow_jump] = wanted;
  const auto given = number ? Result<Vtid>(*number) : new_vtid(ledger, setup_);
  if (!given) return failure(given.error());
  const Vtid vtid = *given;
  if (number && ledger.task(vtid)) {
    return failure(FailureCode::STATE_REFUSED, fmt::format("{} exists already", vtid.to_string()));
  }
  if (allow_jump) {
    if (auto all = asked.require_all(jump_is_for_all); !all) return failure(std::move(all.error()));
  } else if (number) {
    if (auto near = refuse_jump(ledger, vtid); !near) return failure(std::move(near.error()));
  }
  auto unused = refuse_reuse(ledger, vtid, Digest::of(description));
  if (!unused) return failure(std::move(unused.error()));
  if (auto known = require_repo(repo, asked); !known) return failure(std::move(known.error()));
  auto task = task_or_new(ledger, vtid, repo, asked.actor());
  task.title = title;
  task.description = description;
  ledger.put(task);
  if (!description.empty()) {
    domain::Provenance provenance{domain::SpecSource::ledger, asked.actor(), ledger.now()};
    const auto reading = spec::parse_spec(
        description, {.file = "description", .profile = setup_.spec_rules(ledger, task.repo).profile});
    store::CandidateRow row{vtid, {provenance, Digest::of(description)}, description};
    row.candidate.diagnostics = spec::diagnostics_for_validate(reading, "description");
    row.candidate.valid = !domain::has_errors(row.candidate.diagnostics);
    refuse_cycle(ledger, row, reading.spec.dependencies);
    ledger.put(row);
  }
  auto answer = unify_in(ledger, vtid, {.actor = asked.actor(), .by_person = true});
  if (!answer) return failure(std::move(answer.error()));
  task = *ledger.task(vtid);
  if (task.title == vtid.to_string() || task.title.empty()) {
    task.title = title;
    ledger.put(task);
  }
  return task;
}

Result<std::vector<domain::Task>> Registry::create_tasks(std::span<const NewTask> tasks, const Asked& asked) {
  if (auto looked = look(); !looked) return failure(std::move(looked.error()));
  std::vector<domain::Task> made;
  const auto work = [&](store::Ledger& ledger) -> Result<std::optional<std::string>> {
    made.clear();
    for (const auto& wanted : tasks) {
      auto task = create_in(ledger, wanted, asked);
      if (!task) return failure(std::move(task.error()).with("index", std::to_string(made.size())));
      made.push_back(std::move(*task));
    }
    return std::optional(names_of(made));
  };
  const auto again = [&](store::Ledger& ledger, const std::string& names) -> Result<void> {
    made = tasks_named(ledger, names);
    return {};
  };
  if (auto done = commit_once(store_, asked, work, again); !done) return failure(std::move(done.error()));
  return made;
}

Result<domain::Task> Registry::create_task(const NewTask& task, const Asked& asked) {
  auto made = create_tasks({&task, 1}, asked);
  if (!made) return failure(std::move(made.error()));
  return std::move(made->front());
}

}  // namespace vitana::engine

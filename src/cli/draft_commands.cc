// vitana spec draft …: texts that are written here, validated, and approved by a person.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/spec_commands.h"
#include "view/json.h"

namespace vitana::cli {
namespace {

constexpr int drafts_max = 1'000;

void print_draft(Call& call, const store::DraftRow& draft, const std::string& next) {
  if (call.json) {
    call.print_json(view::draft_json(draft));
    return;
  }
  call.console.print(fmt::format("draft {}  version {}, {}: {}\n", draft.id, draft.version,
                                 draft.digest.brief(), draft.status));
  call.console.say(fmt::format("next: {}", next), Ink::dim);
}

}  // namespace

Answer draft_create(Call& call, const std::string& title, const std::string& file,
                    const std::string& vtid_text) {
  call.open.create = true;
  call.words.file = file;
  std::optional<Vtid> id;
  if (!vtid_text.empty()) {
    auto vtid = vtid_argument(call, vtid_text);
    if (!vtid) return failure(std::move(vtid.error()));
    id = *vtid;
  }
  auto text = read_text(call, file, engine::spec_bytes_max);
  if (!text) return failure(std::move(text.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto draft = (*session)->engine().drafts.create(title, *text, id, call.asked());
  if (!draft) return failure(std::move(draft.error()));
  print_draft(call, *draft, fmt::format("vitana spec draft validate {}", draft->id));
  return exit_yes;
}

Answer draft_edit(Call& call, std::int64_t id, const std::string& file) {
  call.words.file = file;
  auto text = read_text(call, file, engine::spec_bytes_max);
  if (!text) return failure(std::move(text.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto draft = (*session)->engine().drafts.edit(id, *text, call.asked());
  if (!draft) return failure(std::move(draft.error()));
  print_draft(call, *draft, fmt::format("vitana spec draft validate {}", draft->id));
  return exit_yes;
}

Answer draft_validate(Call& call, std::int64_t id) {
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto answer = (*session)->engine().drafts.validate(id, call.asked());
  if (!answer) return failure(std::move(answer.error()));
  const bool valid = !domain::has_errors(answer->diagnostics);
  if (call.json) {
    call.print_json(view::draft_validation_json(answer->draft, answer->diagnostics));
  } else {
    call.console.print(findings_text(answer->diagnostics));
    print_draft(call, answer->draft,
                valid ? fmt::format("vitana spec draft approve {}", id)
                      : fmt::format("vitana spec draft edit {} FILE", id));
  }
  return valid ? exit_yes : exit_no;
}

Answer draft_approve(Call& call, std::int64_t id) {
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto registered = (*session)->engine().drafts.approve(id, call.asked());
  if (!registered) return failure(std::move(registered.error()));
  print_registered(call, *registered);
  return exit_yes;
}

Answer draft_list(Call& call) {
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto found = (*session)->engine().drafts.list(call.asked(), drafts_max);
  if (!found) return failure(std::move(found.error()));
  const auto& drafts = *found;
  if (call.json) {
    auto list = wire::Json::array();
    for (const auto& draft : drafts) list.push_back(view::draft_json(draft));
    call.print_json(wire::Json{{"drafts", list}});
    return exit_yes;
  }
  Table table({"DRAFT", "VERSION", "STATUS", "VTID", "TITLE"});
  for (const auto& d : drafts) {
    table.add({std::to_string(d.id), std::to_string(d.version), d.status,
               d.vtid ? d.vtid->to_string() : "-", d.title});
  }
  if (!table.empty()) call.console.print(table.text(call.console.terminal()));
  if (table.empty())
    call.console.say("no drafts; next: vitana spec draft create --title TITLE FILE");
  return exit_yes;
}

}  // namespace vitana::cli

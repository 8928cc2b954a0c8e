#include "gateway/authoring.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "gateway/body.h"
#include "gateway/entity_tag.h"
#include "view/json.h"

namespace vitana::gateway {
namespace {

using wire::Json;

Response draft_response(const store::DraftRow& draft, int status = 200) {
  auto out = view::draft_json(draft);
  out["markdown"] = draft.markdown;
  auto response = json(out, status);
  response.headers.emplace_back("ETag", tag(engine::revision_of(draft)));
  return response;
}

Result<Response> prompt_response(const Result<engine::IntakePrompt>& prompt, int status = 200) {
  if (!prompt) return failure(prompt.error());
  return json(view::prompt_json(*prompt), status);
}

Result<Response> registered_response(const Result<engine::Registered>& registered) {
  if (!registered) return failure(registered.error());
  return json(view::registered_json(*registered), 201);
}

}  // namespace

Result<Response> list_drafts(Exchange& exchange) {
  const auto limit = static_cast<std::size_t>(exchange.arguments.integer("limit"));
  const auto drafts = exchange.engine.drafts.list(exchange.asked, static_cast<int>(limit) + 1,
                                                  exchange.arguments.integer("cursor"));
  if (!drafts) return failure(drafts.error());
  Json list = Json::array();
  Json next;
  for (const auto& draft : *drafts) {
    if (list.size() == limit) {
      next = list.back().at("id");
      break;
    }
    list.push_back(view::draft_json(draft));
  }
  return json({{"drafts", std::move(list)}, {"next_cursor", std::move(next)}});
}

Result<Response> create_draft(Exchange& exchange) {
  const auto& body = exchange.body;
  const auto vtid = vtid_in(body, "vtid");
  if (!vtid) return failure(vtid.error());
  const auto draft = exchange.engine.drafts.create(text_in(body, "title"), text_in(body, "markdown"), *vtid,
                                                   exchange.asked, text_in(body, "repo"));
  if (!draft) return failure(draft.error());
  return draft_response(*draft, 201);
}

Result<Response> get_draft(Exchange& exchange) {
  const auto draft = exchange.engine.drafts.look(exchange.arguments.integer("draft"), exchange.asked);
  if (!draft) return failure(draft.error());
  return draft_response(*draft);
}

Result<Response> edit_draft(Exchange& exchange) {
  const auto draft = exchange.engine.drafts.edit(exchange.arguments.integer("draft"),
                                                 text_in(exchange.body, "markdown"), exchange.asked, seen_by(exchange.request));
  if (!draft) return failure(draft.error());
  return draft_response(*draft);
}

Result<Response> validate_draft(Exchange& exchange) {
  const auto answer = exchange.engine.drafts.validate(exchange.arguments.integer("draft"), exchange.asked);
  if (!answer) return failure(answer.error());
  return json(view::draft_validation_json(answer->draft, answer->diagnostics));
}

Result<Response> approve_draft(Exchange& exchange) {
  return registered_response(exchange.engine.drafts.approve(exchange.arguments.integer("draft"), exchange.asked));
}

Result<Response> begin_intake(Exchange& exchange) {
  return prompt_response(exchange.engine.intake.begin(exchange.asked, text_in(exchange.body, "repo")), 201);
}

Result<Response> get_intake(Exchange& exchange) {
  return prompt_response(exchange.engine.intake.prompt(exchange.arguments.integer("intake"), exchange.asked));
}

Result<Response> answer_intake(Exchange& exchange) {
  return prompt_response(exchange.engine.intake.answer(exchange.arguments.integer("intake"),
                                                       text_in(exchange.body, "text"), exchange.asked));
}

Result<Response> preview_intake(Exchange& exchange) {
  auto answer = exchange.engine.intake.preview(exchange.arguments.integer("intake"), exchange.asked);
  if (!answer) return failure(std::move(answer.error()));
  return json({{"text", answer->text}, {"diagnostics", view::diagnostics_json(answer->diagnostics).at("diagnostics")}});
}

Result<Response> complete_intake(Exchange& exchange) {
  return registered_response(exchange.engine.intake.complete(exchange.arguments.integer("intake"), exchange.asked));
}

}  // namespace vitana::gateway

#include "gateway/writing.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "gateway/body.h"
#include "gateway/entity_tag.h"
#include "gateway/webhook.h"
#include "view/json.h"
#include "view/task_view.h"

namespace vitana::gateway {
namespace {

using wire::Json;

/// The task as it stands after what was asked.
Result<Response> task_after(Exchange& exchange, const Result<domain::Task>& task) {
  if (!task) return failure(task.error());
  const auto view = view::load_task(exchange.engine, task->vtid);
  if (!view) return failure(view.error());
  return json(view::task_json(*view));
}

/// As a page that is the last one.
Json task_list(std::vector<domain::Task> tasks) {
  std::vector<view::TaskView> views;
  for (auto& task : tasks) views.push_back({std::move(task), std::nullopt, {}, {}});
  return view::task_list_json(views, std::nullopt);
}

Result<engine::NewTask> new_task(const Json& body) {
  const auto vtid = vtid_in(body, "vtid");
  if (!vtid) return failure(vtid.error());
  return engine::NewTask{.vtid = *vtid,
                         .title = text_in(body, "title"),
                         .description = text_in(body, "description"),
                         .repo = text_in(body, "repo"),
                         .allow_jump = flag_in(body, "allow_jump")};
}

/// A delivery of a forge, in the place of a call.
Result<Response> take_delivery(Exchange& exchange) {
  auto& engine = exchange.engine;
  const auto secrets = exchange.files.hook_secrets ? exchange.files.hook_secrets() : std::vector<HookSecret>();
  const auto delivery = read_delivery(exchange.request, secrets, exchange.arguments.text("repo"), exchange.now);
  if (!delivery) return failure(delivery.error());
  Json list = Json::array();
  for (const auto& repo : delivery->repos) {
    const auto outcome = engine.webhooks.take(
        {repo, delivery->id, delivery->forge, delivery->event, delivery->pushed, delivery->ref});
    if (!outcome) return failure(outcome.error());
    list.push_back({{"repo", repo}, {"outcome", name_of(*outcome)}});
  }
  return json({{"deliveries", std::move(list)}}, 202);
}

}  // namespace

Result<Response> register_spec(Exchange& exchange) {
  const auto& body = exchange.body;
  const auto vtid = vtid_in(body, "vtid");
  if (!vtid) return failure(vtid.error());
  engine::Submission submission{.vtid = *vtid};
  submission.text = text_in(body, "text");
  submission.file = "text";
  submission.repo = text_in(body, "repo");
  submission.agent = text_in(body, "agent");
  submission.resolve = flag_in(body, "resolve");
  submission.allow_jump = flag_in(body, "allow_jump");
  if (const auto mode = text_in(body, "delivery"); !mode.empty()) submission.delivery = domain::delivery_mode(mode);
  submission.provenance = {.source = domain::SpecSource::manual,
                           .author = exchange.asked.actor(),
                           .at = exchange.now,
                           .reason = text_in(body, "reason")};
  const auto registered = exchange.engine.registry.submit(submission, exchange.asked);
  if (!registered) return failure(registered.error());
  return json(view::registered_json(*registered), 201);
}

Result<Response> approve_spec(Exchange& exchange) {
  return task_after(exchange, exchange.engine.desk.approve_spec(exchange.arguments.vtid("vtid"), exchange.asked));
}

Result<Response> adopt_specs(Exchange& exchange) {
  const auto how = text_in(exchange.body, "as") == "run" ? engine::Adoption::run : engine::Adoption::done;
  auto adopted = exchange.engine.desk.adopt(text_in(exchange.body, "glob"), how, exchange.asked);
  if (!adopted) return failure(std::move(adopted.error()));
  auto out = task_list(std::move(adopted->tasks));
  out.erase("next_cursor");
  out["in_conflict"] = Json::array();
  for (const auto& task : adopted->in_conflict) out["in_conflict"].push_back(task.vtid.to_string());
  return json(out);
}

Result<Response> sync_specs(Exchange& exchange) {
  if (exchange.by_forge) return take_delivery(exchange);
  auto& engine = exchange.engine;
  const auto wanted = exchange.arguments.text("repo");
  if (!wanted.empty()) {
    auto known = engine.registry.require_repo(wanted, exchange.asked);
    if (!known) return failure(std::move(known.error()));
  }
  // A person waits for no repository: its reading is an event of the log.
  Json list = Json::array();
  for (const auto& repo : engine.setup().repos) {
    if (!exchange.asked.reaches(repo.name) || (!wanted.empty() && repo.name != wanted)) continue;
    engine.autopilot.look_at(repo.name);
    list.push_back({{"repo", repo.name}, {"outcome", name_of(engine::HintOutcome::looking)}});
  }
  return json({{"deliveries", std::move(list)}}, 202);
}

Result<Response> create_tasks(Exchange& exchange) {
  const auto& body = exchange.body;
  std::vector<engine::NewTask> wanted;
  for (const auto& one : body.contains("tasks") ? body.at("tasks") : Json::array({body})) {
    auto task = new_task(one);
    if (!task) return failure(std::move(task.error()).with("index", std::to_string(wanted.size())));
    wanted.push_back(std::move(*task));
  }
  auto made = exchange.engine.registry.create_tasks(wanted, exchange.asked);
  if (!made) return failure(std::move(made.error()));
  return json(task_list(std::move(*made)), 201);
}

Result<Response> approve_task(Exchange& exchange) {
  return task_after(exchange, exchange.engine.desk.approve(exchange.arguments.vtid("vtid"), exchange.asked));
}

Result<Response> retry_task(Exchange& exchange) {
  return task_after(exchange, exchange.engine.desk.retry(exchange.arguments.vtid("vtid"),
                                                         text_in(exchange.body, "reason"), exchange.asked));
}

Result<Response> cancel_task(Exchange& exchange) {
  return task_after(exchange, exchange.engine.desk.cancel(exchange.arguments.vtid("vtid"),
                                                          text_in(exchange.body, "reason"), exchange.asked));
}

Result<Response> answer_task(Exchange& exchange) {
  return task_after(exchange, exchange.engine.desk.answer(exchange.arguments.vtid("vtid"),
                                                          text_in(exchange.body, "text"), exchange.asked));
}

Result<Response> sign_off_task(Exchange& exchange) {
  const auto& body = exchange.body;
  return task_after(exchange, exchange.engine.desk.sign_off(exchange.arguments.vtid("vtid"), text_in(body, "criterion"),
                                                            flag_in(body, "met"), text_in(body, "reason"),
                                                            exchange.asked));
}

Result<Response> take_event(Exchange& exchange) {
  const auto& body = exchange.body;
  const auto vtid = vtid_in(body, "vtid");
  if (!vtid) return failure(vtid.error());
  const auto data = body.value("data", Json::object());
  const auto task = exchange.engine.desk.take_event(text_in(body, "type"), *vtid, wire::to_text(data),
                                                    text_in(body, "reason"), exchange.asked);
  if (!task) return failure(task.error());
  if (!*task) return json({{"task", nullptr}}, 202);
  const auto view = view::load_task(exchange.engine, (*task)->vtid);
  if (!view) return failure(view.error());
  return json({{"task", view::task_json(*view)}}, 202);
}

Result<Response> set_control(Exchange& exchange) {
  const auto& body = exchange.body;
  const auto span = duration_in(body, "for", "2h");
  if (!span) return failure(span.error());
  const auto until = *span ? std::optional(exchange.now + **span) : std::nullopt;
  const auto row = exchange.engine.desk.set_control(exchange.arguments.text("key"), flag_in(body, "on"),
                                                    text_in(body, "reason"), until, exchange.asked,
                                                    seen_by(exchange.request));
  if (!row) return failure(row.error());
  auto response = json(view::control_json(*row, exchange.now));
  response.headers.emplace_back("ETag", tag(engine::revision_of(*row, exchange.now)));
  return response;
}

Result<Response> create_token(Exchange& exchange) {
  const auto span = duration_in(exchange.body, "expires_in", "90d");
  if (!span) return failure(span.error());
  auto request = token_request_in(exchange.body);
  request.valid_for = *span;
  const auto issued = exchange.engine.access.issue(request, exchange.asked);
  if (!issued) return failure(issued.error());
  auto out = view::token_json(issued->row, exchange.now);
  out["token"] = issued->token;
  return json(out, 201);
}

Result<Response> revoke_token(Exchange& exchange) {
  const auto row = exchange.engine.access.revoke(exchange.arguments.text("token"), exchange.asked);
  if (!row) return failure(row.error());
  return json(view::token_json(*row, exchange.now));
}

}  // namespace vitana::gateway

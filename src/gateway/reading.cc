#include "gateway/reading.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/conduct.h"
#include "gateway/document.h"
#include "gateway/entity_tag.h"
#include "gateway/event_stream.h"
#include "view/attention.h"
#include "view/json.h"
#include "view/repo_view.h"
#include "view/task_view.h"
#include "view/validation.h"
#include "view/webhook_view.h"

namespace vitana::gateway {
namespace {

using wire::Json;

constexpr std::size_t log_bytes_max = 1 << 20;

/// What `ask` finds in one snapshot.
template <typename Ask>
auto look(Exchange& exchange, Ask ask) -> decltype(ask(std::declval<store::Reader&>())) {
  using Found = decltype(ask(std::declval<store::Reader&>()));
  std::optional<Found> found;
  auto done = exchange.engine.store().read([&](store::Reader& reader) -> Result<void> {
    found.emplace(ask(reader));
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return std::move(*found);
}

tl::unexpected<Error> not_found(std::string message) { return failure(FailureCode::NOT_FOUND, std::move(message)); }

Result<view::TaskView> task_of(Exchange& exchange) {
  return view::load_task(exchange.engine, exchange.arguments.vtid("vtid"));
}

/// The run that a task's log or change is asked of: the attempt that is named, or the newest.
Result<RunId> run_of(Exchange& exchange) {
  const auto vtid = exchange.arguments.vtid("vtid");
  return look(exchange, [&](store::Reader& reader) -> Result<RunId> {
    const auto task = reader.task(vtid);
    const auto asked = static_cast<int>(exchange.arguments.integer("attempt"));
    const RunId run{vtid, asked == 0 && task ? task->attempt : asked};
    if (!reader.run(run)) return not_found(fmt::format("{} has no such run", vtid.to_string()));
    return run;
  });
}

/// The repositories that a list is about: the one that is asked for, within those of the caller.
Result<std::vector<std::string>> repos_of(Exchange& exchange) {
  const auto asked = exchange.arguments.text("repo");
  if (asked.empty()) return exchange.asked.who.repos;
  if (auto known = exchange.engine.registry.require_repo(asked, exchange.asked); !known) {
    return failure(std::move(known.error()));
  }
  return std::vector{asked};
}

Response text(std::string_view type, std::string body) {
  return {.type = std::string(type), .body = std::move(body)};
}

Result<domain::SpecVersion> version_of(Exchange& exchange) {
  const auto vtid = exchange.arguments.vtid("vtid");
  const auto version = static_cast<int>(exchange.arguments.integer("version"));
  return look(exchange, [&](store::Reader& reader) -> Result<domain::SpecVersion> {
    auto spec = reader.spec(vtid, version);
    if (!spec) return not_found(fmt::format("{} has no version {}", vtid.to_string(), version));
    return std::move(*spec);
  });
}

Result<Response> event_page(Exchange& exchange, store::EventFilter filter) {
  filter.after = exchange.arguments.integer("after");
  filter.type_glob = exchange.arguments.text("type");
  filter.limit = static_cast<int>(exchange.arguments.integer("limit"));
  filter.repos = exchange.asked.who.repos;
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    const auto page = reader.event_page(filter);
    const auto store_id = reader.store_id();
    Json list = Json::array();
    for (const auto& event : page.events) list.push_back(view::event_json(event, store_id));
    return json({{"events", std::move(list)}, {"after", page.position}, {"end", page.end}});
  });
}

}  // namespace

Result<Response> healthz(Exchange&) { return json({{"status", "ok"}}); }

Result<Response> readyz(Exchange& exchange) {
  // Answers, and from a store that can be read.
  return look(exchange, [](store::Reader& reader) -> Result<Response> {
    return json({{"status", "ready"}, {"sequence", reader.head().seq}});
  });
}

Result<Response> openapi(Exchange&) { return text("application/json", document_text()); }

Result<Response> validate_specs(Exchange& exchange) {
  const auto profile = exchange.arguments.flag("strict") ? domain::SpecProfile::strict
                                                         : exchange.engine.setup().policy.specs.profile;
  std::vector<wire::ValidatedFile> files;
  for (const auto& file : exchange.body.at("files")) {
    files.push_back(view::validate(file.at("path").get<std::string>(), file.at("text").get<std::string>(), profile).file);
  }
  return json(wire::validation_json(files));
}

Result<Response> list_specs(Exchange& exchange) {
  auto repos = repos_of(exchange);
  if (!repos) return failure(std::move(repos.error()));
  const auto limit = static_cast<std::size_t>(exchange.arguments.integer("limit"));
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    auto specs = reader.specs(static_cast<int>(limit) + 1, exchange.arguments.vtid_if("cursor"), *repos);
    std::optional<Vtid> next;
    if (specs.size() > limit) {
      specs.pop_back();
      next = specs.back().vtid;
    }
    auto out = view::spec_list_json(specs, "specs");
    out["next_cursor"] = next ? Json(next->to_string()) : Json();
    return json(out);
  });
}

Result<Response> get_spec(Exchange& exchange) {
  const auto vtid = exchange.arguments.vtid("vtid");
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    const auto spec = reader.newest_spec(vtid);
    if (!spec) return failure(FailureCode::SPEC_NOT_FOUND, fmt::format("{} has no spec", vtid.to_string()));
    return json(view::spec_json(*spec));
  });
}

Result<Response> list_spec_versions(Exchange& exchange) {
  const auto vtid = exchange.arguments.vtid("vtid");
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    return json(view::spec_list_json(reader.spec_versions(vtid), "versions"));
  });
}

Result<Response> get_spec_version(Exchange& exchange) {
  auto spec = version_of(exchange);
  if (!spec) return failure(std::move(spec.error()));
  return json(view::spec_json(*spec));
}

Result<Response> get_spec_text(Exchange& exchange) {
  auto spec = version_of(exchange);
  if (!spec) return failure(std::move(spec.error()));
  return text("text/markdown; charset=utf-8", std::move(spec->text));
}

Result<Response> list_tasks(Exchange& exchange) {
  auto repos = repos_of(exchange);
  if (!repos) return failure(std::move(repos.error()));
  store::TaskFilter filter{.repos = std::move(*repos),
                           .limit = static_cast<int>(exchange.arguments.integer("limit"))};
  filter.order = view::task_order(exchange.arguments.text("sort")).value_or(store::TaskOrder::newest);
  if (const auto cursor = exchange.arguments.text("cursor"); !cursor.empty()) {
    if (auto known = view::go_on(filter, cursor); !known) return failure(std::move(known.error()));
  }
  if (const auto status = exchange.arguments.text("status"); !status.empty()) {
    filter.status = domain::task_status(status);
  }
  if (const auto code = exchange.arguments.text("code"); !code.empty()) filter.code = code;
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    const auto page = view::task_page(exchange.engine, reader, filter);
    return json(view::task_list_json(page.tasks, page.next));
  });
}

Result<Response> get_task(Exchange& exchange) {
  const auto view = task_of(exchange);
  if (!view) return failure(view.error());
  return json(view::task_json(*view));
}

Result<Response> get_why(Exchange& exchange) {
  auto why = exchange.engine.desk.why(exchange.arguments.vtid("vtid"));
  if (!why) return failure(std::move(why.error()));
  const auto view = task_of(exchange);
  if (!view) return failure(view.error());
  return json(view::why_json(*why, *view));
}

Result<Response> list_runs(Exchange& exchange) {
  const auto view = task_of(exchange);
  if (!view) return failure(view.error());
  return json({{"runs", view::task_json(*view).at("runs")}});
}

Result<Response> get_run(Exchange& exchange) {
  const auto id = exchange.arguments.run("run");
  const auto view = view::load_task(exchange.engine, id.vtid);
  if (!view) return failure(view.error());
  const auto task = view::task_json(*view);
  for (const auto& run : task.at("runs")) {
    if (run.at("id") == id.to_string()) return json(run);
  }
  return not_found(fmt::format("there is no run {}", id.to_string()));
}

Result<Response> get_evidence(Exchange& exchange) {
  const auto view = task_of(exchange);
  if (!view) return failure(view.error());
  return json(view::evidence_json(*view));
}

Result<Response> list_task_events(Exchange& exchange) {
  return event_page(exchange, {.vtid = exchange.arguments.vtid("vtid")});
}

Result<Response> get_task_log(Exchange& exchange) {
  const auto run = run_of(exchange);
  if (!run) return failure(run.error());
  auto log = exchange.files.log(*run, static_cast<std::size_t>(exchange.arguments.integer("offset")), log_bytes_max);
  if (!log) return failure(std::move(log.error()));
  return text("text/plain; charset=utf-8", std::move(*log));
}

Result<Response> get_task_diff(Exchange& exchange) {
  const auto run = run_of(exchange);
  if (!run) return failure(run.error());
  auto diff = exchange.files.diff(*run);
  if (!diff) return failure(std::move(diff.error()));
  return text("text/x-diff; charset=utf-8", std::move(*diff));
}

Result<Response> list_events(Exchange& exchange) {
  store::EventFilter filter;
  filter.vtid = exchange.arguments.vtid_if("vtid");
  return event_page(exchange, std::move(filter));
}

Result<Response> stream_events(Exchange& exchange) {
  store::EventFilter filter{.after = exchange.arguments.integer("after"),
                            .vtid = exchange.arguments.vtid_if("vtid"),
                            .type_glob = exchange.arguments.text("type"),
                            .repos = exchange.asked.who.repos};
  const auto last = last_event_id(exchange.request.header("last-event-id"));
  if (!last) return failure(last.error());
  if (*last) filter.after = **last;
  return Response{.type = "text/event-stream",
                  .stream = std::make_shared<EventStream>(exchange.engine.store(), exchange.pages, std::move(filter))};
}

Result<Response> get_summary(Exchange& exchange) {
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    const auto head = reader.head();
    return json({{"tasks", reader.task_counts(exchange.asked.who.repos)},
                 {"execution", domain::is_on(reader.control(engine::execution_control), reader.now())},
                 {"sequence", head.seq}});
  });
}

Result<Response> get_stats(Exchange& exchange) {
  auto by = exchange.arguments.text("by");
  auto since = exchange.arguments.text("since");
  if (by.empty()) by = "code";
  if (since.empty()) since = "24h";
  const auto span = parse_duration(since);
  if (!span) {
    return failure(Error{FailureCode::REQUEST_INVALID, "since is a duration, such as 24h"}.with("parameter", "since"));
  }
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    return json(view::stats_json(by, since, reader.stats(by, reader.now() - *span, exchange.asked.who.repos)));
  });
}

Result<Response> list_repos(Exchange& exchange) {
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    auto repos = view::load_repos(exchange.engine.setup(), reader);
    std::erase_if(repos, [&](const view::RepoView& repo) { return !exchange.asked.who.reaches(repo.name); });
    return json(view::repos_json(repos));
  });
}

Result<Response> list_webhooks(Exchange& exchange) {
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    return json(view::webhooks_json(exchange.engine, reader, exchange.asked.who));
  });
}

Result<Response> list_controls(Exchange& exchange) {
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    const auto breakers = view::reached(reader.breakers(), exchange.asked.who);
    return json(view::controls_json(reader.controls(), breakers, reader.now()));
  });
}

Result<Response> get_control(Exchange& exchange) {
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    const auto key = exchange.arguments.text("key");
    const auto control = reader.control(key);
    if (!control) return not_found(fmt::format("there is no switch '{}'", key));
    const store::ControlRow row{key, *control};
    auto response = json(view::control_json(row, reader.now()));
    response.headers.emplace_back("ETag", tag(engine::revision_of(row, reader.now())));
    return response;
  });
}

Result<Response> get_attention(Exchange& exchange) {
  return look(exchange, [&](store::Reader& reader) -> Result<Response> {
    return json(view::attention_json(view::load_attention(reader, exchange.asked.who)));
  });
}

Result<Response> list_tokens(Exchange& exchange) {
  if (auto all = exchange.asked.require_all("tokens are for all repositories"); !all) return failure(std::move(all.error()));
  return look(exchange, [](store::Reader& reader) -> Result<Response> {
    return json(view::tokens_json(reader.tokens(), reader.now()));
  });
}

Result<Response> get_caller(Exchange& exchange) {
  const auto& caller = exchange.asked.who;
  Json rights = Json::array();
  for (const auto right : domain::all_rights) {
    if (caller.may(right)) rights.push_back(name_of(right));
  }
  return json({{"name", caller.actor}, {"role", name_of(caller.role)}, {"repos", caller.repos},
               {"rights", std::move(rights)}});
}

}  // namespace vitana::gateway

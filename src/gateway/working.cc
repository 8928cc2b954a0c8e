#include "gateway/working.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <thread>

#include "base/http_address.h"
#include "engine/worker_desk.h"
#include "gateway/judging.h"
#include "remote/report_json.h"

namespace vitana::gateway {
namespace {

using wire::Json;

constexpr std::size_t stream_piece_bytes = 256 << 10;

std::string_view name_of(port::Directive directive) {
  switch (directive) {
    case port::Directive::go_on: return "go_on";
    case port::Directive::cancel: return "cancel";
    case port::Directive::drain: return "drain";
    case port::Directive::lost: return "lost";
  }
  return "";
}

std::int64_t seconds(Duration duration) { return std::chrono::duration_cast<std::chrono::seconds>(duration).count(); }

Json worker_json(const engine::WorkerStanding& worker) {
  const auto& row = worker.row;
  Json holds = Json::array();
  for (const auto& [run, fence] : worker.holds) holds.push_back({{"run", run.to_string()}, {"fence", fence}});
  return {{"id", row.id},
          {"name", row.name},
          {"actor", row.actor},
          {"labels", row.labels},
          {"slots", row.slots},
          {"protocol", row.protocol},
          {"registered_at", to_rfc3339(row.registered_at)},
          {"seen_at", to_rfc3339(row.seen_at)},
          {"draining", row.draining},
          {"callback_url", row.callback_url},
          {"holds", std::move(holds)}};
}

/// Who registers from another machine cannot have the gateway call its own: there is no worker of his. Where a proxy
/// stands before it, `url` says so, nobody is known to be here.
Result<void> require_reach(const Request& request, std::string_view url, const std::string& callback_url) {
  const bool near = request.origin.empty() || request.origin.starts_with("127.") || request.origin == "::1";
  const bool here = near && url.empty();
  const auto address = read_http_address(callback_url);
  if (here || !address || !address->names_this_machine()) return {};  // whether it is one is judged elsewhere
  return failure(FailureCode::REQUEST_INVALID, "callback_url names the gateway's own machine, where this worker is not");
}

Response taken() { return json({{"taken", true}}); }

domain::Fence fence_of(Exchange& exchange) { return exchange.arguments.integer("fence"); }

/// The run that the path names, while the caller holds it.
Result<domain::Run> held_run(Exchange& exchange) {
  return exchange.engine.workers.held(exchange.arguments.run("run"), fence_of(exchange), exchange.asked.who);
}

/// What an agent leaves is taken of who executes, and of nobody who judges it.
Result<void> require_executing(const domain::Run& run) {
  if (run.state == domain::RunState::executing) return {};
  return failure(FailureCode::STATE_REFUSED, fmt::format("run {} is not being executed", run.id.to_string()));
}

/// Renews the lease of what was granted while its terms are made: to make what is to be judged may take longer.
class Renewing {
 public:
  Renewing(engine::RunDesk& runs, const RunId& run, domain::Fence fence)
      : thread_([&runs, run, fence](const std::stop_token& stop) {
          std::mutex mutex;
          std::condition_variable_any wake;
          std::unique_lock lock(mutex);
          while (!wake.wait_for(lock, stop, domain::lease_renew, [&] { return stop.stop_requested(); })) {
            if (runs.renew(run, fence) == port::Directive::lost) return;
          }
        }) {}

 private:
  std::jthread thread_;
};

/// Bytes that are there already, piece by piece.
class ByteStream : public Stream {
 public:
  explicit ByteStream(RunFiles::Bundle bundle) : bundle_(std::move(bundle)) {}

  Result<std::string> next() override {
    auto piece = bundle_.bytes.substr(at_, stream_piece_bytes);
    at_ += piece.size();
    return piece;
  }
  bool ended() const override { return at_ == bundle_.bytes.size(); }
  std::string_view heartbeat() const override { return ""; }

 private:
  const RunFiles::Bundle bundle_;
  std::size_t at_ = 0;
};

std::vector<std::string> listed(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace

Result<Response> register_worker(Exchange& exchange) {
  const auto& body = exchange.body;
  port::WorkerIntroduction worker{.name = body.at("name"),
                                  .labels = body.value("labels", std::vector<std::string>()),
                                  .slots = body.at("slots"),
                                  .protocol = body.at("protocol"),
                                  .callback_url = body.value("callback_url", std::string()),
                                  .callback_secret = body.value("callback_secret", std::string())};
  auto reach = require_reach(exchange.request, exchange.url, worker.callback_url);
  if (!reach) return failure(std::move(reach.error()));
  const auto row = exchange.engine.workers.enter(worker, exchange.asked.who);
  if (!row) return failure(row.error());
  return json({{"id", row->id},
               {"protocol", row->protocol},
               {"lease_seconds", seconds(domain::lease_time)},
               {"renew_seconds", seconds(domain::lease_renew)}});
}

Result<Response> list_workers(Exchange& exchange) {
  const auto workers = exchange.engine.workers.workers(exchange.asked.who);
  if (!workers) return failure(workers.error());
  Json list = Json::array();
  for (const auto& worker : *workers) list.push_back(worker_json(worker));
  return json({{"workers", std::move(list)}});
}

Result<Response> claim_runs(Exchange& exchange) {
  const auto& body = exchange.body;
  const int max = body.at("max");
  const auto step = domain::step_of(body.value("step", std::string(name_of(domain::Step::execute))));
  if (!step || *step == domain::Step::deliver) return failure(FailureCode::REQUEST_INVALID, "step is execute or verify");
  const auto granted = exchange.engine.workers.claim(exchange.arguments.text("worker"), exchange.asked.who,
                                                     body.at("request_id"), max, *step);
  if (!granted) return failure(granted.error());
  Json list = Json::array();
  for (const auto& assignment : granted->assignments) {
    const auto fence = assignment.lease().fence;
    auto terms = [&] {
      const Renewing meanwhile(exchange.engine.runs, assignment.run.id, fence);
      return exchange.files.runs.terms(assignment);
    }();
    if (terms && exchange.engine.runs.renew(assignment.run.id, fence) == port::Directive::lost) continue;
    if (terms) {
      list.push_back(remote::assignment_json(assignment, *terms));
      continue;
    }
    // As a worker of this machine would say that it cannot begin; what passes by itself costs no attempt.
    const auto cls = failure_info(terms.error().code).cls;
    const bool passes = assignment.step == domain::Step::execute &&
                        (cls == FailureClass::network || cls == FailureClass::storage);
    const auto told = exchange.engine.runs.report(
        assignment.run.id, passes ? port::StepReport(domain::Release{fence})
                                  : port::StepReport(domain::StepFailed{fence, std::move(terms.error())}), {});
    if (!told) return failure(told.error());
  }
  const std::chrono::seconds wait(body.at("wait_seconds").get<int>());
  auto response = json({{"assignments", list}});
  if (list.empty() && max > 0 && wait.count() > 0) response.ask_again = wait;
  response.line = *step == domain::Step::verify ? 1 : 0;
  response.for_nobody = granted->for_nobody;
  return response;
}

Result<Response> renew_runs(Exchange& exchange) {
  std::vector<port::HeldRun> held;
  for (const auto& one : exchange.body.at("runs")) {
    const auto run = RunId::parse(one.at("run").get<std::string>());
    if (!run) return failure(FailureCode::REQUEST_INVALID, "a run's id is none");
    held.push_back({*run, one.at("fence")});
  }
  const auto beat = exchange.engine.workers.heartbeat(exchange.arguments.text("worker"), exchange.asked.who, held);
  if (!beat) return failure(beat.error());
  Json directives = Json::array();
  for (std::size_t i = 0; i < held.size(); ++i) {
    directives.push_back({{"run", held[i].run.to_string()},
                          {"fence", held[i].fence},
                          {"directive", name_of(beat->directives[i])}});
  }
  return json({{"directives", std::move(directives)}, {"drain", beat->drain}});
}

Result<Response> drain_worker(Exchange& exchange) {
  const auto row = exchange.engine.workers.drain(exchange.arguments.text("worker"), exchange.asked);
  if (!row) return failure(row.error());
  return json(worker_json({*row, {}}));
}

Result<Response> append_run_log(Exchange& exchange) {
  const auto& text = exchange.request.body;
  if (text.size() > port::log_piece_bytes_max) {
    return failure(FailureCode::REQUEST_TOO_LARGE, fmt::format("a piece of a log has {} bytes at most",
                                                               port::log_piece_bytes_max));
  }
  const auto run = held_run(exchange);
  if (!run) return failure(run.error());
  if (auto executing = require_executing(*run); !executing) return failure(std::move(executing.error()));
  const auto offset = static_cast<std::size_t>(exchange.arguments.integer("offset"));
  const auto end = exchange.files.runs.append_log(run->id, offset, text);
  if (!end) return failure(end.error());
  return json({{"offset", end->offset}, {"full", end->full}});
}

Result<Response> get_base_bundle(Exchange& exchange) {
  const auto run = held_run(exchange);
  if (!run) return failure(run.error());
  auto bundle = exchange.files.runs.base_bundle(*run, listed(exchange.arguments.text("have")));
  if (!bundle) return failure(std::move(bundle.error()));
  Response response{.type = "application/x-git-bundle", .body = {}};
  response.headers.emplace_back("X-Bundle-Bytes", std::to_string(bundle->bytes.size()));
  response.stream = std::make_shared<ByteStream>(std::move(*bundle));
  return response;
}

Result<Response> put_result_bundle(Exchange& exchange) {
  const auto run = held_run(exchange);
  if (!run && run.error().code == FailureCode::LEASE_STALE) {
    // It is the late report of somebody who may have been away for long: that is told in the log.
    auto refused = exchange.engine.workers.report(exchange.arguments.run("run"),
                                                  domain::Executed{.fence = fence_of(exchange)}, exchange.asked.who);
    if (!refused) return failure(std::move(refused.error()));
    return taken();
  }
  if (!run) return failure(run.error());
  if (auto executing = require_executing(*run); !executing) return failure(std::move(executing.error()));
  auto kept = exchange.files.runs.take_bundle(*run, exchange.request.body);
  if (!kept && kept.error().code == FailureCode::GIT_FAILED) kept.error().code = FailureCode::REQUEST_INVALID;
  if (!kept) return failure(std::move(kept.error()));
  return taken();
}

Result<Response> complete_run(Exchange& exchange) {
  auto executed = remote::read_executed(exchange.body);
  if (!executed) return failure(std::move(executed.error()));
  const auto& id = exchange.arguments.run("run");
  auto& workers = exchange.engine.workers;
  if (const auto run = workers.held(id, executed->fence, exchange.asked.who)) {
    if (auto executing = require_executing(*run); !executing) return failure(std::move(executing.error()));
    const auto result = exchange.files.runs.result(*run, executed->result_commit);
    if (!result) return failure(result.error());
    executed->result_tree = result->tree;
    executed->changed = result->changed;
  }
  auto done = workers.report(id, std::move(*executed), exchange.asked.who);
  if (!done) return failure(std::move(done.error()));
  return taken();
}

Result<Response> fail_run(Exchange& exchange) {
  auto failed = remote::read_failed(exchange.body);
  if (!failed) return failure(std::move(failed.error()));
  const auto& id = exchange.arguments.run("run");
  const auto held = exchange.engine.workers.held(id, failed->fence, exchange.asked.who);
  if (held && held->state == domain::RunState::verifying) {
    return failed_verification(exchange, *held, std::move(*failed));
  }
  auto done = exchange.engine.workers.report(exchange.arguments.run("run"), std::move(*failed), exchange.asked.who);
  if (!done) return failure(std::move(done.error()));
  return taken();
}

Result<Response> release_run(Exchange& exchange) {
  const auto release = remote::read_release(exchange.body);
  if (!release) return failure(release.error());
  auto done = exchange.engine.workers.report(exchange.arguments.run("run"), *release, exchange.asked.who);
  if (!done) return failure(std::move(done.error()));
  return taken();
}

}  // namespace vitana::gateway

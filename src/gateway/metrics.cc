#include "gateway/metrics.h"

#include <fmt/format.h>

#include "domain/event.h"
#include "engine/conduct.h"
#include "gateway/figures.h"

namespace vitana::gateway {
namespace {

/// As the format wants it within quotes.
std::string escaped_label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

/// What the store says, from one snapshot.
struct Stored {
  store::Sequence sequence = 0;
  std::map<std::string, int> tasks;
  store::ReadyWork ready;
  Instant now{};
  bool execution = false;
};

Result<Stored> ask_store(Exchange& exchange) {
  Stored stored;
  auto done = exchange.engine.store().read([&](store::Reader& reader) -> Result<void> {
    stored = {reader.head().seq, reader.task_counts(exchange.asked.who.repos), reader.ready_work(), reader.now(),
              domain::is_on(reader.control(engine::execution_control), reader.now())};
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return stored;
}

void write_tasks(Exposition& out, const Stored& stored) {
  out.family("vitana_tasks", "gauge", "Tasks by their status.");
  for (const auto& [status, count] : stored.tasks) out.sample({{"status", status}}, count);
}

void write_engine(Exposition& out, const Stored& stored) {
  out.family("vitana_execution_enabled", "gauge", "1 while the switch of execution is on.");
  out.sample({}, stored.execution ? 1 : 0);
  out.family("vitana_ready_steps", "gauge", "Steps that a worker may claim now.");
  out.sample({}, static_cast<double>(stored.ready.steps));
  out.family("vitana_ready_oldest_age_seconds", "gauge",
             "For how long the step that waits longest for a worker has waited; 0: none waits.");
  out.sample({}, stored.ready.since ? seconds_of(std::max(stored.now - *stored.ready.since, Duration::zero())) : 0);
  out.family("vitana_log_sequence", "gauge", "The place in the log of its last event.");
  out.sample({}, static_cast<double>(stored.sequence));
}

void write_log(Exposition& out, const Figures::Log& log) {
  using domain::EventType;
  const auto of_type = [&](EventType type) {
    const auto found = log.events.find(std::string(domain::event_info(type).name));
    return found == log.events.end() ? 0.0 : static_cast<double>(found->second);
  };
  out.family("vitana_events_total", "counter", "Events that came to the log, by type.");
  for (const auto& [type, count] : log.events) out.sample({{"type", type}}, static_cast<double>(count));
  out.family("vitana_runs_ended_total", "counter", "Runs that ended, by their last state and the code of their failure.");
  for (const auto& [how, count] : log.ended) {
    out.sample({{"state", std::get<0>(how)}, {"code", std::get<1>(how)}}, static_cast<double>(count));
  }
  out.family("vitana_claims_total", "counter", "Steps that were granted to a worker.");
  out.sample({}, of_type(EventType::lease_granted));
  out.family("vitana_leases_lost_total", "counter", "Leases that were not renewed in time, or whose engine died.");
  out.sample({}, of_type(EventType::lease_lost));
}

void write_store(Exposition& out, const store::Store& store) {
  const auto batches = store.batches();
  out.family("vitana_commit_units", "histogram", "Units of work that one commit of the store held.");
  out.histogram({}, store::BatchFigures::bounds, batches.batches, static_cast<double>(batches.units));
  out.family("vitana_commit_waiting_units", "gauge", "Units of work that wait for their commit.");
  out.sample({}, static_cast<double>(store.waiting()));
}

void write_http(Exposition& out, const Figures& figures) {
  const auto http = figures.http();
  out.family("vitana_http_requests_total", "counter", "Requests that were answered, by route and status.");
  for (const auto& [place, count] : http.answered) {
    const auto& [method, route, status] = place;
    out.sample({{"method", std::string(method)}, {"route", std::string(route)}, {"status", std::to_string(status)}},
               static_cast<double>(count));
  }
  out.family("vitana_http_request_duration_seconds", "histogram", "From the whole request to the whole answer.");
  for (const auto& [place, histogram] : http.durations) {
    out.histogram({{"method", std::string(std::get<0>(place))}, {"route", std::string(std::get<1>(place))}},
                  Figures::seconds, histogram.counts, seconds_of(histogram.sum));
  }
  out.family("vitana_http_connections", "gauge", "Connections that are open.");
  out.sample({}, static_cast<double>(figures.connections));
  out.family("vitana_http_streams", "gauge", "Connections that read live events.");
  out.sample({}, static_cast<double>(figures.streams));
  out.family("vitana_http_connections_refused_total", "counter", "Connections that were closed as they came.");
  out.sample({}, static_cast<double>(figures.connections_refused));
  out.family("vitana_tls_handshakes_failed_total", "counter", "Connections that did not become encrypted ones.");
  out.sample({}, static_cast<double>(figures.handshakes_failed));
  if (const auto until = figures.certificate_until.load(); until != 0) {
    out.family("vitana_tls_certificate_expiry_timestamp_seconds", "gauge", "When the certificate in use ends.");
    out.sample({}, static_cast<double>(until));
  }
}

}  // namespace

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

std::string Exposition::number(double value) { return fmt::format("{}", value); }

void Exposition::bucket(const Labels& labels, const std::string& bound, std::uint64_t count) {
  auto with_bound = labels;
  with_bound.emplace_back("le", bound);
  line("_bucket", with_bound, static_cast<double>(count));
}

void Exposition::line(std::string_view suffix, const Labels& labels, double value) {
  std::string list;
  for (const auto& [name, label] : labels) {
    list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", name, escaped_label(label));
  }
  text_ += fmt::format("{}{}{} {}\n", name_, suffix, list.empty() ? "" : "{" + list + "}", number(value));
}

Result<Response> get_metrics(Exchange& exchange) {
  const auto stored = ask_store(exchange);
  if (!stored) return failure(stored.error());
  Exposition out;
  write_tasks(out, *stored);
  if (exchange.asked.who.repos.empty()) {
    write_engine(out, *stored);
    write_log(out, exchange.figures.log());
    write_store(out, exchange.engine.store());
    write_http(out, exchange.figures);
    out.family("vitana_build_info", "gauge", "Always 1.");
    out.sample({{"version", VITANA_VERSION}}, 1);
  }
  return Response{.type = "text/plain; version=0.0.4; charset=utf-8", .body = out.text()};
}

}  // namespace vitana::gateway

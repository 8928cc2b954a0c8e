#include "gateway/figures.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "domain/event.h"

namespace vitana::gateway {
namespace {

/// The code in the data of a run's end; empty where there is none.
std::string code_of(const store::StoredEvent& event) {
  const auto data = nlohmann::json::parse(event.data, nullptr, false);
  if (!data.is_object()) return {};
  const auto code = data.find("code");
  if (code == data.end() || !code->is_string()) return {};
  auto name = code->get<std::string>();
  return failure_code(name) ? name : std::string();
}

/// The state that an event ends its run in; empty: none.
std::string_view ended_state(const store::StoredEvent& event) {
  using domain::EventType;
  for (const auto& [type, state] : {std::pair{EventType::run_completed, "completed"},
                                    {EventType::run_failed, "failed"},
                                    {EventType::run_cancelled, "cancelled"}}) {
    if (event.type == domain::event_info(type).name) return state;
  }
  return {};
}

}  // namespace

void Figures::served(const Served& served) {
  const double took = std::chrono::duration<double>(served.took).count();
  const auto* bound = std::lower_bound(seconds.begin(), seconds.end(), took);
  const std::lock_guard lock(mutex_);
  ++http_.answered[{served.method, served.route, served.status}];
  auto& histogram = http_.durations[{served.method, served.route}];
  ++histogram.counts[static_cast<std::size_t>(bound - seconds.begin())];
  histogram.sum += served.took;
}

Figures::Http Figures::http() const {
  const std::lock_guard lock(mutex_);
  return http_;
}

Result<void> Figures::look(store::Store& store) {
  return store.read([&](store::Reader& reader) -> Result<void> {
    if (!seen_) {
      seen_ = reader.head().seq;
      return {};
    }
    for (;;) {
      const auto page = reader.event_page({.after = *seen_});
      for (const auto& event : page.events) count(event);
      seen_ = page.position;
      if (page.end) return {};
    }
  });
}

void Figures::count(const store::StoredEvent& event) {
  const auto state = ended_state(event);
  const auto code = state.empty() ? std::string() : code_of(event);
  const std::lock_guard lock(mutex_);
  ++log_.events[event.type];
  if (!state.empty()) ++log_.ended[{std::string(state), code}];
}

Figures::Log Figures::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

}  // namespace vitana::gateway

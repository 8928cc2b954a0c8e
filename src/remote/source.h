// Where a worker on another machine gets its work: the port over HTTP.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "port/run_source.h"
#include "remote/again.h"
#include "remote/gateway_client.h"

namespace vitana::remote {

/// Time that a stop of the process or a sleep of the machine does not hold back.
using Elapsed = std::chrono::nanoseconds;
Elapsed elapsed();

struct SourceOptions {
  port::WorkerIntroduction worker;
  std::string nonce;  ///< of this process: its requests are no repetition of another's
  Duration claim_wait = std::chrono::seconds(25);  ///< at the gateway, where there is nothing to do
  std::function<Elapsed()> elapsed = &remote::elapsed;
  domain::Step step = domain::Step::execute;       ///< that is asked for: execute or verify
  int grants_max = 0;  ///< takes so many steps in all; 0: no bound
  /// Told, on any thread, when the gateway cannot be reached or refuses, once until it answers again; and of each
  /// run that was lost (LEASE_STALE).
  std::function<void(const Error&)> trouble = {};
};

/// Thread-safe. Leases are renewed for all runs with one call, by a thread of its own; renew() says what that call
/// found. One that could not be renewed for a whole lease time, by this machine's own clock, is lost: somebody else
/// may have it. A claim that got no answer is asked again under its own request id, so nothing is granted twice.
class Source : public port::RunSource {
 public:
  /// `gateway` outlives it.
  Source(GatewayClient& gateway, SourceOptions options);
  /// As stop().
  ~Source() override;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  /// Registers, and begins to renew. Called once, before all others. Errors: as GatewayClient::enter(); NOT_ALLOWED -
  /// the token may not take such steps.
  Result<void> enter();

  /// Called, on the renewing thread, when renew() would say something else than before.
  void on_change(std::function<void()> told) { changed_ = std::move(told); }

  /// A claim of other steps than SourceOptions::step is answered with none. Errors: those of GatewayClient.
  Result<std::vector<port::Assignment>> claim(const port::ClaimRequest& request) override;
  port::Directive renew(const RunId& run, domain::Fence fence) override;
  Result<void> require_lease(const RunId& run, domain::Fence fence) override;
  /// Tries until the gateway answers; where the lease is lost, for another lease time: a report that was taken and
  /// whose answer was lost is answered once more. Errors: LEASE_STALE.
  Result<void> report(const RunId& run, const port::StepReport& report,
                      std::vector<domain::Evidence> evidence) override;
  std::uint64_t moment() override { return 0; }
  /// A claim waits at the gateway: nothing is left to wait for here.
  void wait(std::uint64_t, Duration) override {}

  /// What came with a run that is held.
  std::optional<Terms> terms(const RunId& run, domain::Fence fence) const;

  /// Ends claims that wait; what they were granted meanwhile is given back. No claim is answered any more.
  void stop_claiming();
  /// The gateway wants that nothing new is taken.
  bool told_to_drain() const;
  /// Claims that were answered with nothing to do, since the last one that was granted something.
  int claims_in_vain() const;
  int granted() const;
  /// Runs that are held.
  int holding() const;
  /// Renews no more.
  void stop();

 private:
  using Key = std::pair<RunId, domain::Fence>;
  struct Held {
    Terms terms;
    Elapsed confirmed{};  ///< when the renewal that went through last was sent
  };

  Result<std::vector<Granted>> ask_for_work(const std::string& request_id, int max, const std::stop_token& stop);
  void give_back(const std::string& request_id);
  std::vector<port::Assignment> keep(std::vector<Granted> granted, Elapsed asked);
  void beat(const std::stop_token& stop);
  /// The time until the next one.
  Duration beat_once(const std::stop_token& stop, Pause& pause);
  void lose_unconfirmed();
  void tell_lost(const std::vector<Key>& lost);
  bool is_lost(const Key& key) const;
  struct Known {
    std::string id;
    int registered = 0;  ///< how often, by then
  };
  Known known() const;
  /// `forgotten`: the registration that the gateway does not know any more; 0: none.
  Result<Known> known_or_anew(const std::stop_token& stop, int forgotten);
  void note(const Result<void>& answered);

  GatewayClient& gateway_;
  const SourceOptions options_;
  std::function<void()> changed_;
  std::stop_source claiming_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  Registration registration_;
  std::map<Key, Held> held_;
  bool beat_now_ = false;
  bool drain_ = false;
  bool in_trouble_ = false;
  int registered_ = 0;
  int in_vain_ = 0;
  int granted_ = 0;
  Pause claim_pause_;
  std::mutex entering_;
  std::jthread beating_;
};

}  // namespace vitana::remote

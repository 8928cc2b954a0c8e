// Tells workers that gave an address of runs that wait for them: signed, over HTTP.
#pragma once

#include <functional>

#include "base/time.h"
#include "http/client.h"
#include "port/dispatcher.h"

namespace vitana::remote {

/// `POST url` with {"type":"run.offered","run","vtid","worker","agent","repo","labels"} and the headers of Standard
/// Webhooks; any status of 2xx within port::callback_deadline is taken for an acceptance, and nothing else that the
/// answer says is looked at. It follows no answer elsewhere, and calls nothing that http::ClientOptions refuses.
class CallbackDispatcher : public port::Dispatcher {
 public:
  /// `now`: of what is signed.
  explicit CallbackDispatcher(std::function<Instant()> now);

  /// The best one; after tries in vain the next best, and so on, and then the best one again.
  std::optional<port::CallbackWorker> choose(const RunId& run, const std::vector<port::CallbackWorker>& fit,
                                             int tries) override;
  Result<void> route(const port::RunOffer& offer, const port::CallbackWorker& worker) override;

 private:
  const std::function<Instant()> now_;
  http::Client client_;
};

}  // namespace vitana::remote

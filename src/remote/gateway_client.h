// A worker's words to its gateway, one method for each route of the workers.
#pragma once

#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/client.h"
#include "port/run_source.h"
#include "port/worker_protocol.h"
#include "remote/assignment_json.h"

namespace vitana::remote {

struct GatewayAddress {
  std::string url;      ///< "https://vitana.example.org"; what stands behind the host is a prefix of every path
  std::string token;    ///< never in a message
  std::string ca_file;  ///< see http::ClientOptions
};

struct Registration {
  std::string id;
  Duration lease = domain::lease_time;
  Duration renew_every = domain::lease_renew;
};

/// Where a log goes on.
struct LogPlace {
  std::uint64_t offset = 0;
  bool full = false;  ///< no more is kept
};

/// Thread-safe. A call is one request: who calls decides whether to try again. `stop` cuts it.
/// Common errors: NETWORK_UNREACHABLE, CANCELLED, those that the gateway answers with; REQUEST_INVALID - its answer
/// is none of this protocol.
class GatewayClient {
 public:
  explicit GatewayClient(GatewayAddress address);

  /// Errors: WORKER_TOO_OLD, UNAUTHENTICATED, NOT_ALLOWED.
  Result<Registration> enter(const port::WorkerIntroduction& worker, std::stop_token stop);
  /// Steps of this kind. Waits at the gateway for `wait` at most where there is nothing to do.
  Result<std::vector<Granted>> claim(const std::string& worker, const std::string& request_id, domain::Step step,
                                     int max, Duration wait, std::stop_token stop);
  Result<port::Pulse> heartbeat(const std::string& worker, const std::vector<port::HeldRun>& held,
                                std::stop_token stop);
  /// Of an execute or verify step. Errors: LEASE_STALE.
  Result<void> report(const RunId& run, const port::StepReport& report, const std::vector<domain::Evidence>& evidence,
                      std::stop_token stop);
  /// Errors: LEASE_STALE.
  Result<LogPlace> send_log(const RunId& run, domain::Fence fence, std::uint64_t offset, std::string text,
                            std::stop_token stop);
  /// The base commit with what is missing for it, where `have` is there. Errors: LEASE_STALE, FILE_TOO_LARGE.
  Result<std::string> base_bundle(const RunId& run, domain::Fence fence, const std::vector<std::string>& have,
                                  std::stop_token stop);
  /// Errors: LEASE_STALE; FILE_TOO_LARGE; PATH_FORBIDDEN, GIT_FAILED - it is refused.
  Result<void> send_result(const RunId& run, domain::Fence fence, std::string bundle, std::stop_token stop);

 private:
  Result<http::Answer> ask(http::Request request);
  Result<wire::Json> ask_json(http::Request request);
  http::Request to(http::Method method, const std::string& path, std::stop_token stop) const;
  http::Request post(const std::string& path, const wire::Json& body, std::stop_token stop) const;

  const GatewayAddress address_;
  http::Client client_;
};

/// The URL without what stands behind its last path. Errors: USAGE - it is no http or https URL, or it holds a
/// user's name; NOT_ALLOWED - another machine, without encryption, which `insecure` lets pass.
Result<std::string> gateway_url(const std::string& text, bool insecure);

}  // namespace vitana::remote

#include "remote/gateway_client.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/http_address.h"
#include "remote/read_json.h"
#include "remote/report_json.h"
#include "wire/hostile.h"

namespace vitana::remote {

using wire::Json;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t name_bytes_max = 200;
constexpr std::int64_t lease_seconds_max = 3'600;
constexpr auto claim_slack = 15s;           ///< for an answer that waited at the gateway as long as it may
constexpr auto bundle_deadline = 15min;

std::optional<port::Directive> directive_of(std::string_view name) {
  if (name == "go_on") return port::Directive::go_on;
  if (name == "cancel") return port::Directive::cancel;
  if (name == "lost") return port::Directive::lost;
  return std::nullopt;
}

std::string path_of(const RunId& run, std::string_view what) {
  return fmt::format("/api/v1/runs/{}/{}", run.to_string(), what);
}

std::string_view path_of(const port::StepReport& report) {
  if (std::holds_alternative<domain::Executed>(report)) return "complete";
  if (std::holds_alternative<domain::Verified>(report)) return "verified";
  return std::holds_alternative<domain::Release>(report) ? "release" : "fail";
}

}  // namespace

Result<std::string> gateway_url(const std::string& text, bool insecure) {
  const auto refused = [&](std::string_view why) {
    return failure(FailureCode::USAGE, fmt::format("the server's address {}, as in https://vitana.example.org", why));
  };
  const auto address = read_http_address(text);
  if (!address) return refused(address.error().message);
  if (address->has_query) return refused("ends with its path");
  if (!address->encrypted && !insecure && !address->names_this_machine()) {
    return failure(Error{FailureCode::NOT_ALLOWED, fmt::format("{} is another machine, and the token would not be "
                                                               "encrypted on its way", address->host)}
                       .with("hint", "use https://, or, where the network is trusted: --insecure"));
  }
  auto url = text;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

GatewayClient::GatewayClient(GatewayAddress address)
    : address_(std::move(address)), client_({.ca_file = address_.ca_file, .agent = "vitana-worker"}) {}

http::Request GatewayClient::to(http::Method method, const std::string& path, std::stop_token stop) const {
  return {.method = method,
          .url = address_.url + path,
          .headers = {{"Authorization", "Bearer " + address_.token}},
          .body = {},
          .stop = std::move(stop)};
}

http::Request GatewayClient::post(const std::string& path, const Json& body, std::stop_token stop) const {
  auto request = to(http::Method::post, path, std::move(stop));
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = wire::to_text(body);
  return request;
}

Result<http::Answer> GatewayClient::ask(http::Request request) {
  auto answer = client_.send(request);
  if (!answer) return answer;
  if (answer->status != 200) return failure(read_problem(answer->status, answer->body));
  return answer;
}

Result<Json> GatewayClient::ask_json(http::Request request) {
  auto answer = ask(std::move(request));
  if (!answer) return failure(std::move(answer.error()));
  auto json = wire::parse_hostile(answer->body);
  if (!json || !json->is_object()) return failure(FailureCode::REQUEST_INVALID, "the gateway's answer is no JSON object");
  return std::move(*json);
}

Result<Registration> GatewayClient::enter(const port::WorkerIntroduction& worker, std::stop_token stop) {
  const Json body{{"name", worker.name}, {"labels", worker.labels}, {"slots", worker.slots}, {"protocol", worker.protocol}};
  const auto json = ask_json(post("/api/v1/workers", body, std::move(stop)));
  if (!json) return failure(json.error());
  Members members(*json, "registration");
  Registration registration{.id = members.text("id", name_bytes_max)};
  registration.lease = std::chrono::seconds(members.integer("lease_seconds", 1, lease_seconds_max));
  registration.renew_every = std::chrono::seconds(members.integer("renew_seconds", 1, lease_seconds_max));
  const bool plain = registration.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
  if (registration.id.empty() || !plain) members.refuse("id", "is no id of a worker");
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return registration;
}

Result<std::vector<Granted>> GatewayClient::claim(const std::string& worker, const std::string& request_id,
                                                  domain::Step step, int max, Duration wait, std::stop_token stop) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait).count();
  Json body{{"request_id", request_id}, {"max", max}, {"wait_seconds", seconds}};
  if (step != domain::Step::execute) body["step"] = name_of(step);
  auto request = post(fmt::format("/api/v1/workers/{}/claim", worker), body, std::move(stop));
  request.deadline = std::chrono::duration_cast<std::chrono::milliseconds>(wait) + claim_slack;
  const auto json = ask_json(std::move(request));
  if (!json) return failure(json.error());
  const auto list = json->find("assignments");
  if (list == json->end() || !list->is_array() || list->size() > std::size_t{port::claim_steps_max}) {
    return failure(FailureCode::REQUEST_INVALID, "the gateway's answer to a claim holds no assignments");
  }
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  std::vector<Granted> granted;
  for (const auto& one : *list) {
    auto read = read_assignment(one, now);
    if (!read) return failure(std::move(read.error()));
    granted.push_back(std::move(*read));
  }
  return granted;
}

Result<port::Pulse> GatewayClient::heartbeat(const std::string& worker, const std::vector<port::HeldRun>& held,
                                             std::stop_token stop) {
  Json runs = Json::array();
  for (const auto& [run, fence] : held) runs.push_back({{"run", run.to_string()}, {"fence", fence}});
  const auto json = ask_json(post(fmt::format("/api/v1/workers/{}/heartbeat", worker), {{"runs", std::move(runs)}},
                                  std::move(stop)));
  if (!json) return failure(json.error());
  Members members(*json, "heartbeat");
  port::Pulse pulse{.directives = {}, .drain = members.flag("drain")};
  const auto& list = members.at("directives");
  if (!list.is_array() || list.size() != held.size()) members.refuse("directives", "are not one for each run");
  for (std::size_t i = 0; members.good() && i < held.size(); ++i) {
    Members one(list[i], "directive");
    const auto directive = one.known("directive", directive_of(one.text("directive", name_bytes_max)));
    const auto run = one.text("run", name_bytes_max);
    if (!one.good() || run != held[i].run.to_string()) members.refuse("directives", "are not one for each run");
    pulse.directives.push_back(directive);
  }
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return pulse;
}

Result<void> GatewayClient::report(const RunId& run, const port::StepReport& report,
                                   const std::vector<domain::Evidence>& evidence, std::stop_token stop) {
  Json body;
  if (const auto* executed = std::get_if<domain::Executed>(&report)) body = executed_json(*executed);
  if (const auto* failed = std::get_if<domain::StepFailed>(&report)) body = failed_json(*failed);
  if (const auto* release = std::get_if<domain::Release>(&report)) body = release_json(*release);
  if (const auto* verified = std::get_if<domain::Verified>(&report)) body = verified_json(*verified, evidence);
  if (body.is_null()) return failure(FailureCode::INVARIANT_BROKEN, "a worker elsewhere delivers nothing");
  if (!evidence.empty()) body["evidence"] = evidence_json(evidence);
  auto taken = ask_json(post(path_of(run, path_of(report)), body, std::move(stop)));
  if (!taken) return failure(std::move(taken.error()));
  return {};
}

Result<LogPlace> GatewayClient::send_log(const RunId& run, domain::Fence fence, std::uint64_t offset, std::string text,
                                         std::stop_token stop) {
  auto request = to(http::Method::post, path_of(run, fmt::format("log?fence={}&offset={}", fence, offset)),
                    std::move(stop));
  request.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  request.body = std::move(text);
  const auto json = ask_json(std::move(request));
  if (!json) return failure(json.error());
  Members members(*json, "place in the log");
  const LogPlace place{.offset = static_cast<std::uint64_t>(members.integer("offset", 0, INT64_MAX)),
                       .full = members.flag("full")};
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return place;
}

Result<std::string> GatewayClient::base_bundle(const RunId& run, domain::Fence fence,
                                               const std::vector<std::string>& have, std::stop_token stop) {
  auto request = to(http::Method::get,
                    path_of(run, fmt::format("base.bundle?fence={}&have={}", fence, fmt::join(have, ","))),
                    std::move(stop));
  request.deadline = bundle_deadline;
  request.answer_bytes_max = port::base_bundle_bytes_max;
  auto answer = ask(std::move(request));
  if (!answer) return failure(std::move(answer.error()));
  // A stream that ended too early looks as one that is whole.
  if (answer->header("x-bundle-bytes") != std::to_string(answer->body.size())) {
    return failure(FailureCode::NETWORK_UNREACHABLE, "the bundle of the base commit was cut off");
  }
  return std::move(answer->body);
}

Result<void> GatewayClient::send_result(const RunId& run, domain::Fence fence, std::string bundle,
                                        std::stop_token stop) {
  auto request = to(http::Method::put, path_of(run, fmt::format("result.bundle?fence={}", fence)), std::move(stop));
  request.headers.emplace_back("Content-Type", "application/x-git-bundle");
  request.body = std::move(bundle);
  request.deadline = bundle_deadline;
  auto taken = ask_json(std::move(request));
  if (!taken) return failure(std::move(taken.error()));
  return {};
}

}  // namespace vitana::remote

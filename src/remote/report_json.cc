#include "remote/report_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "git/names.h"
#include "port/worker_protocol.h"
#include "remote/read_json.h"
#include "wire/hostile.h"

namespace vitana::remote {

using wire::Json;

namespace {

constexpr std::size_t name_bytes_max = 200;
constexpr std::size_t message_bytes_max = 16 << 10;
constexpr std::size_t question_bytes_max = 64 << 10;
constexpr std::size_t causes_max = 64;
constexpr std::int64_t number_max = std::int64_t{1} << 53;
constexpr double cost_max = 1e9;

std::string brief(const std::string& text, std::size_t bytes_max = message_bytes_max) {
  return std::string(utf8_prefix(text, bytes_max));
}

Json usage_json(const domain::Usage& usage) {
  return {{"input_tokens", usage.input_tokens},
          {"output_tokens", usage.output_tokens},
          {"turns", usage.turns},
          {"cost_usd", usage.cost_usd}};
}

Result<domain::Usage> read_usage(const Json& json) {
  domain::Usage usage;
  if (json.is_null()) return usage;
  Members members(json, "usage");
  usage.input_tokens = members.integer("input_tokens", 0, number_max);
  usage.output_tokens = members.integer("output_tokens", 0, number_max);
  usage.turns = members.integer("turns", 0, number_max);
  if (const auto& cost = members.at("cost_usd"); cost.is_number()) usage.cost_usd = cost.get<double>();
  const bool sane = std::isfinite(usage.cost_usd) && usage.cost_usd >= 0 && usage.cost_usd <= cost_max;
  if (!sane) members.refuse("cost_usd", "is no sum of money");
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return usage;
}

/// {"code","message","causes","context"}
Error read_error(Members& members) {
  Error error{members.known("code", failure_code(members.text("code", name_bytes_max))),
              members.text_or("message", message_bytes_max)};
  error.causes = members.list("causes", causes_max, message_bytes_max);
  const auto& context = members.at("context");
  if (context.is_null()) return error;
  if (!context.is_object() || context.size() > causes_max) members.refuse("context", "is no object of texts");
  for (const auto& [key, value] : context.items()) {
    const bool fits = value.is_string() && key.size() <= name_bytes_max &&
                      value.get_ref<const std::string&>().size() <= message_bytes_max;
    if (!fits) members.refuse("context", "is no object of texts");
    if (members.good()) error.context.emplace(key, value.get<std::string>());
  }
  return error;
}

}  // namespace

Json executed_json(const domain::Executed& executed) {
  return {{"fence", executed.fence},
          {"result_commit", executed.result_commit},
          {"unsandboxed", executed.unsandboxed},
          {"question", brief(executed.question, question_bytes_max)},
          {"usage", usage_json(executed.usage)}};
}

Result<domain::Executed> read_executed(const Json& json) {
  Members members(json, "report");
  domain::Executed executed;
  executed.fence = members.integer("fence", 1, INT64_MAX);
  executed.result_commit = members.text("result_commit", name_bytes_max);
  if (!git::is_oid(executed.result_commit)) members.refuse("result_commit", "is no commit");
  executed.unsandboxed = members.flag("unsandboxed");
  executed.question = members.text_or("question", question_bytes_max);
  auto usage = read_usage(members.at("usage"));
  if (!usage) return failure(std::move(usage.error()));
  executed.usage = *usage;
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return executed;
}

Json failed_json(const domain::StepFailed& failed) {
  const auto& error = failed.error;
  Json causes = Json::array();
  for (const auto& cause : error.causes) {
    if (causes.size() < causes_max) causes.push_back(brief(cause));
  }
  Json context = Json::object();
  for (const auto& [key, value] : error.context) {
    if (context.size() < causes_max && key.size() <= name_bytes_max) context[key] = brief(value);
  }
  return {{"fence", failed.fence},
          {"code", name_of(error.code)},
          {"message", brief(error.message)},
          {"causes", std::move(causes)},
          {"context", std::move(context)}};
}

Result<domain::StepFailed> read_failed(const Json& json) {
  Members members(json, "report");
  const auto fence = members.integer("fence", 1, INT64_MAX);
  auto error = read_error(members);
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return domain::StepFailed{fence, std::move(error)};
}

Json evidence_json(const std::vector<domain::Evidence>& evidence) {
  Json list = Json::array();
  const auto share = port::evidence_bytes_max / std::max<std::size_t>(evidence.size(), 1);
  for (const auto& one : evidence) {
    Json json{{"criterion", one.criterion},
              {"verdict", name_of(one.verdict)},
              {"output", brief(one.output, std::min(port::evidence_output_bytes_max, share))}};
    if (one.exit_code) json["exit_code"] = *one.exit_code;
    if (one.base_exit_code) json["base_exit_code"] = *one.base_exit_code;
    list.push_back(std::move(json));
  }
  return list;
}

Result<std::vector<domain::Evidence>> read_evidence(const Json& report) {
  std::vector<domain::Evidence> evidence;
  const auto found = report.find("evidence");
  if (found == report.end()) return evidence;
  if (!found->is_array() || found->size() > port::evidence_max) {
    return failure(FailureCode::REQUEST_INVALID, fmt::format("evidence is no list of at most {}", port::evidence_max));
  }
  for (const auto& json : *found) {
    Members members(json, "evidence");
    domain::Evidence one{.criterion = members.text("criterion", name_bytes_max)};
    one.verdict = members.known("verdict", domain::evidence_verdict(members.text("verdict", name_bytes_max)));
    one.output = printable(members.text_or("output", port::evidence_output_bytes_max));
    const auto code = [&](const char* key) {
      return members.at(key).is_null() ? std::nullopt : std::optional(static_cast<int>(members.integer(key, 0, 255)));
    };
    one.exit_code = code("exit_code");
    one.base_exit_code = code("base_exit_code");
    if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
    evidence.push_back(std::move(one));
  }
  return evidence;
}

Json verified_json(const domain::Verified& verified, const std::vector<domain::Evidence>& evidence) {
  return {{"fence", verified.fence}, {"commit", verified.deliverable.new_commit}, {"evidence", evidence_json(evidence)}};
}

Result<SentVerdict> read_verified(const Json& json) {
  Members members(json, "report");
  SentVerdict sent;
  sent.fence = members.integer("fence", 1, INT64_MAX);
  sent.commit = members.text("commit", name_bytes_max);
  if (!git::is_oid(sent.commit)) members.refuse("commit", "is no commit");
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  auto evidence = read_evidence(json);
  if (!evidence) return failure(std::move(evidence.error()));
  sent.evidence = std::move(*evidence);
  return sent;
}

Json release_json(const domain::Release& release) { return {{"fence", release.fence}}; }

Result<domain::Release> read_release(const Json& json) {
  Members members(json, "report");
  const auto fence = members.integer("fence", 1, INT64_MAX);
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return domain::Release{fence};
}

Error read_problem(int status, const std::string& body) {
  const auto json = wire::parse_hostile(body);
  if (json && json->is_object()) {
    Members members(*json, "problem");
    const auto code = failure_code(members.text_or("code", name_bytes_max));
    auto detail = members.text_or("detail", message_bytes_max);
    if (code && members.good()) return {*code, std::move(detail)};
  }
  const auto message = fmt::format("the gateway answers with status {}", status);
  if (status == 401) return {FailureCode::UNAUTHENTICATED, message};
  if (status == 403) return {FailureCode::NOT_ALLOWED, message};
  if (status == 404) return {FailureCode::NOT_FOUND, message + "; is this the address of a gateway?"};
  return {FailureCode::NETWORK_UNREACHABLE, message};
}

}  // namespace vitana::remote

#include "remote/assignment_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "git/names.h"
#include "remote/read_json.h"
#include "spec/parse.h"

namespace vitana::remote {

using wire::Json;

namespace {

constexpr std::size_t name_bytes_max = 200;
constexpr std::size_t text_bytes_max = 64 << 10;
constexpr std::size_t answer_bytes_max = 1 << 20;
constexpr std::size_t list_max = 1'000;
constexpr std::size_t path_bytes_max = 4'096;
constexpr std::int64_t number_max = std::int64_t{1} << 53;
constexpr std::int64_t lease_seconds_max = 3'600;
constexpr std::int64_t seconds_max = std::int64_t{366} * 24 * 3'600;
constexpr int processes_max = 1 << 22;

std::int64_t seconds(Duration duration) { return std::chrono::duration_cast<std::chrono::seconds>(duration).count(); }

std::string_view network_name(worker::AgentNetwork network) {
  switch (network) {
    case worker::AgentNetwork::none: return "none";
    case worker::AgentNetwork::loopback: return "loopback";
    case worker::AgentNetwork::hosts: return "hosts";
  }
  return "";
}

std::optional<worker::AgentNetwork> network_of(std::string_view name) {
  for (const auto network : {worker::AgentNetwork::none, worker::AgentNetwork::loopback, worker::AgentNetwork::hosts}) {
    if (network_name(network) == name) return network;
  }
  return std::nullopt;
}

std::optional<domain::UnverifiedMode> unverified_of(std::string_view name) {
  using enum domain::UnverifiedMode;
  for (const auto mode : {attest, judge, human}) {
    if (domain::name_of(mode) == name) return mode;
  }
  return std::nullopt;
}

Json agent_json(const worker::AgentConfig& agent) {
  Json exits = Json::object();
  for (const auto& [code, failure] : agent.exits) exits[std::to_string(code)] = name_of(failure);
  return {{"name", agent.name},
          {"command", agent.command},
          {"network", network_name(agent.network)},
          {"network_hosts", agent.network_hosts},
          {"secrets", agent.secrets},
          {"timeout_seconds", seconds(agent.timeout)},
          {"silence_seconds", seconds(agent.silence)},
          {"memory_bytes", agent.memory_bytes},
          {"output_bytes", agent.output_bytes},
          {"disk_bytes", agent.disk_bytes},
          {"processes", agent.processes},
          {"exits", std::move(exits)}};
}

Json terms_json(const Terms& terms) {
  return {{"setup", terms.setup},
          {"cache", terms.cache},
          {"commands", terms.commands},
          {"command_timeout_seconds", seconds(terms.command_timeout)},
          {"protected", terms.protected_globs},
          {"author_name", terms.author_name},
          {"author_email", terms.author_email},
          {"wall_seconds", seconds(terms.wall_max)}};
}

Json previous_json(const std::optional<domain::Failure>& previous) {
  if (!previous) return nullptr;
  const auto brief = [](const std::string& text) { return std::string(utf8_prefix(text, text_bytes_max)); };
  Json causes = Json::array();
  for (const auto& cause : previous->causes) causes.push_back(brief(cause));
  Json context = Json::object();
  for (const auto& [key, value] : previous->context) context[key] = brief(value);
  return {{"code", name_of(previous->code)},
          {"message", brief(previous->message)},
          {"from_state", previous->from_state},
          {"causes", std::move(causes)},
          {"context", std::move(context)}};
}

bool is_variable(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void read_exits(Members& members, std::map<int, FailureCode>& exits) {
  const auto& json = members.at("exits");
  if (!json.is_object()) return;
  for (const auto& [text, value] : json.items()) {
    int code = 0;
    const auto* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, code);
    const auto named = value.is_string() ? failure_code(value.get_ref<const std::string&>()) : std::nullopt;
    const bool fits = error == std::errc() && at == end && code > 0 && code < 256;
    if (!fits || (named != FailureCode::AGENT_LOGIN && named != FailureCode::AGENT_QUOTA)) {
      members.refuse("exits", "says what no exit stands for");
      return;
    }
    exits.emplace(code, *named);
  }
}

Result<worker::AgentConfig> read_agent(const Json& json, bool runs) {
  Members members(json, "agent");
  worker::AgentConfig agent;
  agent.name = members.text("name", name_bytes_max);
  agent.command = members.list("command", list_max, text_bytes_max);
  if (runs && agent.command.empty()) members.refuse("command", "is missing");
  agent.network = members.known("network", network_of(members.text("network", name_bytes_max)));
  agent.network_hosts = members.list("network_hosts", list_max, name_bytes_max);
  agent.secrets = members.list("secrets", list_max, name_bytes_max);
  if (!std::all_of(agent.secrets.begin(), agent.secrets.end(), is_variable)) members.refuse("secrets", "are no names");
  agent.timeout = std::chrono::seconds(members.integer("timeout_seconds", 0, seconds_max));
  agent.silence = std::chrono::seconds(members.integer("silence_seconds", 0, seconds_max));
  const auto bytes = [&](const char* key) { return static_cast<std::uint64_t>(members.integer(key, 0, number_max)); };
  agent.memory_bytes = bytes("memory_bytes");
  agent.output_bytes = bytes("output_bytes");
  agent.disk_bytes = bytes("disk_bytes");
  agent.processes = static_cast<int>(members.integer("processes", 1, processes_max));
  read_exits(members, agent.exits);
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return agent;
}

Result<Terms> read_terms(const Json& json, worker::AgentConfig agent) {
  Members members(json, "rules");
  Terms terms;
  terms.setup = members.list("setup", list_max, text_bytes_max);
  terms.cache = members.list("cache", list_max, path_bytes_max);
  terms.commands = members.list("commands", list_max, text_bytes_max);
  terms.command_timeout = std::chrono::seconds(members.integer("command_timeout_seconds", 1, seconds_max));
  terms.protected_globs = members.list("protected", 10 * list_max, path_bytes_max);
  const auto name = [&](const char* key) {
    auto text = members.text(key, name_bytes_max);
    if (text.find_first_of("<>\n") != std::string::npos) members.refuse(key, "is no name of a git author");
    return text;
  };
  terms.author_name = name("author_name");
  terms.author_email = name("author_email");
  terms.wall_max = std::chrono::seconds(members.integer("wall_seconds", 0, seconds_max));
  terms.agent = std::move(agent);
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return terms;
}

Json judging_json(const Judging& judging, const std::vector<domain::Evidence>& signed_off) {
  Json judgements = Json::array();
  for (const auto& one : signed_off) {
    judgements.push_back({{"criterion", one.criterion}, {"met", one.verdict == domain::EvidenceVerdict::passed}});
  }
  return {{"commit", judging.commit},
          {"nothing_to_deliver", judging.nothing_to_deliver},
          {"unverified", name_of(judging.unverified)},
          {"signed_off", std::move(judgements)}};
}

Result<Judging> read_judging(const Json& json, std::vector<domain::Evidence>& signed_off) {
  Members members(json, "judging");
  Judging judging{.commit = members.text("commit", name_bytes_max)};
  if (!git::is_oid(judging.commit)) members.refuse("commit", "is no commit");
  judging.nothing_to_deliver = members.flag("nothing_to_deliver");
  judging.unverified = members.known("unverified", unverified_of(members.text("unverified", name_bytes_max)));
  const auto& list = members.at("signed_off");
  if (!list.is_array() || list.size() > list_max) members.refuse("signed_off", "is no list of judgements");
  for (std::size_t i = 0; members.good() && i < list.size(); ++i) {
    Members one(list[i], "judgement");
    domain::Evidence evidence{.criterion = one.text("criterion", name_bytes_max), .cls = domain::CriterionClass::human};
    evidence.verdict = one.flag("met") ? domain::EvidenceVerdict::passed : domain::EvidenceVerdict::failed;
    if (auto ok = one.ok(); !ok) return failure(std::move(ok.error()));
    signed_off.push_back(std::move(evidence));
  }
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return judging;
}

Result<std::optional<domain::Failure>> read_previous(const Json& json) {
  if (json.is_null()) return std::optional<domain::Failure>();
  Members members(json, "previous");
  domain::Failure previous{};
  previous.code = members.known("code", failure_code(members.text("code", name_bytes_max)));
  previous.message = members.text("message", text_bytes_max);
  previous.from_state = members.text_or("from_state", name_bytes_max);
  previous.causes = members.list("causes", list_max, text_bytes_max);
  if (const auto& context = members.at("context"); context.is_object() && context.size() <= list_max) {
    for (const auto& [key, value] : context.items()) {
      if (value.is_string() && key.size() <= name_bytes_max) {
        previous.context.emplace(key, value.get_ref<const std::string&>().substr(0, text_bytes_max));
      }
    }
  }
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return std::optional(std::move(previous));
}

Result<domain::Run> read_run(const Json& json, Instant now) {
  Members members(json, "run");
  const auto id = RunId::parse(members.text("id", name_bytes_max));
  if (!id) members.refuse("id", "is no run's id");
  domain::Run run{.id = id ? *id : RunId{Vtid(1), 1}};
  run.state = domain::RunState::executing;
  run.spec_version = static_cast<int>(members.integer("spec_version", 1, 1'000'000));
  run.spec_digest = members.known("spec_digest", Digest::parse(members.text("spec_digest", name_bytes_max)));
  run.repo = members.text("repo", name_bytes_max);
  run.base_commit = members.text("base_commit", name_bytes_max);
  if (!git::is_oid(run.base_commit)) members.refuse("base_commit", "is no commit");
  run.agent = members.text("agent", name_bytes_max);
  run.created_at = members.known("created_at", from_rfc3339(members.text("created_at", name_bytes_max)));
  run.fence = members.integer("fence", 1, INT64_MAX);
  const std::chrono::seconds lease(members.integer("lease_seconds", 1, lease_seconds_max));
  run.lease = domain::Lease{members.text_or("worker", name_bytes_max), run.fence, now, now + lease};
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  return run;
}

}  // namespace

worker::RepositoryRules rules_of(const Terms& terms, const std::shared_ptr<git::Mirror>& mirror) {
  worker::RepositoryRules rules;
  rules.mirror = mirror;
  rules.setup = terms.setup;
  rules.cache = terms.cache;
  rules.commands = terms.commands;
  rules.command_timeout = terms.command_timeout;
  rules.protected_globs = terms.protected_globs;
  rules.author = {terms.author_name, terms.author_email};
  if (terms.judging) rules.unverified = terms.judging->unverified;
  return rules;
}

Json assignment_json(const port::Assignment& assignment, const Terms& terms) {
  const auto& run = assignment.run;
  Json json{{"step", name_of(assignment.step)},
          {"run",
           {{"id", run.id.to_string()},
            {"spec_version", run.spec_version},
            {"spec_digest", run.spec_digest.to_string()},
            {"repo", run.repo},
            {"base_commit", run.base_commit},
            {"agent", run.agent},
            {"created_at", to_rfc3339(run.created_at)},
            {"worker", assignment.lease().worker},
            {"fence", assignment.lease().fence},
            {"lease_seconds", seconds(domain::lease_time)}}},
          {"title", assignment.title},
          {"spec_path", assignment.spec_path},
          {"spec_text", assignment.spec_text},
          {"answer", std::string(utf8_prefix(assignment.answer, answer_bytes_max))},
          {"previous", previous_json(assignment.previous)},
          {"rules", terms_json(terms)},
          {"agent", agent_json(terms.agent)}};
  if (terms.judging) json["judging"] = judging_json(*terms.judging, assignment.signed_off);
  return json;
}

Result<Granted> read_assignment(const Json& json, Instant now) {
  Members members(json, "assignment");
  Granted granted{.assignment = {.run = {.id = {Vtid(1), 1}}}, .terms = {}};
  auto& assignment = granted.assignment;
  assignment.step = members.known("step", domain::step_of(members.text("step", name_bytes_max)));
  if (assignment.step == domain::Step::deliver) members.refuse("step", "is none that a worker elsewhere does");
  const bool judges = assignment.step == domain::Step::verify;
  assignment.title = members.text_or("title", text_bytes_max);
  assignment.spec_path = members.text_or("spec_path", path_bytes_max);
  assignment.spec_text = members.text("spec_text", spec::text_bytes_max);
  assignment.answer = members.text_or("answer", answer_bytes_max);
  if (auto ok = members.ok(); !ok) return failure(std::move(ok.error()));
  auto run = read_run(members.at("run"), now);
  if (!run) return failure(std::move(run.error()));
  assignment.run = std::move(*run);
  auto previous = read_previous(members.at("previous"));
  if (!previous) return failure(std::move(previous.error()));
  assignment.previous = std::move(*previous);
  auto agent = read_agent(members.at("agent"), !judges);
  if (!agent) return failure(std::move(agent.error()));
  auto terms = read_terms(members.at("rules"), std::move(*agent));
  if (!terms) return failure(std::move(terms.error()));
  granted.terms = std::move(*terms);
  if (judges) {
    auto judging = read_judging(members.at("judging"), assignment.signed_off);
    if (!judging) return failure(std::move(judging.error()));
    granted.terms.judging = std::move(*judging);
    assignment.run.state = domain::RunState::verifying;
  }
  if (granted.terms.agent.name != assignment.run.agent) {
    return failure(FailureCode::REQUEST_INVALID, "assignment: the agent is not the run's");
  }
  if (Digest::of(assignment.spec_text) != assignment.run.spec_digest) {
    return failure(FailureCode::CHECKSUM_MISMATCH,
                   fmt::format("the text that came for {} is not the one that it is bound to",
                               assignment.run.id.to_string()));
  }
  assignment.spec = spec::parse_spec(assignment.spec_text, {.file = assignment.spec_path}).spec;
  return granted;
}

}  // namespace vitana::remote

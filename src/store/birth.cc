#include "store/birth.h"

#include "base/utf8.h"

namespace vitana::store::birth {
namespace {

using domain::EventType;

/// Bounded, so that what audit() looks for in the data is never replaced by a digest of it.
constexpr std::size_t text_max = 1'000;

std::string brief(const std::string& text) { return std::string(utf8_prefix(text, text_max)); }

std::optional<std::string> given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(brief(text));
}

std::string actor_or_engine(const std::string& actor) { return actor.empty() ? "engine" : actor; }

/// Over all columns of a row, in their order, each framed.
template <typename Map>
Digest digest_of_columns(const typename Map::Row& row) {
  Values values;
  Map::bind_row(row, values);
  Hasher hasher;
  for (const auto& value : values) {
    if (const auto* number = std::get_if<std::int64_t>(&value.get())) {
      hasher.feed_framed(std::to_string(*number));
    } else if (const auto* text = std::get_if<std::string>(&value.get())) {
      hasher.feed_framed(*text);
    } else {
      hasher.feed_framed("");
    }
  }
  return hasher.finish();
}

}  // namespace

domain::Event task(const domain::Task& task) {
  return {EventType::task_allocated, task.vtid, std::nullopt, "engine",
          object({{"priority", task.priority}},
                 {{"title", brief(task.title)}, {"repo", given(task.repo)}})};
}

domain::Event spec(const domain::SpecVersion& spec) {
  const auto& from = spec.provenance;
  return {EventType::spec_registered, spec.vtid, std::nullopt, actor_or_engine(from.author),
          object({{"version", spec.version}}, {{"digest", spec.digest.to_string()},
                                               {"source", std::string(name_of(from.source))},
                                               {"repo", given(from.repo)},
                                               {"path", given(from.path)},
                                               {"commit", given(from.commit)},
                                               {"reference", given(from.reference)},
                                               {"reason", given(from.reason)}})};
}

domain::Event approval(const ApprovalRow& approval) {
  return {EventType::spec_approved, approval.vtid, std::nullopt, actor_or_engine(approval.actor),
          object({{"version", approval.version}}, {{"digest", approval.digest.to_string()}})};
}

domain::Event evidence(const StoredEvidence& stored) {
  const auto& e = stored.row.evidence;
  Numbers numbers{{"round", stored.row.round}, {"ordinal", stored.ordinal}};
  if (e.exit_code) numbers.emplace_back("exit_code", *e.exit_code);
  return {EventType::evidence_recorded, stored.row.run.vtid, stored.row.run, "engine",
          object(numbers, {{"criterion", brief(e.criterion)},
                           {"verdict", std::string(name_of(e.verdict))},
                           {"digest", digest_of(stored).to_string()}})};
}

domain::Event delivery(const DeliveryRow& row) {
  return {EventType::delivery_found, row.vtid, std::nullopt, "engine",
          object({}, {{"repo", brief(row.repo)}, {"digest", row.digest}, {"commit", row.commit}})};
}

domain::Event control(const ControlRow& row) {
  std::optional<std::string> until;
  if (row.control.until) until = to_rfc3339(*row.control.until);
  return {EventType::control_updated, std::nullopt, std::nullopt,
          actor_or_engine(row.control.actor),
          object({}, {{"key", brief(row.key)},
                      {"state", row.control.on ? "on" : "off"},
                      {"reason", given(row.control.reason)},
                      {"until", until}})};
}

domain::Event token(const TokenRow& row, const std::string& actor) {
  if (row.revoked_at) {
    return {EventType::token_revoked, std::nullopt, std::nullopt, actor_or_engine(actor),
            object({}, {{"id", row.id}, {"name", brief(row.name)}})};
  }
  std::optional<std::string> expires;
  if (row.expires_at) expires = to_rfc3339(*row.expires_at);
  return {EventType::token_created, std::nullopt, std::nullopt, actor_or_engine(actor),
          object({}, {{"id", row.id},
                      {"name", brief(row.name)},
                      {"row", digest_of(row).to_string()},
                      {"role", std::string(name_of(row.role))},
                      {"repos", given(list_column(row.repos))},
                      {"expires_at", expires}})};
}

Digest digest_of(const TokenRow& row) {
  auto made = row;
  made.revoked_at.reset();
  return digest_of_columns<TokenMap>(made);
}

Digest digest_of(const StoredEvidence& evidence) { return digest_of_columns<EvidenceMap>(evidence); }

}  // namespace vitana::store::birth

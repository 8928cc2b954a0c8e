#include "wire/diagnostic_json.h"

#include <nlohmann/json.hpp>

#include "wire/values.h"

namespace vitana::wire {

std::string to_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json diagnostic_json(const domain::Diagnostic& d) {
  return {{"rule", d.rule},       {"severity", name_of(d.severity)},
          {"message", d.message}, {"file", d.file},
          {"line", d.line},       {"column", d.column},
          {"hint", d.hint}};
}

Json diagnostics_json(const std::vector<domain::Diagnostic>& diagnostics) {
  Json list = Json::array();
  for (const auto& d : diagnostics) list.push_back(diagnostic_json(d));
  return list;
}

Json validation_json(const std::vector<ValidatedFile>& files) {
  Json list = Json::array();
  for (const auto& file : files) {
    Json json{{"path", file.path}, {"valid", file.valid}};
    json["vtid"] = or_null(file.vtid);
    json["title"] = file.title;
    json["digest"] = file.digest ? Json(file.digest->to_string()) : Json();
    json["diagnostics"] = diagnostics_json(file.diagnostics);
    list.push_back(std::move(json));
  }
  return {{"files", std::move(list)}};
}

Json sync_json(const std::vector<SyncedRepo>& repos) {
  Json list = Json::array();
  for (const auto& repo : repos) {
    Json files = Json::array();
    for (const auto& file : repo.files) {
      Json json{{"path", file.path}};
      json["vtid"] = or_null(file.vtid);
      json["outcome"] = file.outcome;
      json["reason"] = file.reason;
      json["digest"] = text_or_null(file.digest);
      files.push_back(std::move(json));
    }
    list.push_back(
        {{"name", repo.name}, {"commit", text_or_null(repo.commit)}, {"files", std::move(files)}});
  }
  return {{"repos", std::move(list)}};
}

}  // namespace vitana::wire

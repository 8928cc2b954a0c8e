#include "gateway/document.h"

#include <fmt/format.h>

#include <locale>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "base/check.h"
#include "gateway/route.h"
#include "gateway/schemas.h"

namespace vitana::gateway {
namespace {

using wire::Json;

Json reference(std::string_view schema) {
  return {{"$ref", fmt::format("#/components/schemas/{}", schema)}};
}

Json content(const Content& content) {
  Json schema = content.schema.empty() ? Json{{"type", "string"}} : reference(content.schema);
  return {{std::string(content.type.substr(0, content.type.find(';'))), {{"schema", std::move(schema)}}}};
}

/// An answer that a reader may have already.
bool is_tagged(const Route& route) { return route.method == Method::get && route.gives.type != "text/event-stream"; }

Json header_json(std::string_view name, std::string_view what) {
  return {{"name", name}, {"in", "header"}, {"description", what}, {"required", false}, {"schema", {{"type", "string"}}}};
}

/// What stands in the header of a request, by the route's kind.
Json header_parameters(const Route& route) {
  Json list = Json::array();
  if (takes_key(route)) {
    list.push_back(header_json("Idempotency-Key", "a name of this request: sent again within a day, it is done once"));
  }
  if (route.method == Method::put) list.push_back(header_json("If-Match", "the `ETag` of what is changed, as it was seen"));
  if (is_tagged(route)) list.push_back(header_json("If-None-Match", "the `ETag` of an answer that is there already"));
  if (route.gives.type == "text/event-stream") {
    list.push_back(header_json("Last-Event-ID", "the place in the log up to which all was read"));
  }
  return list;
}

/// The statuses that a route may answer beside the good one, each with the codes that it is said for.
std::map<int, std::set<std::string_view>> failures(const Route& route) {
  std::vector<FailureCode> codes = route.fails;
  if (route.right) codes.insert(codes.end(), {FailureCode::UNAUTHENTICATED, FailureCode::NOT_ALLOWED});
  if (!route.parameters.empty() || route.takes) codes.push_back(FailureCode::REQUEST_INVALID);
  for (const auto& parameter : route.parameters) {
    if (parameter.kind == Kind::vtid) {
      codes.insert(codes.end(), {FailureCode::VTID_INVALID, FailureCode::VTID_LEGACY_FORM});
    }
    const bool names_something = parameter.kind == Kind::vtid || parameter.kind == Kind::run;
    if (names_something && parameter.in == In::path) codes.push_back(FailureCode::NOT_FOUND);
  }
  if (route.takes) codes.push_back(FailureCode::REQUEST_TOO_LARGE);
  if (takes_key(route)) codes.push_back(FailureCode::KEY_REUSED);
  codes.insert(codes.end(), {FailureCode::STORE_FAILED, FailureCode::STORE_UNAVAILABLE, FailureCode::STORE_BUSY,
                              FailureCode::GATEWAY_BUSY, FailureCode::TOO_MANY_REQUESTS});
  std::map<int, std::set<std::string_view>> out;
  for (const auto code : codes) out[failure_info(code).http_status].insert(name_of(code));
  return out;
}

Json responses(const Route& route) {
  Json out{{std::to_string(route.status), {{"description", "as asked"}, {"content", content(route.gives)}}}};
  if (is_tagged(route)) out["304"] = {{"description", "it is as `If-None-Match` says"}};
  for (const auto& [status, codes] : failures(route)) {
    std::string names;
    for (const auto code : codes) names += fmt::format("{}{}", names.empty() ? "" : ", ", code);
    out[std::to_string(status)] = {
        {"description", names},
        {"content", {{"application/problem+json", {{"schema", reference("Problem")}}}}}};
  }
  return out;
}

Json operation(const Route& route) {
  Json out{{"operationId", route.operation}, {"tags", {route.group}}, {"summary", route.what}};
  if (route.right) {
    out["description"] = fmt::format("Needs the right `{}`.", name_of(*route.right));
  } else {
    out["security"] = Json::array();
  }
  Json list = header_parameters(route);
  for (const auto& parameter : route.parameters) list.push_back(parameter_json(parameter));
  if (!list.empty()) out["parameters"] = std::move(list);
  if (route.takes) out["requestBody"] = {{"required", !route.may_be_empty}, {"content", content(*route.takes)}};
  out["responses"] = responses(route);
  return out;
}

Json make_document() {
  Json paths = Json::object();
  for (const auto& route : routes()) {
    paths[std::string(route.path)][std::string(name_of(route.method))] = operation(route);
  }
  Json tags = Json::array();
  for (const auto& [name, what] : groups()) tags.push_back({{"name", name}, {"description", what}});
  Json schemas = Json::object();
  for (const auto& [name, text] : schema_texts()) schemas[std::string(name)] = Json::parse(text);
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Vitana"},
            {"version", VITANA_VERSION},
            {"summary", "Specifications in, verified and delivered work out."},
            {"description",
             "Times are RFC 3339 in UTC. Lists are pages: `next_cursor` is the `cursor` of the next one, null on "
             "the last. A failure is a problem document (RFC 9457) with a `code` of the catalogue."},
            {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"servers", {{{"url", "/"}}}},
          {"security", {{{"token", Json::array()}}, {{"session", Json::array()}}}},
          {"tags", std::move(tags)},
          {"paths", std::move(paths)},
          {"components",
           {{"securitySchemes",
             {{"token", {{"type", "http"}, {"scheme", "bearer"}}},
              {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "vitana_session"}}}}},
            {"schemas", std::move(schemas)}}}};
}

/// One schema, ready to judge values. The parser keeps references into the JSON that it was made from.
struct Judge {
  nlohmann::json source;
  valijson::Schema schema;
};

const Judge& judge_of(std::string_view name) {
  static const auto all = [] {
    // What patterns are read with fills a table of its own as it is asked, by whichever thread (libstdc++, PR 77704).
    const auto& letters = std::use_facet<std::ctype<char>>(std::locale());
    for (int c = 0; c < 256; ++c) static_cast<void>(letters.narrow(static_cast<char>(c), '\0'));
    std::map<std::string, std::unique_ptr<Judge>, std::less<>> judges;
    nlohmann::json schemas = document().at("components").at("schemas");
    for (const auto& [schema, text] : schema_texts()) {
      auto judge = std::make_unique<Judge>();
      judge->source = {{"$ref", fmt::format("#/components/schemas/{}", schema)},
                       {"components", {{"schemas", schemas}}}};
      valijson::SchemaParser parser;
      parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(judge->source), judge->schema);
      judges.emplace(schema, std::move(judge));
    }
    return judges;
  }();
  const auto found = all.find(name);
  CHECK(found != all.end());
  return *found->second;
}

}  // namespace

const Json& document() {
  static const Json made = make_document();
  return made;
}

const std::string& document_text() {
  static const std::string text = wire::to_text(document());
  return text;
}

Result<void> fits(std::string_view schema, const Json& value) {
  const nlohmann::json plain = value;
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(judge_of(schema).schema, valijson::adapters::NlohmannJsonAdapter(plain), &results)) return {};
  Error error{FailureCode::REQUEST_INVALID, fmt::format("this is no {}", schema)};
  valijson::ValidationResults::Error found;
  while (results.popError(found) && error.causes.size() < 10) {
    std::string where;
    for (const auto& step : found.context) where += step;
    error.causes.push_back(fmt::format("{}: {}", where, found.description));
  }
  return failure(std::move(error));
}

}  // namespace vitana::gateway

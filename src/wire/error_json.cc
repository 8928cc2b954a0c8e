#include "wire/error_json.h"

#include <nlohmann/json.hpp>

namespace vitana::wire {

Json error_json(const Error& error) {
  Json json{{"code", name_of(error.code)},
            {"message", error.message},
            {"hint", failure_info(error.code).hint}};
  if (!error.causes.empty()) json["causes"] = error.causes;
  if (!error.context.empty()) json["context"] = error.context;
  return {{"error", std::move(json)}};
}

}  // namespace vitana::wire

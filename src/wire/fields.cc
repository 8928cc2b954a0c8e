#include "wire/fields.h"

#include <fmt/format.h>

#include <limits>

namespace vitana::wire {
namespace {

std::optional<std::int64_t> whole(const Json& json) {
  if (!json.is_number_integer()) return std::nullopt;
  if (json.is_number_unsigned() &&
      json.get<std::uint64_t>() >
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return json.get<std::int64_t>();
}

std::optional<int> small(const Json& json) {
  const auto number = whole(json);
  if (!number || *number < std::numeric_limits<int>::min() ||
      *number > std::numeric_limits<int>::max()) {
    return std::nullopt;
  }
  return static_cast<int>(*number);
}

}  // namespace

Fields::Fields(const Json& json, std::string_view what) : json_(json), what_(what) {
  if (!json.is_object()) {
    error_ =
        Error{FailureCode::STORE_DAMAGED, fmt::format("the stored text of {} is no object", what)};
  }
}

const Json* Fields::member(const char* key) const {
  if (!json_.is_object()) return nullptr;
  const auto it = json_.find(key);
  return it == json_.end() || it->is_null() ? nullptr : &*it;
}

void Fields::fault(const char* key) {
  if (error_) return;
  error_ = Error{FailureCode::STORE_DAMAGED,
                 fmt::format("the stored text of {} has no readable \"{}\"", what_, key)};
}

void Fields::require(const char* key) {
  if (member(key) == nullptr) fault(key);
}

void Fields::text(const char* key, std::string& into) {
  const Json* json = member(key);
  if (json == nullptr) return;
  if (json->is_string()) {
    into = json->get_ref<const std::string&>();
  } else {
    fault(key);
  }
}

void Fields::boolean(const char* key, bool& into) {
  const Json* json = member(key);
  if (json == nullptr) return;
  if (json->is_boolean()) {
    into = json->get<bool>();
  } else {
    fault(key);
  }
}

void Fields::number(const char* key, int& into) {
  const Json* json = member(key);
  if (json == nullptr) return;
  if (const auto number = small(*json)) {
    into = *number;
  } else {
    fault(key);
  }
}

void Fields::number(const char* key, std::int64_t& into) {
  const Json* json = member(key);
  if (json == nullptr) return;
  if (const auto number = whole(*json)) {
    into = *number;
  } else {
    fault(key);
  }
}

void Fields::instant(const char* key, Instant& into) {
  std::optional<Instant> read;
  instant(key, read);
  if (read) into = *read;
}

void Fields::instant(const char* key, std::optional<Instant>& into) {
  std::string written;
  text(key, written);
  if (written.empty()) return;
  into = from_rfc3339(written);
  if (!into) fault(key);
}

void Fields::digest(const char* key, Digest& into) {
  std::string written;
  text(key, written);
  if (written.empty()) return;
  if (const auto digest = Digest::parse(written)) {
    into = *digest;
  } else {
    fault(key);
  }
}

void Fields::texts(const char* key, std::vector<std::string>& into) {
  const Json* json = member(key);
  if (json == nullptr) return;
  if (!json->is_array()) return fault(key);
  for (const auto& item : *json) {
    if (!item.is_string()) return fault(key);
    into.push_back(item.get_ref<const std::string&>());
  }
}

void Fields::texts(const char* key, std::map<std::string, std::string>& into) {
  const Json* json = member(key);
  if (json == nullptr) return;
  if (!json->is_object()) return fault(key);
  for (const auto& [name, value] : json->items()) {
    if (!value.is_string()) return fault(key);
    into.insert_or_assign(name, value.get_ref<const std::string&>());
  }
}

void Fields::numbers(const char* key, std::map<std::string, int>& into) {
  const Json* json = member(key);
  if (json == nullptr) return;
  if (!json->is_object()) return fault(key);
  for (const auto& [name, value] : json->items()) {
    const auto number = small(value);
    if (!number) return fault(key);
    into.insert_or_assign(name, *number);
  }
}

}  // namespace vitana::wire

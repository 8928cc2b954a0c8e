#include "remote/read_json.h"

#include <fmt/format.h>

namespace vitana::remote {

using wire::Json;

namespace {

const Json nothing;

}  // namespace

Members::Members(const Json& json, std::string what) : json_(json), what_(std::move(what)) {
  if (!json_.is_object()) error_ = Error{FailureCode::REQUEST_INVALID, what_ + " is no object"};
}

void Members::refuse(const char* key, std::string_view why) {
  if (!error_) error_ = Error{FailureCode::REQUEST_INVALID, fmt::format("{}: {} {}", what_, key, why)};
}

Result<void> Members::ok() const {
  if (error_) return failure(*error_);
  return {};
}

const Json* Members::find(const char* key) {
  if (error_) return nullptr;
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

std::string Members::text(const char* key, std::size_t bytes_max) {
  if (find(key) == nullptr) refuse(key, "is missing");
  return text_or(key, bytes_max);
}

std::string Members::text_or(const char* key, std::size_t bytes_max, std::string otherwise) {
  const auto* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) {
    refuse(key, "is no text");
    return {};
  }
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() > bytes_max || text.find('\0') != std::string::npos) {
    refuse(key, fmt::format("is longer than {} bytes, or holds a zero byte", bytes_max));
    return {};
  }
  return text;
}

std::int64_t Members::integer(const char* key, std::int64_t least, std::int64_t most) {
  const auto* value = find(key);
  if (value == nullptr) refuse(key, "is missing");
  if (value == nullptr) return least;
  const bool beyond = value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX;
  const bool whole = value->is_number_integer() && !beyond;
  const auto number = whole ? value->get<std::int64_t>() : least;
  if (!whole || number < least || number > most) {
    refuse(key, fmt::format("is no whole number from {} to {}", least, most));
    return least;
  }
  return number;
}

bool Members::flag(const char* key) {
  const auto* value = find(key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) refuse(key, "is neither true nor false");
  return value->is_boolean() && value->get<bool>();
}

std::vector<std::string> Members::list(const char* key, std::size_t count_max, std::size_t bytes_max) {
  const auto& value = at(key);
  if (value.is_null()) return {};
  if (!value.is_array() || value.size() > count_max) {
    refuse(key, fmt::format("is no list of at most {}", count_max));
    return {};
  }
  std::vector<std::string> texts;
  for (const auto& one : value) {
    if (!one.is_string() || one.get_ref<const std::string&>().size() > bytes_max ||
        one.get_ref<const std::string&>().find('\0') != std::string::npos) {
      refuse(key, fmt::format("holds what is no text of at most {} bytes", bytes_max));
      return {};
    }
    texts.push_back(one.get<std::string>());
  }
  return texts;
}

const Json& Members::at(const char* key) {
  const auto* value = find(key);
  return value == nullptr ? nothing : *value;
}

}  // namespace vitana::remote

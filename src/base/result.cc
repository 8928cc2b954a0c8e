#include "base/result.h"

namespace vitana {

Error Error::under(std::string outer) && {
  causes.insert(causes.begin(), std::move(message));
  message = std::move(outer);
  return std::move(*this);
}

Error Error::with(std::string key, std::string value) && {
  context.insert_or_assign(std::move(key), std::move(value));
  return std::move(*this);
}

std::string to_string(const Error& error) {
  std::string text(name_of(error.code));
  text += ": ";
  text += error.message;
  const char* separator = " (";
  for (const auto& cause : error.causes) {
    text += separator;
    text += cause;
    separator = "; ";
  }
  if (!error.causes.empty()) text += ")";
  return text;
}

}  // namespace vitana

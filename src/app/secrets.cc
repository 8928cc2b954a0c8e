#include "app/secrets.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace vitana::app {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t secret_bytes_max = 64 << 10;

}  // namespace

std::string secret_name(const config::SecretRef& secret) {
  const auto& reference = secret.reference;
  if (reference.starts_with("env:")) return reference.substr(4);
  std::string name = fs::path(reference.substr(reference.find(':') + 1)).stem().string();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return std::isalnum(c) != 0 ? static_cast<char>(std::toupper(c)) : '_';
  });
  return name;
}

std::optional<std::string> secret_value(const config::SecretRef& secret) {
  const auto& reference = secret.reference;
  if (reference.starts_with("env:")) {
    const char* value = std::getenv(reference.substr(4).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  }
  std::ifstream file(reference.substr(reference.find(':') + 1), std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(secret_bytes_max, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace vitana::app

#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace vitana {
namespace {

EVP_MD_CTX* context_of(void* context) { return static_cast<EVP_MD_CTX*>(context); }

constexpr std::string_view prefix = "sha256:";

/// Looked up once: the look-up costs more than the digest of a small text.
const EVP_MD* sha256() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  CHECK(method != nullptr);
  return method;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

Hasher::Hasher() : context_(EVP_MD_CTX_new()) {
  CHECK(context_ != nullptr);
  CHECK(EVP_DigestInit_ex(context_of(context_), sha256(), nullptr) == 1);
}

Hasher::~Hasher() { EVP_MD_CTX_free(context_of(context_)); }

void Hasher::feed(std::string_view data) {
  CHECK(EVP_DigestUpdate(context_of(context_), data.data(), data.size()) == 1);
}

void Hasher::feed_framed(std::string_view data) {
  feed_number(data.size());
  feed(data);
}

void Hasher::feed_number(std::uint64_t value) {
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(value >> (56 - 8 * i) & 0xff);
  }
  feed(std::string_view(bytes.data(), bytes.size()));
}

Digest Hasher::finish() {
  Digest::Bytes bytes{};
  CHECK(EVP_DigestFinal_ex(context_of(context_), bytes.data(), nullptr) == 1);
  return Digest(bytes);
}

Digest Digest::keyed(std::string_view key, std::string_view data) {
  Bytes bytes{};
  unsigned length = 0;
  const auto* done = HMAC(sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(data.data()), data.size(), bytes.data(), &length);
  CHECK(done != nullptr && length == bytes.size());
  return Digest(bytes);
}

bool same_secret(std::string_view a, std::string_view b) {
  // Of digests: their length is one, whatever is compared.
  const auto x = Digest::of(a);
  const auto y = Digest::of(b);
  return CRYPTO_memcmp(x.bytes().data(), y.bytes().data(), x.bytes().size()) == 0;
}

Digest Digest::of(std::string_view data) {
  Hasher hasher;
  hasher.feed(data);
  return hasher.finish();
}

std::optional<Digest> Digest::parse(std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  Bytes bytes{};
  if (text.size() != 2 * bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return Digest(bytes);
}

std::string Digest::hex() const {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes_.size());
  for (const auto byte : bytes_) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace vitana

// SHA-256 digests. A spec's digest is taken over its bytes: the number `sha256sum FILE` prints.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vitana {

/// Written "sha256:" and 64 lower-case hexadecimal digits.
class Digest {
 public:
  using Bytes = std::array<std::uint8_t, 32>;

  Digest() = default;
  explicit Digest(const Bytes& bytes) : bytes_(bytes) {}

  static Digest of(std::string_view data);
  /// HMAC-SHA256 (RFC 2104).
  static Digest keyed(std::string_view key, std::string_view data);
  /// Accepts the written form, and nothing else.
  static std::optional<Digest> parse(std::string_view text);

  const Bytes& bytes() const { return bytes_; }
  std::string hex() const;
  std::string to_string() const { return "sha256:" + hex(); }
  /// The first twelve digits, for a person.
  std::string brief() const { return hex().substr(0, 12); }

  auto operator<=>(const Digest&) const = default;

 private:
  Bytes bytes_{};
};

/// Are the two the same? How long it takes says nothing of where they differ.
bool same_secret(std::string_view a, std::string_view b);

/// A digest over several parts; feed() in order, then finish() once.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void feed(std::string_view data);
  /// The data with its length before it (8 bytes, big-endian): no two lists of parts collide.
  void feed_framed(std::string_view data);
  void feed_number(std::uint64_t value);
  Digest finish();

 private:
  void* context_;
};

}  // namespace vitana

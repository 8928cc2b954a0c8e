// Packs and bundles as nobody's git would make them, for tests: objects that are what they are told to be.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace vitana::git::test {

enum class PackedType { commit = 1, tree = 2, blob = 3, tag = 4, offset_delta = 6, ref_delta = 7 };

inline std::string sha1(std::string_view bytes) {
  std::array<unsigned char, 20> digest{};
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha1(), nullptr) == 1);
  return {digest.begin(), digest.end()};
}

inline std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

/// As zlib reads it; nothing is made smaller.
inline std::string deflated(std::string_view bytes) {
  std::string out("\x78\x01", 2);
  std::uint32_t low = 1;
  std::uint32_t high = 0;
  for (const char c : bytes) {
    low = (low + static_cast<unsigned char>(c)) % 65'521;
    high = (high + low) % 65'521;
  }
  do {
    const auto part = bytes.substr(0, 0xffff);
    bytes.remove_prefix(part.size());
    const auto size = static_cast<unsigned>(part.size());
    out += static_cast<char>(bytes.empty() ? 1 : 0);
    for (const unsigned number : {size, ~size}) {
      out += static_cast<char>(number & 0xff);
      out += static_cast<char>(number >> 8 & 0xff);
    }
    out += part;
  } while (!bytes.empty());
  for (const auto number : {high, low}) {
    out += static_cast<char>(number >> 8 & 0xff);
    out += static_cast<char>(number & 0xff);
  }
  return out;
}

/// The name of an object, as 20 bytes.
inline std::string object_name(std::string_view type, std::string_view content) {
  return sha1(std::string(type) + " " + std::to_string(content.size()) + '\0' + std::string(content));
}

/// Sizes inside a delta.
inline std::string delta_size(std::uint64_t size) {
  std::string out;
  for (; size > 0x7f; size >>= 7) out += static_cast<char>((size & 0x7f) | 0x80);
  return out + static_cast<char>(size);
}

/// "The first `size` bytes of the base again"; `size` is less than 16 MiB, and not 0.
inline std::string delta_copy(std::uint32_t size) {
  std::string out(1, static_cast<char>(0x80 | 0x70));
  for (int i = 0; i < 3; ++i, size >>= 8) out += static_cast<char>(size & 0xff);
  return out;
}

class Pack {
 public:
  /// `size` is what the pack says of it, whatever it is. Where it stands in the pack.
  std::size_t add(PackedType type, std::uint64_t size, std::string_view content, std::string_view before = {}) {
    const auto at = bytes_.size() + header_bytes;
    auto first = static_cast<unsigned>(type) << 4 | static_cast<unsigned>(size & 15);
    for (size >>= 4; size > 0; size >>= 7) {
      bytes_ += static_cast<char>(first | 0x80);
      first = static_cast<unsigned>(size & 0x7f);
    }
    bytes_ += static_cast<char>(first);
    bytes_ += before;
    bytes_ += deflated(content);
    ++count_;
    return at;
  }
  std::string bytes() const {
    std::string whole = "PACK";
    for (const std::uint32_t number : {std::uint32_t{2}, count_}) {
      for (int shift = 24; shift >= 0; shift -= 8) whole += static_cast<char>(number >> shift & 0xff);
    }
    whole += bytes_;
    return whole + sha1(whole);
  }

 private:
  static constexpr std::size_t header_bytes = 12;
  std::string bytes_;
  std::uint32_t count_ = 0;
};

/// A blob of 64 KiB, and another that is `times` as large, of which no more is there than how it is made.
inline std::string pack_of_a_bomb(std::size_t times) {
  const std::string base(1 << 16, 'a');
  std::string delta = delta_size(base.size()) + delta_size(base.size() * times);
  for (std::size_t i = 0; i < times; ++i) delta += delta_copy(static_cast<std::uint32_t>(base.size()));
  Pack pack;
  pack.add(PackedType::blob, base.size(), base);
  pack.add(PackedType::ref_delta, delta.size(), delta, object_name("blob", base));
  return pack.bytes();
}

}  // namespace vitana::git::test

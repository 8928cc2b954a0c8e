#pragma once

#include <cstdint>
#include <string>

namespace vitana::port {

/// Randomness. Thread-safe.
class Entropy {
 public:
  virtual ~Entropy() = default;
  /// In [0, 1).
  virtual double roll() = 0;
  /// 64 random bits.
  virtual std::uint64_t bits() = 0;
};

}  // namespace vitana::port

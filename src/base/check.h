// CHECK: an invariant of the program itself. Always on, in release too; never for input.
#pragma once

namespace vitana::base {

/// Writes the broken condition with its place to stderr and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace vitana::base

#define CHECK(condition) \
  ((condition) ? void(0) : ::vitana::base::check_failed(#condition, __FILE__, __LINE__))

#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace vitana::base {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "vitana: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace vitana::base

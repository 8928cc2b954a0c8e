// Holds a fault on purpose: a fuzzer that does not find it, or a replay that does not fail on it,
// would find nothing elsewhere either.
#include "base/vtid.h"
#include "fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const vitana::fuzz::Input input(data, size);
  const auto id = vitana::Vtid::parse(input.rest());
  CHECK(!id || id->number() % 1'000 != 526);
  return 0;
}

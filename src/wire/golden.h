// Golden files: what tests print must be what testdata/ holds. VITANA_ACCEPT=1 writes the files.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace vitana::wire {

inline void expect_golden(const std::string& name, const std::string& text) {
  const auto file = std::filesystem::path(VITANA_WIRE_TESTDATA) / name;
  const char* accept = std::getenv("VITANA_ACCEPT");
  if (accept != nullptr && std::string(accept) == "1") {
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  std::ifstream in(file, std::ios::binary);
  ASSERT_TRUE(in) << name << " is not there; VITANA_ACCEPT=1 writes it";
  const std::string wanted{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  EXPECT_EQ(text, wanted) << "if this is meant: VITANA_ACCEPT=1";
}

}  // namespace vitana::wire

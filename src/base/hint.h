// Hints: what to do next, in words and commands that can be copied.
#pragma once

#include <string>

namespace vitana {

/// What the words VTID and FILE of a hint stand for; empty: they stay.
struct HintWords {
  std::string vtid = {};
  std::string file = {};
};

/// `hint` with the words VTID and FILE of the commands in it filled in.
std::string with_words(std::string hint, const HintWords& words);

}  // namespace vitana

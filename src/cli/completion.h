// Scripts by which shells complete commands and flags.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace vitana::cli {

/// `words`: what may follow each path of command words; "" is the program itself, and a path that ends
/// in a flag is followed by the flag's value: empty where that is no known word. `shell`: bash, zsh or
/// fish.
std::string completion_script(const std::string& shell,
                              const std::map<std::string, std::vector<std::string>>& words);

}  // namespace vitana::cli

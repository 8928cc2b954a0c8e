#include "git/links.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "base/check.h"

namespace vitana::git {
namespace {

constexpr int hops_max = 40;  // as the kernel's
constexpr std::size_t components_max = 4096;

void prepend(std::deque<std::string>& todo, std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (!part.empty() && part != ".") parts.emplace_back(part);
  }
  todo.insert(todo.begin(), parts.begin(), parts.end());
}

bool is_dot_git(std::string_view name) {
  return name.size() == 4 && std::ranges::equal(name, std::string_view(".git"), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
         });
}

}  // namespace

bool link_leaves(const Links& links, std::string_view path) {
  CHECK(links.contains(path));
  std::deque<std::string> todo;
  prepend(todo, path);
  std::string at;                        // the folder that is reached
  std::vector<std::size_t> at_lengths;  // of `at` before each of its components
  int hops = 0;
  while (!todo.empty()) {
    if (todo.size() > components_max) return true;
    const auto part = std::move(todo.front());
    todo.pop_front();
    if (part == "..") {
      if (at_lengths.empty()) return true;
      at.resize(at_lengths.back());
      at_lengths.pop_back();
      continue;
    }
    if (is_dot_git(part)) return true;
    const auto length = at.size();
    if (length > 0) at += '/';
    at += part;
    const auto link = links.find(at);
    if (link == links.end()) {
      at_lengths.push_back(length);
      continue;
    }
    if (++hops > hops_max || link->second.starts_with('/')) return true;
    at.resize(length);
    prepend(todo, link->second);
  }
  return false;
}

}  // namespace vitana::git

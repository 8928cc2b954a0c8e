#include "git/links.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/check.h"
#include "git/output.h"
#include "git/tree.h"

namespace vitana::git {
namespace {

constexpr int hops_max = 40;  // as the kernel's
constexpr std::size_t components_max = 4096;
constexpr std::size_t links_max = 200'000;
constexpr std::size_t link_bytes_max = 4096;  // as the kernel's

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

Result<Links> links_of(const Mirror& mirror, const Oid& tree) {
  auto entries = list_tree(mirror, tree);
  if (!entries) return failure(std::move(entries.error()));
  const auto refuse = [](const std::string& path, const std::string& why) {
    return failure(FailureCode::PATH_FORBIDDEN, fmt::format("{} {}", shown_path(path), why));
  };
  Links links;
  for (const auto& entry : *entries) {
    if (entry.mode != mode::symlink) continue;
    auto target = read_blob(mirror, entry.blob, link_bytes_max);
    if (!target && target.error().code == FailureCode::FILE_TOO_LARGE) {
      return refuse(entry.path, "is a link that is too long");
    }
    if (!target) return failure(std::move(target.error()));
    links.emplace(entry.path, std::move(*target));
    if (links.size() > links_max) return refuse(entry.path, fmt::format("is one of more than {} links", links_max));
  }
  return links;
}

Followed follow(const Links& links, std::string_view path) {
  Followed followed{.leaves = true, .met = {}};
  std::deque<std::string> todo;
  prepend(todo, path);
  std::string at;                       // the folder that is reached
  std::vector<std::size_t> at_lengths;  // of `at` before each of its components
  int hops = 0;
  while (!todo.empty()) {
    if (todo.size() > components_max) return followed;
    const auto part = std::move(todo.front());
    todo.pop_front();
    if (part == "..") {
      if (at_lengths.empty()) return followed;
      at.resize(at_lengths.back());
      at_lengths.pop_back();
      continue;
    }
    if (is_dot_git(part)) return followed;
    const auto length = at.size();
    if (length > 0) at += '/';
    at += part;
    const auto link = links.find(at);
    if (link == links.end()) {
      at_lengths.push_back(length);
      continue;
    }
    followed.met.push_back(at);
    if (++hops > hops_max || link->second.starts_with('/')) return followed;
    at.resize(length);
    prepend(todo, link->second);
  }
  followed.leaves = false;
  followed.met.push_back(std::move(at));
  return followed;
}

bool link_leaves(const Links& links, std::string_view path) {
  CHECK(links.contains(path));
  return follow(links, path).leaves;
}

Result<std::optional<Links::value_type>> link_led_out(const Mirror& mirror, const Oid& base, const Oid& tree) {
  const auto before = links_of(mirror, base);
  if (!before) return failure(before.error());
  const auto after = links_of(mirror, tree);
  if (!after) return failure(after.error());
  for (const auto& link : *after) {
    if (!link_leaves(*after, link.first)) continue;
    const auto old = before->find(link.first);
    if (old == before->end() || old->second != link.second || !link_leaves(*before, link.first)) return link;
  }
  return std::nullopt;
}

}  // namespace vitana::git

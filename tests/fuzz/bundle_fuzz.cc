// What a worker elsewhere may send as its result: a bundle whose objects are made of the input, given to a mirror as
// the gateway does it. The input is a header's shape, then steps, each of which makes an object or bends what is there;
// or a whole bundle. What is taken is looked at a second time, as git lists it.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fuzz/input.h"
#include "git/bundle.h"
#include "git/test_pack.h"
#include "git/test_repository.h"
#include "git/tree.h"

namespace {

using namespace vitana;
using git::test::PackedType;

constexpr int inputs_max = 200;  ///< on one mirror: what stays there may not grow for ever
constexpr std::size_t objects_max = 64;
constexpr std::uint64_t disk_max = 1 << 20;

struct Stage {
  git::test::Fixture fixture;
  git::Oid base;
  std::size_t refs = 0;
  int inputs = 0;

  Stage() {
    auto& user = fixture.user;
    user.write("b/inside", "x\n");
    std::filesystem::create_symlink("readme.md", user.path("to_file"));
    std::filesystem::create_symlink("b/../readme.md", user.path("by_way_of_b"));
    base = user.commit("links");
    fixture.fetch();
    refs = count_refs();
  }
  const git::Mirror& mirror() const { return *fixture.mirror; }
  std::size_t count_refs() const { return git::test::must(mirror().run({"for-each-ref"})).size(); }
};

Stage& stage() {
  static std::unique_ptr<Stage> now;
  if (!now || ++now->inputs > inputs_max) {
    now.reset();
    now = std::make_unique<Stage>();
  }
  return *now;
}

struct Object {
  std::string type;
  std::string content;
  std::string name;  ///< 20 bytes
  std::size_t at = 0;  ///< in the pack; 0: not there
};

constexpr std::string_view names[] = {"a",     "b",     "inside", ".git",      ".GIT",        "..",
                                      ".",     "",      "git~1",  ".git ",     "a/b",         "readme.md",
                                      ".gitmodules", ".gitattributes", "by_way_of_b", "HEAD"};
constexpr std::string_view repository_names[] = {"HEAD", "objects", "refs", "commondir", "config"};
constexpr std::string_view modes[] = {"100644", "100755", "120000", "160000", "40000", "100664", "0", "777777"};
constexpr std::string_view targets[] = {"readme.md", "../x", "/etc/passwd", "b/../../x",   ".",
                                        "..",        ".git/config", "a/./b/.", "by_way_of_b", "inside"};

std::string name_of_20(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

/// Makes the objects of a pack, by the input.
class Maker {
 public:
  Maker(fuzz::Input& input, const Stage& on) : input_(input), base_(on.base) {
    const auto tree = git::test::must(git::tree_of(on.mirror(), base_));
    known("commit", base_);
    known("tree", tree);
    for (const auto& entry : git::test::must(git::list_tree(on.mirror(), base_))) known("blob", entry.blob);
  }

  void make() {
    while (!input_.empty() && objects_.size() < objects_max) step();
  }
  std::string pack() const {
    auto bytes = pack_.bytes();
    for (const auto& [at, bit] : bends_) bytes[at % bytes.size()] ^= static_cast<char>(1 << bit);
    return bytes;
  }
  std::string header(unsigned shape) {
    std::string text(shape & 1 ? "# v3 git bundle\n@object-format=sha1\n" : "# v2 git bundle\n");
    if (shape & 2) text += "-" + base_ + "\n";
    if (shape & 4) text += "-" + std::string(40, 'c') + " gone\n";
    if (shape & 8) text += std::string(input_.until('\n')) + "\n";
    return text;
  }
  /// The newest commit.
  std::string tip() const {
    for (auto it = objects_.rbegin(); it != objects_.rend(); ++it) {
      if (it->type == "commit") return git::test::hex(it->name);
    }
    return base_;
  }

 private:
  void known(const std::string& type, const git::Oid& oid) { objects_.push_back({type, {}, name_of_20(oid)}); }
  const Object& any() { return objects_[input_.byte() % objects_.size()]; }
  std::string some(std::size_t most) {
    std::string text;
    for (std::size_t left = std::min<std::size_t>(input_.byte(), most); left > 0; --left) {
      text += static_cast<char>(input_.byte());
    }
    return text;
  }

  void add(const std::string& type, PackedType packed, std::string content) {
    const auto at = pack_.add(packed, content.size(), content);
    auto name = git::test::object_name(type, content);
    objects_.push_back({type, std::move(content), std::move(name), at});
  }

  void step() {
    switch (input_.byte() % 10) {
      case 0: return add("blob", PackedType::blob, some(255));
      case 1: return add("blob", PackedType::blob, std::string(targets[input_.byte() % std::size(targets)]));
      case 2: return tree();
      case 3: return commit();
      case 4: return add("blob", PackedType::blob, std::string(std::size_t{input_.byte()} << 12, 'z'));
      case 5: return delta();
      case 6: return tree_of_trees();
      case 7: return tag();
      case 8: {
        const auto type = static_cast<PackedType>(input_.byte() % 8);
        const auto size = std::uint64_t{input_.byte()} << input_.byte() % 56;
        pack_.add(type, size, some(255));
        return;
      }
      default: bends_.emplace_back(std::size_t{input_.byte()} << 8 | input_.byte(), input_.byte() % 8);
    }
  }

  void tag() {
    const auto of = "object " + git::test::hex(any().name) + "\ntype commit\ntag x\n\n";
    add("tag", PackedType::tag, of + some(20));
  }

  void tree() {
    std::vector<std::pair<std::string, std::string>> entries;  // as git sorts them, what stands there
    const auto count = input_.byte() % 8;
    for (int i = 0; i < count; ++i) {
      const auto mode = std::string(modes[input_.byte() % std::size(modes)]);
      const auto chosen = input_.byte();
      const auto name = chosen < 200   ? std::string(names[chosen % std::size(names)])
                        : chosen < 225 ? std::string(repository_names[chosen % std::size(repository_names)])
                                       : some(20);
      entries.emplace_back(name + (mode == "40000" ? "/" : ""), mode + " " + name + '\0' + any().name);
    }
    if (input_.byte() < 230) std::sort(entries.begin(), entries.end());
    std::string content;
    for (const auto& [_, entry] : entries) content += entry;
    add("tree", PackedType::tree, content);
  }

  /// One that stands in the next so many times: few bytes, and very many paths.
  void tree_of_trees() {
    std::string inner;
    for (const auto& object : objects_) {
      if (object.type == "tree") inner = object.name;
    }
    const auto count = 1 + input_.byte() % 26;
    for (int depth = input_.byte() % 6; depth >= 0; --depth) {
      std::string content;
      for (int i = 0; i < count; ++i) content += std::string("40000 ") + static_cast<char>('a' + i) + '\0' + inner;
      add("tree", PackedType::tree, content);
      inner = objects_.back().name;
    }
  }

  void commit() {
    std::string tree = git::test::hex(any().name);
    const auto shape = input_.byte();
    if (shape < 200) {  // the newest one
      for (const auto& object : objects_) {
        if (object.type == "tree") tree = git::test::hex(object.name);
      }
    }
    std::string text = "tree " + tree + "\n";
    if (shape % 8 != 1) text += "parent " + (shape % 8 == 2 ? git::test::hex(any().name) : base_) + "\n";
    if (shape % 8 == 3) text += "parent " + git::test::hex(any().name) + "\n";
    text += "author A <a@x> 1769331600 +0000\ncommitter A <a@x> 1769331600 +0000\n";
    if (shape % 8 == 4) text += some(40);
    add("commit", PackedType::commit, text + "\nresult\n" + some(20));
  }

  void delta() {
    const auto on = any();
    const auto size = static_cast<std::uint32_t>(on.content.size());
    const auto times = std::size_t{input_.byte()} << input_.byte() % 12;
    const bool honest = input_.byte() < 200 && !on.content.empty();
    std::string delta = git::test::delta_size(on.content.size());
    std::string content;
    if (honest) {
      delta += git::test::delta_size(on.content.size() * times);
      for (std::size_t i = 0; i < times; ++i) delta += git::test::delta_copy(size);
      if (on.content.size() * times < (std::size_t{1} << 20)) {
        for (std::size_t i = 0; i < times; ++i) content += on.content;
      }
    } else {
      delta += git::test::delta_size(std::uint64_t{input_.byte()} << input_.byte() % 56) + some(60);
    }
    const Object made{on.type, content, content.empty() ? std::string() : git::test::object_name(on.type, content)};
    if (on.at != 0 && input_.byte() % 2 == 0) {
      pack_.add(PackedType::offset_delta, delta.size(), delta, some(3) + static_cast<char>(input_.byte() & 0x7f));
    } else {
      pack_.add(PackedType::ref_delta, delta.size(), delta, on.name);
    }
    if (!made.name.empty()) objects_.push_back(made);
  }

  fuzz::Input& input_;
  const git::Oid base_;
  git::test::Pack pack_;
  std::vector<Object> objects_;
  std::vector<std::pair<std::size_t, int>> bends_;
};

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    parts.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

bool is_dot_git(std::string part) {
  for (auto& c : part) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return part == ".git";
}

/// Does following `path` lead out of the tree, or into its .git?
bool leads_out(const std::map<std::string, std::string>& links, const std::string& path) {
  auto todo = parts_of(path);
  std::vector<std::string> here;
  for (int steps = 0; !todo.empty(); ++steps) {
    if (steps > 400) return true;
    const auto part = todo.front();
    todo.erase(todo.begin());
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (here.empty()) return true;
      here.pop_back();
      continue;
    }
    if (here.empty() && is_dot_git(part)) return true;
    here.push_back(part);
    std::string at;
    for (const auto& one : here) at += (at.empty() ? "" : "/") + one;
    const auto link = links.find(at);
    if (link == links.end()) continue;
    if (link->second.starts_with('/')) return true;
    here.pop_back();
    auto then = parts_of(link->second);
    todo.insert(todo.begin(), then.begin(), then.end());
  }
  return false;
}

using Listing = std::map<std::string, std::pair<std::string, std::string>>;  ///< path -> mode, object

Listing list(const git::Mirror& mirror, const git::Oid& commit) {
  const auto text = git::test::must(mirror.run({"ls-tree", "-r", "-z", "--full-tree", commit}));
  Listing listed;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\0', at);
    const auto tab = text.find('\t', at);
    const auto path = text.substr(tab + 1, end - tab - 1);
    CHECK(listed.emplace(path, std::pair(text.substr(at, 6), text.substr(tab - 40, 40))).second);  // each once
    at = end + 1;
  }
  return listed;
}

std::set<std::string> leaving(const git::Mirror& mirror, const Listing& listed) {
  std::map<std::string, std::string> links;
  for (const auto& [path, entry] : listed) {
    if (entry.first == "120000") links[path] = git::test::must(git::read_blob(mirror, entry.second, 1 << 16));
  }
  std::set<std::string> all;
  for (const auto& [path, _] : links) {
    if (leads_out(links, path)) all.insert(path);
  }
  return all;
}

bool is_within(std::string_view path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

/// What of `listed` is at a path or below it.
Listing below(const Listing& listed, const std::string& folder) {
  Listing found;
  for (const auto& entry : listed) {
    if (is_within(entry.first, folder)) found.insert(entry);
  }
  return found;
}

/// Is the folder one that git would take for a repository?
bool is_repository(const Listing& listed, const std::string& folder) {
  if (!listed.contains(folder + "/HEAD")) return false;
  const auto there = [&](const char* name) { return !below(listed, folder + "/" + name).empty(); };
  return there("commondir") || (there("objects") && there("refs"));
}

void check_taken(const git::Mirror& mirror, const git::Oid& base, const git::Oid& commit) {
  const auto before = list(mirror, base);
  const auto after = list(mirror, commit);
  for (const auto& [path, entry] : after) {
    const auto known = before.find(path);
    if (known != before.end() && known->second == entry) continue;
    CHECK(entry.first == "100644" || entry.first == "100755" || entry.first == "120000");
    for (const auto& part : parts_of(path)) CHECK(!part.empty() && part != "." && part != ".." && !is_dot_git(part));
  }
  for (const auto& [path, _] : after) {
    if (!path.ends_with("/HEAD")) continue;
    const auto folder = path.substr(0, path.rfind('/'));
    if (!is_repository(after, folder)) continue;
    for (const auto name : repository_names) {
      const auto part = folder + "/" + std::string(name);
      CHECK(below(before, part) == below(after, part));
    }
  }
  for (const auto& path : leaving(mirror, after)) CHECK(leaving(mirror, before).contains(path));
}

/// As it stands in the input where that begins with 0xff, else made by it.
std::string bundle_of(fuzz::Input& input, const Stage& on) {
  const auto shape = input.byte();
  if (shape == 0xff) return std::string(input.rest());
  Maker maker(input, on);
  const auto header = maker.header(shape);
  maker.make();
  return header + maker.tip() + " refs/heads/x\n\n" + maker.pack();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto& on = stage();
  const auto bundle = bundle_of(input, on);
  const auto tip = git::take_bundle(on.mirror(), bundle, git::BundleTrust::none);
  CHECK(on.count_refs() == on.refs);
  if (!tip) {
    CHECK(tip.error().code == FailureCode::GIT_FAILED);
    return 0;
  }
  const auto judged = git::judge_foreign_commit(on.mirror(), on.base, tip->commit, disk_max);
  if (judged) {
    check_taken(on.mirror(), on.base, tip->commit);
  } else {
    const auto code = judged.error().code;
    using enum FailureCode;
    CHECK(code == GIT_FAILED || code == COMMIT_MISSING || code == PATH_FORBIDDEN || code == AGENT_DISK_LIMIT);
  }
  return 0;
}

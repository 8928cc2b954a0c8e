#include "git/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "git/links.h"
#include "git/nested.h"
#include "git/tree.h"

namespace vitana::git {
namespace {

constexpr std::string_view signatures[] = {"# v2 git bundle", "# v3 git bundle"};
constexpr std::size_t header_lines_max = 1'000;
constexpr std::size_t header_line_bytes_max = 4'096;

tl::unexpected<Error> refused(std::string message) {
  return failure(FailureCode::GIT_FAILED, "the bundle is refused: " + std::move(message));
}

/// The next line of a header, cut off its text; nothing where there is none.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.substr(0, header_line_bytes_max).find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

tl::unexpected<Error> forbidden(std::string_view path, std::string_view what) {
  return failure(
      Error{FailureCode::PATH_FORBIDDEN, fmt::format("{}: {}", shown_path(path), what)}.with("path", shown_path(path)));
}

/// How packs are made and read.
ConfigValues unfolding() {
  return {{"core.bigFileThreshold", std::to_string(large_file_bytes)}, {"pack.threads", "1"}};
}

struct Header {
  BundleTip tip;
  std::vector<Oid> builds_on;
};

/// The one ref of a bundle, and what must be here already; `text` is its pack afterwards.
Result<Header> read_header(std::string_view& text) {
  const auto signature = take_line(text);
  if (!signature || (*signature != signatures[0] && *signature != signatures[1])) {
    return refused("it does not begin as one");
  }
  std::optional<BundleTip> tip;
  std::vector<Oid> builds_on;
  for (std::size_t lines = 0; lines < header_lines_max; ++lines) {
    const auto line = take_line(text);
    if (!line) return refused("its header has no end");
    if (line->empty()) {
      if (!tip) return refused("it names no commit");
      return Header{std::move(*tip), std::move(builds_on)};
    }
    if (line->front() == '-') {
      builds_on.emplace_back(line->substr(1, line->find(' ') - 1));
      if (!is_oid(builds_on.back())) return refused("it builds on what is no commit");
      continue;
    }
    if (line->front() == '@') {
      if (*line == "@object-format=sha1" || *line == "@object-format=sha256") continue;
      return refused("it is of a kind that is not taken");
    }
    const auto space = line->find(' ');
    BundleTip named{.commit = Oid(line->substr(0, space)), .ref = {}};
    if (space != std::string_view::npos) named.ref = line->substr(space + 1);
    if (tip || !is_oid(named.commit) || !is_ref(named.ref)) return refused("it names something else than one commit");
    tip = std::move(named);
  }
  return refused("its header is too long");
}

}  // namespace

Result<std::string> make_bundle(const Mirror& mirror, std::string_view kept_name, const std::vector<Oid>& without,
                                std::size_t bytes_max) {
  std::vector<std::string> args{"bundle", "create", "--quiet", "-", fmt::format("refs/vitana/keep/{}", kept_name)};
  if (!is_ref(args.back())) return failure(FailureCode::GIT_FAILED, fmt::format("{} is no name", kept_name));
  std::size_t named = 0;
  for (const auto& commit : without) {
    if (++named > bundle_without_max) break;
    auto there = mirror.exists(commit);
    if (!there) return failure(std::move(there.error()));
    if (*there) args.push_back("^" + commit);
  }
  return mirror.git().run({.args = std::move(args),
                           .git_dir = mirror.path(),
                           .config = unfolding(),
                           .slow = true,
                           .bytes_max = bytes_max});
}

Result<std::uint64_t> bytes_between(const Mirror& mirror, const Oid& base, const Oid& commit) {
  if (!is_oid(base) || !is_oid(commit)) return failure(FailureCode::GIT_FAILED, "no commits to compare");
  const auto counted = mirror.run({"rev-list", "--objects", "--disk-usage", commit, "^" + base});
  if (!counted) return failure(counted.error());
  std::uint64_t bytes = 0;
  const auto [_, error] = std::from_chars(counted->data(), counted->data() + counted->size(), bytes);
  if (error != std::errc()) return failure(FailureCode::GIT_FAILED, "git did not say how much a commit takes");
  return bytes;
}

Result<BundleTip> take_bundle(const Mirror& mirror, std::string_view bundle, BundleTrust trust) {
  auto header = read_header(bundle);
  if (!header) return failure(std::move(header.error()));
  for (const auto& commit : header->builds_on) {
    const auto there = mirror.exists(commit);
    if (!there) return failure(there.error());
    if (!*there) return refused("it builds on a commit that is not here");
  }
  std::vector<std::string> args{"index-pack", "--stdin", "--fix-thin"};
  if (trust == BundleTrust::none) args.emplace_back("--strict");
  const bool trusted = trust != BundleTrust::none;
  auto taken = mirror.git().run({.args = std::move(args),
                                 .git_dir = mirror.path(),
                                 .config = unfolding(),
                                 .input = std::string(bundle),
                                 .slow = trusted,
                                 .memory_max = trusted ? 0 : foreign_memory_max});
  if (!taken) return failure(std::move(taken.error()).under("the bundle is refused"));
  auto there = mirror.exists(header->tip.commit);
  if (!there) return failure(std::move(there.error()));
  if (!*there) return refused("it does not hold the commit that it names");
  return std::move(header->tip);
}

Result<void> judge_foreign_tree(const Mirror& mirror, const Oid& base, const Oid& tree, std::uint64_t bytes_max) {
  // A few trees can stand for any number of paths. This prints them as it finds them, and is ended where there are too
  // many; a difference would be gathered as a whole before.
  const auto paths = mirror.run({"ls-tree", "-r", "-z", "--name-only", "--full-tree", tree});
  if (!paths) return failure(paths.error());
  const auto changes = diff_trees(mirror, base, tree);
  if (!changes) return failure(changes.error());
  bool links_changed = false;
  std::uint64_t bytes = 0;
  for (const auto& change : *changes) {
    links_changed |= change.mode == mode::symlink || change.old_mode == mode::symlink;
    if (change.kind == ChangeKind::deleted) continue;
    if (!is_checkout_path(change.path)) return forbidden(change.path, "no checkout can hold this name");
    if (change.mode == mode::gitlink) return forbidden(change.path, "a submodule that is new or changed");
    if (change.mode != mode::file && change.mode != mode::executable && change.mode != mode::symlink) {
      return forbidden(change.path, "neither a file nor a link");
    }
    const auto info = mirror.blobs().info(change.blob);
    if (!info) return failure(info.error());
    if (!*info || (*info)->type != "blob") return forbidden(change.path, "its content is missing");
    bytes += (*info)->size;
    if (bytes > bytes_max) {
      return failure(Error{FailureCode::AGENT_DISK_LIMIT, fmt::format("the change is larger than {} MiB", bytes_max >> 20)}
                         .with("path", shown_path(change.path)));
    }
  }
  if (const auto folder = repository_touched(*changes, *paths)) return forbidden(*folder, "a repository of its own");
  if (!links_changed) return {};
  const auto out = link_led_out(mirror, base, tree);
  if (!out) return failure(out.error());
  if (*out) return forbidden((*out)->first, "a link that leaves the tree");
  return {};
}

Result<ForeignResult> judge_foreign_commit(const Mirror& mirror, const Oid& base, const Oid& commit,
                                           std::uint64_t bytes_max) {
  const auto there = mirror.exists(commit);
  if (!there) return failure(there.error());
  if (!*there) return failure(FailureCode::COMMIT_MISSING, fmt::format("no result {} was sent", commit));
  const auto listed = mirror.run({"rev-list", "--parents", "--no-walk", commit});
  if (!listed) return failure(listed.error());
  if (*listed != fmt::format("{} {}\n", commit, base)) {
    return failure(FailureCode::GIT_FAILED, "the result is no commit whose only parent is the run's base");
  }
  auto tree = tree_of(mirror, commit);
  if (!tree) return failure(std::move(tree.error()));
  const auto base_tree = tree_of(mirror, base);
  if (!base_tree) return failure(base_tree.error());
  if (auto fits = judge_foreign_tree(mirror, *base_tree, *tree, bytes_max); !fits) {
    return failure(std::move(fits.error()));
  }
  const bool changed = *tree != *base_tree;
  return ForeignResult{std::move(*tree), changed};
}

}  // namespace vitana::git

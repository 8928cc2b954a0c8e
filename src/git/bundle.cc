#include "git/bundle.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "git/links.h"
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
  return mirror.git().run({.args = std::move(args), .git_dir = mirror.path(), .slow = true, .bytes_max = bytes_max});
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
  auto taken = mirror.git().run(
      {.args = std::move(args), .git_dir = mirror.path(), .input = std::string(bundle), .slow = true});
  if (!taken) return failure(std::move(taken.error()).under("the bundle is refused"));
  auto there = mirror.exists(header->tip.commit);
  if (!there) return failure(std::move(there.error()));
  if (!*there) return refused("it does not hold the commit that it names");
  return std::move(header->tip);
}

Result<void> judge_foreign_tree(const Mirror& mirror, const Oid& base, const Oid& tree, std::uint64_t bytes_max) {
  const auto changes = diff_trees(mirror, base, tree);
  if (!changes) return failure(changes.error());
  const auto forbidden = [](const Change& change, std::string_view what) {
    return failure(Error{FailureCode::PATH_FORBIDDEN, fmt::format("{}: {}", shown_path(change.path), what)}
                       .with("path", shown_path(change.path)));
  };
  std::optional<Links> links;
  std::uint64_t bytes = 0;
  for (const auto& change : *changes) {
    if (change.kind == ChangeKind::deleted) continue;
    if (!is_checkout_path(change.path)) return forbidden(change, "no checkout can hold this name");
    if (change.mode == mode::gitlink) return forbidden(change, "a submodule that is new or changed");
    if (change.mode == mode::symlink) {
      if (!links) {
        auto found = links_of(mirror, tree);
        if (!found) return failure(std::move(found.error()));
        links = std::move(*found);
      }
      if (!links->contains(change.path) || link_leaves(*links, change.path)) {
        return forbidden(change, "a link that leaves the tree");
      }
    } else if (change.mode != mode::file && change.mode != mode::executable) {
      return forbidden(change, "neither a file nor a link");
    }
    const auto info = mirror.blobs().info(change.blob);
    if (!info) return failure(info.error());
    if (!*info || (*info)->type != "blob") return forbidden(change, "its content is missing");
    bytes += (*info)->size;
    if (bytes > bytes_max) {
      return failure(Error{FailureCode::AGENT_DISK_LIMIT, fmt::format("the change is larger than {} MiB", bytes_max >> 20)}
                         .with("path", shown_path(change.path)));
    }
  }
  return {};
}

}  // namespace vitana::git

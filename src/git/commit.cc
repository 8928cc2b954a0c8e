#include "git/commit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "git/output.h"
#include "git/tree.h"

namespace vitana::git {
namespace {

constexpr std::size_t causes_max = 50;
constexpr std::size_t subject_bytes_max = 300;

std::string one_line(std::string_view text) {
  auto line = printable(text);
  std::ranges::replace(line, '\n', ' ');
  std::ranges::replace(line, '\t', ' ');
  const auto first = line.find_first_not_of(' ');
  if (first == line.npos) return {};
  return line.substr(first, line.find_last_not_of(' ') - first + 1);
}

std::string or_default(std::string text, std::string_view otherwise) {
  std::erase_if(text, [](char c) { return c == '<' || c == '>'; });
  auto line = one_line(text);
  // git refuses a name made only of these.
  return line.find_first_not_of(" .,:;\"'\\") == line.npos ? std::string(otherwise) : line;
}

std::string date_of(const Signature& signature) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(signature.when);
  return fmt::format("@{} +0000", seconds.time_since_epoch().count());
}

Result<Oid> make_commit(const Mirror& mirror, const Oid& tree, std::span<const Oid> parents,
                        std::string message, const Signature& author, const Signature& committer) {
  Call call{
      .args = {"commit-tree", "--no-gpg-sign", "-F", "-"},
      .git_dir = mirror.path(),
      .environment = {{"GIT_AUTHOR_NAME", or_default(author.who.name, "Vitana")},
                      {"GIT_AUTHOR_EMAIL", or_default(author.who.email, "vitana@localhost")},
                      {"GIT_AUTHOR_DATE", date_of(author)},
                      {"GIT_COMMITTER_NAME", or_default(committer.who.name, "Vitana")},
                      {"GIT_COMMITTER_EMAIL", or_default(committer.who.email, "vitana@localhost")},
                      {"GIT_COMMITTER_DATE", date_of(committer)}},
      .config = {{"i18n.commitEncoding", "UTF-8"}},
      .input = std::move(message)};
  for (const auto& parent : parents) call.args.insert(call.args.end(), {"-p", parent});
  call.args.push_back(tree);
  auto oid = mirror.git().run(call);
  if (!oid) return oid;
  while (oid->ends_with('\n')) oid->pop_back();
  return oid;
}

// Always the same, so that merging again makes no new objects.
Result<Oid> stand_in(const Mirror& mirror, const Oid& tree, std::span<const Oid> parents) {
  const Signature nobody{{"Vitana", "vitana@localhost"}, Instant()};
  return make_commit(mirror, tree, parents, "merge input\n", nobody, nobody);
}

Result<Oid> conflict(const std::vector<std::string>& conflicts) {
  Error error{FailureCode::MERGE_CONFLICT, ""};
  const auto count = conflicts.size();
  std::string paths;
  for (const auto& conflict : conflicts) {
    const auto path = shown_path(conflict);
    if (error.causes.size() < causes_max) error.causes.push_back(path);
    if (!paths.empty()) paths += '\n';
    paths += path;
  }
  error.message =
      fmt::format("the change no longer fits in {} path{}", count, count == 1 ? "" : "s");
  error.context["paths"] = std::move(paths);
  return failure(std::move(error));
}

}  // namespace

Result<Oid> commit_tree(const Mirror& mirror, const Oid& tree, std::span<const Oid> parents,
                        std::string_view message, const Signature& author,
                        const Signature& committer) {
  auto real_tree = tree_of(mirror, tree);
  if (!real_tree) return real_tree;
  for (const auto& parent : parents) {
    auto there = mirror.exists(parent);
    if (!there) return failure(std::move(there.error()));
    if (!*there) {
      return failure(FailureCode::COMMIT_MISSING, fmt::format("there is no commit {}", parent));
    }
  }
  return make_commit(mirror, *real_tree, parents, utf8_clean(message), author, committer);
}

std::string commit_message(std::string_view subject, std::string_view body,
                           const Trailers& trailers) {
  const auto line = one_line(subject);
  std::string message(utf8_prefix(line, subject_bytes_max));
  if (message.empty()) message = "change";
  message += '\n';
  auto text = printable(body);
  text.erase(0, text.find_first_not_of("\n \t"));
  text.erase(text.find_last_not_of("\n \t") + 1);
  if (!text.empty()) message += fmt::format("\n{}\n", text);
  if (!trailers.empty()) message += '\n';
  for (const auto& [key, value] : trailers) {
    message += fmt::format("{}: {}\n", one_line(key), one_line(value));
  }
  return message;
}

Result<Oid> merge_trees(const Mirror& mirror, const Oid& base, const Oid& ours, const Oid& theirs) {
  auto base_tree = tree_of(mirror, base);
  if (!base_tree) return base_tree;
  auto our_tree = tree_of(mirror, ours);
  if (!our_tree) return our_tree;
  auto their_tree = tree_of(mirror, theirs);
  if (!their_tree) return their_tree;
  if (*base_tree == *their_tree || *our_tree == *their_tree) return our_tree;
  if (*base_tree == *our_tree) return their_tree;

  // git 2.39 takes the merge base only from history, so the three trees get one.
  auto root = stand_in(mirror, *base_tree, {});
  if (!root) return root;
  const std::vector<Oid> parents = {*root};
  auto left = stand_in(mirror, *our_tree, parents);
  if (!left) return left;
  auto right = stand_in(mirror, *their_tree, parents);
  if (!right) return right;
  auto answer = mirror.try_run(
      {"merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", *left, *right});
  if (!answer) return failure(std::move(answer.error()));
  auto output = parse_merge_tree(answer->out);
  if (answer->exit_code == 1) return conflict(output.conflicts);
  if (answer->exit_code != 0 || !is_oid(output.tree)) {
    return failure(git_error(FailureCode::GIT_FAILED, "git merge-tree failed", *answer));
  }
  return std::move(output.tree);
}

}  // namespace vitana::git

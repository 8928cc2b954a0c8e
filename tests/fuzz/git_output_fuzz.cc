// What git prints about repositories that somebody else made. The first byte chooses the command.
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/input.h"
#include "git/commit.h"
#include "git/ignore.h"
#include "git/links.h"
#include "git/names.h"
#include "git/output.h"

namespace {

using namespace vitana;
using git::is_oid;

const std::vector<std::string> globs = {"docs/specs/**/*.md", "**/.gitignore"};

template <typename T>
bool good(const Result<T>& result) {
  if (!result) CHECK(result.error().code == FailureCode::GIT_FAILED);
  return result.has_value();
}

std::string six_octal(unsigned mode) {
  std::string digits;
  for (int i = 0; i < 6; ++i, mode >>= 3) digits.insert(0, 1, static_cast<char>('0' + (mode & 7)));
  return digits;
}

void check_ls_tree(std::string_view printed) {
  const auto entries = git::parse_ls_tree(printed);
  if (!good(entries)) return;
  std::string again;
  for (const auto& entry : *entries) {
    CHECK(is_oid(entry.blob) && !entry.path.empty());
    again += six_octal(entry.mode) + " blob " + entry.blob + "\t" + entry.path + '\0';
  }
  CHECK(*git::parse_ls_tree(again) == *entries);
  const auto some = git::parse_ls_tree(printed, globs);
  CHECK(some && some->size() <= entries->size());
}

void check_diff_tree(std::string_view printed) {
  const auto changes = git::parse_diff_tree(printed);
  if (!good(changes)) return;
  for (const auto& change : *changes) {
    CHECK(!change.path.empty());
    CHECK(change.blob.empty() || is_oid(change.blob));
    CHECK(change.old_blob.empty() || is_oid(change.old_blob));
  }
  const auto some = git::parse_diff_tree(printed, globs);
  CHECK(some && some->size() <= changes->size());
}

void check_log(std::string_view printed) {
  if (const auto info = git::parse_last_commit(printed); good(info) && *info) {
    CHECK(is_oid((*info)->commit));
    CHECK(to_rfc3339((*info)->time).size() == std::string_view("2026-01-25T09:00:00.000000Z").size());
  }
  const auto trailers = git::parse_trailers(printed);
  if (!good(trailers)) return;
  for (const auto& trailer : *trailers) {
    CHECK(is_oid(trailer.commit) && !trailer.vtid.empty() && !trailer.digest.empty());
    CHECK(trailer.vtid.find('\n') == std::string::npos);
  }
}

void check_lists(std::string_view printed) {
  for (const auto& path : git::parse_status(printed)) CHECK(!path.empty());
  if (const auto renames = git::parse_renames(printed); good(renames)) {
    for (const auto& [from, to] : *renames) CHECK(!from.empty() && !to.empty());
  }
  for (const auto& path : git::parse_check_ignore(printed)) CHECK(!path.empty());
  for (const auto& path : git::parse_merge_tree(printed).conflicts) CHECK(!path.empty());
}

void check_refs(std::string_view printed) {
  const auto oid = git::parse_ls_remote(printed, "refs/heads/main");
  CHECK(!oid || is_oid(*oid));
  const auto head = git::parse_remote_head(printed);
  CHECK(!head || git::is_branch_name(*head));
  if (const auto repository = git::parse_repository(printed)) {
    CHECK(repository->git_dir.is_absolute() && repository->common_dir.is_absolute());
  }
  if (const auto peeled = git::parse_peeled(printed); good(peeled) && *peeled) CHECK(is_oid(**peeled));
  const auto reason = git::parse_push_reason(printed);
  CHECK(fuzz::is_utf8(reason) && reason.find('\x1b') == std::string::npos);
}

void check_object(std::string_view line) {
  const std::string oid(40, 'a');
  if (const auto info = git::parse_object_info(line, oid); good(info) && *info) {
    CHECK(!(*info)->type.empty() && line.starts_with(oid));
  }
}

/// Nothing in a subject or a body is read as a trailer.
void check_message(fuzz::Input& input) {
  const std::string subject(input.until('\0'));
  const std::string value(input.until('\0'));
  const auto message = git::commit_message(subject, input.rest(), {{"VTID", value}});
  CHECK(fuzz::is_utf8(message) && message.ends_with('\n'));
  const auto last = message.rfind("\n\n");
  CHECK(last != message.npos);
  const auto trailers = std::string_view(message).substr(last + 2);
  CHECK(trailers.starts_with("VTID: "));
  CHECK(std::count(trailers.begin(), trailers.end(), '\n') == 1);
}

void check_ignore(fuzz::Input& input) {
  const std::string folder(input.until('\0'));
  const auto rules = git::ignore_rules(folder, input.rest());
  CHECK(rules.empty() || rules.ends_with('\n'));
  // For git a line ends at a newline only.
  for (std::string_view rest = rules; !folder.empty() && !rest.empty();) {
    CHECK(rest.starts_with('/') || rest.starts_with("!/"));
    rest.remove_prefix(rest.find('\n') + 1);
  }
}

void check_links(fuzz::Input& input) {
  git::Links links;
  while (!input.empty()) {
    const std::string path(input.until('\0'));
    links.emplace(path, std::string(input.until('\0')));
  }
  for (const auto& [path, target] : links) {
    if (target.starts_with('/') && path.find('/') == path.npos && path != "." && path != ".." &&
        !path.empty()) {
      CHECK(git::link_leaves(links, path));
    }
    git::link_leaves(links, path);
  }
}

void check_names(std::string_view text) {
  const auto clean = git::without_credentials(text);
  CHECK(clean.size() <= text.size() + 3 * text.size());
  CHECK(git::without_credentials(clean) == clean);
  if (git::is_branch_name(text)) CHECK(!text.starts_with('-') && text.find_first_of(" \n~^:") == text.npos);
  CHECK(!git::is_ref(text) || text.starts_with("refs/"));
  if (git::is_checkout_path(text)) {
    CHECK(!text.starts_with('/') && ("/" + std::string(text) + "/").find("/../") == text.npos);
    CHECK(("/" + std::string(text) + "/").find("/.git/") == text.npos);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte() % 10) {
    case 0: check_ls_tree(input.rest()); break;
    case 1: check_diff_tree(input.rest()); break;
    case 2: check_log(input.rest()); break;
    case 3: check_lists(input.rest()); break;
    case 4: check_refs(input.rest()); break;
    case 5: check_object(input.rest()); break;
    case 6: check_message(input); break;
    case 7: check_ignore(input); break;
    case 8: check_links(input); break;
    default: check_names(input.rest()); break;
  }
  return 0;
}

#include "git/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/glob.h"
#include "base/utf8.h"
#include "git/listing.h"

namespace vitana::git {
namespace {

template <typename Number>
bool read_number(std::string_view digits, Number& into, int base = 10) {
  const auto* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, into, base);
  return error == std::errc() && stop == end;
}

bool read_mode(std::string_view digits, unsigned& into) {
  return digits.size() == 6 && read_number(digits, into, 8);
}

/// An object id, or only zeros for "not there".
bool read_oid(std::string_view digits, Oid& into) {
  if (!is_oid(digits)) return false;
  if (digits.find_first_not_of('0') != digits.npos) into = digits;
  return true;
}

std::optional<ChangeKind> kind_of(std::string_view status) {
  if (status == "A") return ChangeKind::added;
  if (status == "M") return ChangeKind::modified;
  if (status == "D") return ChangeKind::deleted;
  if (status == "T") return ChangeKind::type_changed;
  return std::nullopt;
}

bool wanted(std::span<const std::string> globs, std::string_view path) {
  return globs.empty() || glob_match_any(globs, path);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

/// The fields behind their first `skipped` bytes; a field that has no more is left out.
std::vector<std::string> fields_of(std::string_view printed, std::size_t skipped) {
  std::vector<std::string> fields;
  while (!printed.empty()) {
    const auto field = take_field(printed);
    if (field.size() > skipped) fields.emplace_back(field.substr(skipped));
  }
  return fields;
}

}  // namespace

tl::unexpected<Error> garbled(std::string_view command) {
  return failure(FailureCode::GIT_FAILED, fmt::format("git {} printed something else", command));
}

Result<std::vector<TreeEntry>> parse_ls_tree(std::string_view printed,
                                             std::span<const std::string> globs) {
  std::vector<TreeEntry> entries;
  while (!printed.empty()) {
    auto line = take_field(printed);
    auto columns = take(line, '\t');
    TreeEntry entry;
    const bool mode_there = read_mode(take_word(columns), entry.mode);
    take_word(columns);  // the type, which the mode says too
    if (!mode_there || !is_oid(columns) || line.empty()) return garbled("ls-tree");
    if (!wanted(globs, line)) continue;
    entry.blob = columns;
    entry.path = line;
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<std::vector<Change>> parse_diff_tree(std::string_view printed,
                                            std::span<const std::string> globs) {
  std::vector<Change> changes;
  while (!printed.empty()) {
    auto columns = take_field(printed);
    if (!columns.starts_with(':')) return garbled("diff-tree");
    columns.remove_prefix(1);
    Change change;
    const bool modes = read_mode(take_word(columns), change.old_mode) &&
                       read_mode(take_word(columns), change.mode);
    const bool blobs = modes && read_oid(take_word(columns), change.old_blob) &&
                       read_oid(take_word(columns), change.blob);
    const auto kind = kind_of(columns);
    change.path = take_field(printed);
    if (!blobs || !kind || change.path.empty()) return garbled("diff-tree");
    change.kind = *kind;
    if (wanted(globs, change.path)) changes.push_back(std::move(change));
  }
  return changes;
}

Result<std::map<std::string, std::string>> parse_renames(std::string_view printed) {
  std::map<std::string, std::string> renames;
  while (!printed.empty()) {
    const auto status = take_field(printed);
    const std::string before(take_field(printed));
    const std::string after(take_field(printed));
    if (!status.starts_with('R') || before.empty() || after.empty()) return garbled("diff-tree");
    renames.emplace(after, before);
  }
  return renames;
}

std::vector<std::string> parse_status(std::string_view printed) {
  return fields_of(printed, std::string_view("XY ").size());
}

std::vector<std::string> parse_check_ignore(std::string_view printed) {
  return fields_of(printed, std::string_view("./").size());
}

MergeOutput parse_merge_tree(std::string_view printed) {
  MergeOutput output;
  output.tree = take_field(printed);
  output.conflicts = fields_of(printed, 0);
  return output;
}

Result<CommitInfo> take_commit_info(std::string_view& rest) {
  CommitInfo info;
  info.commit = take_field(rest);
  info.author_name = take_field(rest);
  info.author_email = take_field(rest);
  if (!is_oid(info.commit)) return garbled("log");
  std::int64_t time = 0;
  read_number(take_field(rest), time);
  // A forged date may be anything; keep it within what can be written as a date.
  constexpr std::int64_t latest = 253'402'300'799;
  info.time = Instant(std::chrono::seconds(std::clamp<std::int64_t>(time, 0, latest)));
  return info;
}

Result<std::optional<CommitInfo>> parse_last_commit(std::string_view printed) {
  if (printed.empty()) return std::optional<CommitInfo>();
  auto info = take_commit_info(printed);
  if (!info) return failure(std::move(info.error()));
  return std::optional(std::move(*info));
}

Result<std::vector<DeliveryTrailer>> parse_trailers(std::string_view printed) {
  std::vector<DeliveryTrailer> trailers;
  while (!printed.empty()) {
    const auto commit = take_field(printed);
    const auto vtids = lines_of(take_field(printed));
    const auto digests = lines_of(take_field(printed));
    if (!is_oid(commit)) return garbled("log");
    if (vtids.size() != digests.size()) continue;
    for (std::size_t i = 0; i < vtids.size(); ++i) {
      trailers.push_back({Oid(commit), std::string(vtids[i]), std::string(digests[i])});
    }
  }
  return trailers;
}

Result<std::optional<ObjectInfo>> parse_object_info(std::string_view line, const Oid& oid) {
  if (take_word(line) != oid) return garbled("cat-file");
  if (line == "missing") return std::optional<ObjectInfo>();
  ObjectInfo info;
  info.type = take_word(line);
  if (info.type.empty() || !read_number(line, info.size)) return garbled("cat-file");
  return std::optional(std::move(info));
}

Result<std::optional<Oid>> parse_peeled(std::string_view line) {
  if (line.ends_with(" missing")) return std::optional<Oid>();
  Oid oid(line.substr(0, line.find(' ')));
  if (!is_oid(oid)) return garbled("cat-file");
  return std::optional(std::move(oid));
}

std::optional<Oid> parse_ls_remote(std::string_view printed, std::string_view ref) {
  while (!printed.empty()) {
    auto line = take_line(printed);
    const auto oid = take(line, '\t');
    if (line == ref && is_oid(oid)) return Oid(oid);
  }
  return std::nullopt;
}

std::optional<std::string> parse_remote_head(std::string_view printed) {
  constexpr std::string_view prefix = "ref: refs/heads/";
  constexpr std::string_view suffix = "\tHEAD";
  while (!printed.empty()) {
    auto line = take_line(printed);
    if (!line.starts_with(prefix) || !line.ends_with(suffix)) continue;
    line.remove_prefix(prefix.size());
    line.remove_suffix(suffix.size());
    if (is_branch_name(line)) return std::string(line);
  }
  return std::nullopt;
}

std::optional<LocalRepository> parse_repository(std::string_view printed) {
  std::array<std::string_view, 3> lines;
  for (auto& line : lines) line = take_line(printed);
  const bool flag = lines[2] == "true" || lines[2] == "false";
  const bool paths = lines[0].starts_with('/') && lines[1].starts_with('/');
  if (!printed.empty() || !paths || !flag) return std::nullopt;
  return LocalRepository{lines[0], lines[1], lines[2] == "true"};
}

std::string parse_push_reason(std::string_view printed) {
  // Of `!<tab>from:to<tab>[remote rejected] (hook declined)` the last column.
  while (!printed.empty()) {
    const auto line = take_line(printed);
    if (line.starts_with("!\t")) return printable(line.substr(line.rfind('\t') + 1));
  }
  return {};
}

}  // namespace vitana::git

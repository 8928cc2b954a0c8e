#include "spec/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "spec/parse.h"

namespace vitana::spec {
namespace {

/// Separators between an id and a title.
std::string_view without_separators(std::string_view text) {
  static constexpr auto separators =
      std::to_array<std::string_view>({" ", "\t", ":", "-", "|", "\xE2\x80\x94", "\xE2\x80\x93"});
  for (bool found = true; found;) {
    found = false;
    for (const auto separator : separators) {
      if (text.starts_with(separator)) {
        text.remove_prefix(separator.size());
        found = true;
      }
    }
  }
  return text;
}

/// An emoji, or whatever else stands before the words.
std::string_view without_signs(std::string_view title) {
  const auto space = title.find(' ');
  if (space == title.npos) return title;
  const auto first = title.substr(0, space);
  const bool sign = std::all_of(first.begin(), first.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x80;
  });
  const auto rest = trimmed(title.substr(space));
  return sign && heading_words(rest).starts_with("vtid ") ? rest : title;
}

/// "Specification: ", "Feature Specification: ", "VTID: " before a title.
std::string_view without_kind(std::string_view title) {
  static constexpr auto kinds = std::to_array<std::string_view>(
      {"spec", "specification", "feature specification", "feature spec", "technical specification",
       "task", "vtid", "implementation spec"});
  const auto colon = title.find(':');
  if (colon == title.npos) return title;
  const auto words = heading_words(title.substr(0, colon));
  const bool kind = std::find(kinds.begin(), kinds.end(), words) != kinds.end();
  return kind ? trimmed(title.substr(colon + 1)) : title;
}

std::string_view first_id_word(std::string_view text) {
  return text.substr(0, text.find_first_not_of(
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"));
}

/// A title is about an id that it begins with or that ends it in brackets; any other is a mention.
std::optional<Result<Vtid>> id_of_title(std::string_view title) {
  auto text = without_kind(without_signs(title));
  while (!text.empty() && (text.front() == '[' || text.front() == '(')) text.remove_prefix(1);
  if (auto id = vtid_in_text(first_id_word(text))) return id;
  const auto open = title.find_last_of("([");
  if (open != title.npos && (title.back() == ')' || title.back() == ']')) {
    return vtid_in_text(title.substr(open + 1));
  }
  return std::nullopt;
}

/// One place that names an id.
struct Claim {
  Result<Vtid> id;
  int line;
};

std::vector<Claim> claims_of(const IdentityInput& input) {
  std::vector<Claim> claims;
  if (input.matter.vtid) {
    claims.push_back({Vtid::parse(trimmed(*input.matter.vtid)), input.matter.vtid_line});
  }
  for (const auto& entry : input.metadata) {
    if (entry.key != "vtid") continue;
    if (auto id = vtid_in_text(entry.value)) {
      claims.push_back({std::move(*id), entry.line + input.first_line - 1});
    }
  }
  for (const auto& title : input.titles) {
    if (auto id = id_of_title(title.text)) {
      claims.push_back({std::move(*id), title.line + input.first_line - 1});
    }
  }
  return claims;
}

void report(const Error& error, int line, Findings& findings) {
  const auto rule =
      error.code == FailureCode::VTID_LEGACY_FORM ? Rule::VTID_LEGACY : Rule::VTID_INVALID;
  findings.add(rule, line, 1, error.message);
}

std::string title_of(const IdentityInput& input) {
  if (!input.matter.title.empty()) return std::string(trimmed(input.matter.title));
  for (const auto& title : input.titles) {
    if (metadata_of_title(title.text, title.line) && without_kind(title.text) == title.text) {
      continue;
    }
    if (auto text = title_without_id(title.text); !text.empty()) return text;
  }
  for (const auto& entry : input.metadata) {
    if (entry.key == "title") return entry.value;
  }
  return {};
}

}  // namespace

std::string_view file_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

std::string title_without_id(std::string_view title) {
  auto text = without_kind(without_signs(trimmed(title)));
  const bool bracket = text.starts_with('[') || text.starts_with('(');
  const auto from = bracket ? text.substr(1) : text;
  const auto word = first_id_word(from);
  const bool marked = heading_words(word).starts_with("vtid");
  if (marked || vtid_in_text(word)) {
    text = from.substr(word.size());
    if (bracket && (text.starts_with(')') || text.starts_with(']'))) text.remove_prefix(1);
    text = without_separators(text);
  }
  const auto open = text.find_last_of("([");
  if (open != text.npos && (text.back() == ')' || text.back() == ']') &&
      vtid_in_text(text.substr(open + 1))) {
    text = text.substr(0, open);
  }
  return std::string(trimmed(text));
}

std::string title_of_path(std::string_view path) {
  static constexpr auto kinds = std::to_array<std::string_view>({"spec", "proposal", "requirements"});
  auto words = file_name(path);
  if (!words.ends_with(".md")) return {};
  words.remove_suffix(3);
  if (std::ranges::find(kinds, words) != kinds.end() && path.size() > file_name(path).size()) {
    words = file_name(path.substr(0, path.size() - file_name(path).size() - 1));
  }
  if (const auto dash = words.find(" - "); dash != words.npos) words.remove_prefix(dash + 3);
  if (words.starts_with("VTID-")) words.remove_prefix(5);
  const auto number = std::min(words.find_first_not_of("0123456789"), words.size());
  if (number == words.size() || words[number] == '-') words.remove_prefix(std::min(number + 1, words.size()));
  std::string title(trimmed(words));
  std::ranges::replace_if(title, [](char c) { return c == '-' || c == '_'; }, ' ');
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z') title[0] = static_cast<char>(title[0] - 32);
  return printable_line(title);
}

void read_identity(const IdentityInput& input, domain::ParsedSpec& spec, Findings& findings) {
  spec.title = title_of(input);
  if (spec.title.starts_with('<') && spec.title.ends_with('>')) spec.title.clear();
  if (spec.title.empty()) findings.add(Rule::TITLE_MISSING, input.first_line, 1);

  const auto claims = claims_of(input);
  const Claim* decides = claims.empty() ? nullptr : &claims.front();
  if (decides != nullptr && !decides->id) {
    report(decides->id.error(), decides->line, findings);
  } else if (decides != nullptr) {
    spec.vtid = *decides->id;
    for (const auto& claim : claims) {
      if (claim.id && *claim.id != *spec.vtid) {
        findings.add(Rule::VTID_MISMATCH, claim.line, 1,
                     fmt::format("the text names {} here and {} on line {}",
                                 claim.id->to_string(), spec.vtid->to_string(), decides->line));
      }
    }
  }
  const auto named = vtid_of_file_name(file_name(input.file));
  if (named && !*named) {
    // Said once, at the text's own line, where both are of an old form.
    if (decides == nullptr || decides->id) report(named->error(), 1, findings);
  } else if (named && spec.vtid && **named != *spec.vtid) {
    findings.add(Rule::VTID_MISMATCH, decides->line, 1,
                 fmt::format("the file's name says {}, its text says {}", (*named)->to_string(),
                             spec.vtid->to_string()));
  } else if (!named && decides == nullptr) {
    findings.add(Rule::VTID_MISSING, 1, 1);
  }
}

Result<Vtid> resolve_vtid(const domain::SpecReading& reading, std::string_view path) {
  const auto found = [&](Rule rule) -> const domain::Diagnostic* {
    const auto name = rule_info(rule).name;
    const auto at = std::find_if(reading.diagnostics.begin(), reading.diagnostics.end(),
                                 [&](const auto& d) { return d.rule == name; });
    return at == reading.diagnostics.end() ? nullptr : &*at;
  };
  const auto named = vtid_of_file_name(file_name(path));
  if (named && !*named) return *named;
  const auto& inner = reading.spec.vtid;
  if (!inner) {
    if (const auto* legacy = found(Rule::VTID_LEGACY)) {
      return failure(FailureCode::VTID_LEGACY_FORM, legacy->message);
    }
    if (const auto* invalid = found(Rule::VTID_INVALID)) {
      return failure(FailureCode::VTID_INVALID, invalid->message);
    }
    if (named) return *named;
    const auto name = std::string(file_name(path));
    return failure(Error{FailureCode::VTID_INVALID, "neither the file's name nor its text names a VTID"}.with(
        "hint", fmt::format("name the file 00001-{}, say, with a number that no other has", name.empty() ? "page.md" : name)));
  }
  if (named && **named != *inner) {
    return failure(FailureCode::VTID_MISMATCH,
                   fmt::format("the file's name says {}, its text says {}", (*named)->to_string(),
                               inner->to_string()));
  }
  if (const auto* mismatch = found(Rule::VTID_MISMATCH)) {
    return failure(FailureCode::VTID_MISMATCH, mismatch->message);
  }
  return *inner;
}

}  // namespace vitana::spec

#include "spec/front_matter.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/lines.h"
#include "base/utf8.h"
#include "spec/markdown.h"
#include "spec/yaml.h"

namespace vitana::spec {
namespace {

using domain::SpecDirective;
using Kind = YamlValue::Kind;

constexpr std::size_t yaml_bytes_max = std::size_t{64} * 1024;
constexpr std::size_t checks_max = 100;
constexpr std::size_t shown_max = 60;
constexpr std::size_t names_max = 200;
constexpr Duration timeout_max = std::chrono::hours(6);

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    if (c == '-' || c == ' ') return '_';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

/// Where the YAML ends. `after` is the first byte of the body.
struct Fences {
  std::string_view yaml;
  std::size_t after = 0;
};

std::string_view next_line(std::string_view text, std::size_t& at) {
  const auto end = std::min(text.find('\n', at), text.size());
  auto line = text.substr(at, end - at);
  at = std::min(end + 1, text.size());
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
    line.remove_suffix(1);
  }
  return line;
}

std::optional<Fences> find_fences(std::string_view text) {
  std::size_t at = 0;
  if (next_line(text, at) != "---") return std::nullopt;
  const auto start = at;
  while (at < text.size()) {
    const auto line_start = at;
    const auto line = next_line(text, at);
    if (line == "---" || line == "...") {
      // With its end mark, at which the parser sees a quote that is left open.
      return Fences{text.substr(start, line_start - start + line.size()), at};
    }
  }
  return std::nullopt;
}

/// Turns the values of the tree into a FrontMatter. Lines of the YAML are one less than the file's.
class Reader {
 public:
  Reader(FrontMatter& matter, Findings& findings) : matter_(matter), findings_(findings) {}

  void read(const YamlValue& root) {
    for (const auto& [key, value] : root.entries) read_key(key, value);
  }

 private:
  void wrong(const YamlValue& value, std::string message) {
    findings_.add(Rule::FRONT_MATTER_VALUE, value.line + 1, value.column, std::move(message));
  }

  void read_key(const YamlValue& key, const YamlValue& value) {
    const auto name = lower(key.scalar);
    if (name == "vtid") {
      read_vtid(value);
    } else if (name == "title") {
      matter_.title = printable_line(value.scalar);
    } else if (name == "status") {
      read_status(value);
    } else if (name == "depends_on") {
      read_depends_on(value);
    } else if (name == "dependencies") {
      read_dependencies(value);
    } else if (name == "paths") {
      read_paths(value);
    } else if (name == "priority") {
      read_priority(value);
    } else if (name == "change") {
      read_change(value);
    } else if (name == "checks") {
      read_checks(value);
    } else {
      findings_.add(Rule::FRONT_MATTER_UNKNOWN, key.line + 1, key.column,
                    fmt::format("the key \"{}\" has no effect", utf8_prefix(key.scalar, shown_max)));
    }
  }

  void read_vtid(const YamlValue& value) {
    if (value.kind == Kind::null) return;
    matter_.vtid = value.scalar;
    matter_.vtid_line = value.line + 1;
  }

  void read_status(const YamlValue& value) {
    const auto status = lower(value.scalar);
    if (status == "draft") {
      matter_.directive = SpecDirective::hold;
    } else if (status == "done" || status == "completed" || status == "superseded") {
      matter_.directive = SpecDirective::close;
    } else if (value.kind != Kind::null) {
      findings_.add(Rule::STATUS_UNKNOWN, value.line + 1, value.column,
                    fmt::format("the status \"{}\" has no effect", utf8_prefix(value.scalar, shown_max)));
    }
  }

  /// A list of words, or one word that may hold several between commas.
  std::vector<YamlValue> words(const YamlValue& value, bool commas) {
    std::vector<YamlValue> all;
    if (value.kind == Kind::scalar) {
      std::string_view rest = value.scalar;
      while (!rest.empty()) {
        const auto comma = commas ? std::min(rest.find(','), rest.size()) : rest.size();
        auto one = value;
        one.scalar = std::string(trimmed(rest.substr(0, comma)));
        if (!one.scalar.empty()) all.push_back(std::move(one));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
      }
    } else if (value.kind == Kind::list) {
      for (const auto& item : value.items) {
        if (item.kind == Kind::scalar) all.push_back(item);
        else wrong(item, "an entry of this list is a word");
      }
    } else if (value.kind == Kind::map) {
      wrong(value, "this is a word or a list of words");
    }
    return all;
  }

  void read_depends_on(const YamlValue& value) {
    matter_.depends_on_line = value.line + 1;
    for (const auto& word : words(value, true)) {
      const auto id = Vtid::parse(word.scalar);
      if (id) matter_.depends_on.push_back(*id);
      else wrong(word, fmt::format("depends_on: {}", id.error().message));
    }
  }

  /// Other tools' key: their own names of tasks stand there, which only a repository can resolve.
  void read_dependencies(const YamlValue& value) {
    matter_.depends_on_line = value.line + 1;
    for (const auto& word : words(value, true)) {
      const auto id = Vtid::parse(word.scalar);
      if (id) matter_.depends_on.push_back(*id);
      else if (matter_.dependency_names.size() < names_max) matter_.dependency_names.push_back(word.scalar);
    }
  }

  void read_paths(const YamlValue& value) {
    for (const auto& word : words(value, false)) matter_.paths.push_back(word.scalar);
  }

  void read_priority(const YamlValue& value) {
    const auto word = lower(value.scalar);
    const bool letters = std::ranges::any_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
    if (word.size() == 1 && word[0] >= '1' && word[0] <= '4') matter_.priority = word[0] - '0';
    else if (word == "high") matter_.priority = 2;
    else if (word == "medium") matter_.priority = 3;
    else if (word == "low") matter_.priority = 4;
    else if (letters) {
      findings_.add(Rule::PRIORITY_UNKNOWN, value.line + 1, value.column,
                    fmt::format("the priority \"{}\" has no effect", utf8_prefix(value.scalar, shown_max)));
    } else if (value.kind != Kind::null) {
      wrong(value, "a priority is 1 (first), 2, 3 or 4");
    }
  }

  void read_change(const YamlValue& value) {
    if (lower(value.scalar) == "none") matter_.no_change = true;
    else if (value.kind != Kind::null) wrong(value, "the only value of `change` is `none`");
  }

  void read_checks(const YamlValue& value) {
    if (value.kind == Kind::null) return;
    if (value.kind != Kind::list) return wrong(value, "`checks` is a list");
    if (value.items.size() > checks_max) return wrong(value, "`checks` has too many entries");
    for (const auto& item : value.items) {
      if (item.kind == Kind::map) read_check(item);
      else wrong(item, "a check is a map with `command` or `file`");
    }
  }

  void read_check(const YamlValue& item) {
    FrontMatterCheck entry;
    entry.check.line = item.line + 1;
    domain::FileCheck file;
    bool asks = false;  // of a file
    bool good = true;
    const auto refuse = [&](const YamlValue& value, std::string message) {
      wrong(value, std::move(message));
      good = false;
    };
    for (const auto& [key, value] : item.entries) {
      const auto name = lower(key.scalar);
      const auto flag = flag_of(value);
      if (name == "name") entry.name = value.scalar;
      else if (name == "command") entry.check.script = value.scalar;
      else if (name == "criterion") entry.criterion = value.scalar;
      else if (name == "file") file.path = value.scalar;
      else if (name == "contains") asks = true, good = read_texts(value, file.contains) && good;
      else if (name == "absent") asks = true, good = read_texts(value, file.absent) && good;
      else if (name == "missing" && flag) asks = asks || *flag, file.missing = *flag;
      else if (name == "keeps" && flag) entry.check.keeps = *flag;
      else if (name == "timeout") good = read_timeout(value, entry.check) && good;
      else refuse(key, fmt::format("a check has no key or value of this kind: {}",
                                   utf8_prefix(key.scalar, shown_max)));
    }
    const bool command = !trimmed(entry.check.script).empty();
    if (command != file.path.empty()) {
      refuse(item, "a check has either a `command` or a `file`");
    } else if (!command && !is_inside(file.path)) {
      refuse(item, "the file of a check is a path inside the repository");
    } else if (!command && !asks) {
      refuse(item, "a check of a file needs `contains`, `absent` or `missing: true`");
    }
    if (file.missing && !(file.contains.empty() && file.absent.empty())) {
      refuse(item, "what is missing has no text to ask for");
    }
    if (command && asks) refuse(item, "`contains`, `absent` and `missing` go with `file`");
    if (!good) return;
    if (!command) entry.check.file = std::move(file);
    matter_.checks.push_back(std::move(entry));
  }

  /// What a file is asked for, blanks and all. No text at all would hold for every file.
  bool read_texts(const YamlValue& value, std::vector<std::string>& texts) {
    const bool list = value.kind == Kind::list;
    const auto entries = list ? std::span(value.items) : std::span(&value, 1);
    const bool said = std::ranges::all_of(entries, [](const YamlValue& entry) {
      return entry.kind == Kind::scalar && !trimmed(entry.scalar).empty();
    });
    if (!said || entries.empty()) {
      wrong(value, "what a file contains or lacks is a text or a list of texts, none of them empty");
      return false;
    }
    for (const auto& entry : entries) texts.push_back(entry.scalar);
    return true;
  }

  static std::optional<bool> flag_of(const YamlValue& value) {
    const auto word = lower(value.scalar);
    if (word == "true" || word == "yes") return true;
    if (word == "false" || word == "no") return false;
    return std::nullopt;
  }

  bool read_timeout(const YamlValue& value, domain::Check& check) {
    const auto timeout = parse_duration(value.scalar);
    if (!timeout || *timeout <= Duration::zero() || *timeout > timeout_max) {
      wrong(value, "a timeout is a number and a unit up to 6h, such as 30s or 5m");
      return false;
    }
    check.timeout = *timeout;
    return true;
  }

  static bool is_inside(std::string_view path) {
    if (path.find('\\') != path.npos) return false;
    for (;;) {
      const auto slash = std::min(path.find('/'), path.size());
      const auto name = path.substr(0, slash);
      if (name.empty() || name == "." || name == "..") return false;
      if (slash == path.size()) return true;
      path.remove_prefix(slash + 1);
    }
  }

  FrontMatter& matter_;
  Findings& findings_;
};

/// `---` and a line that can only be YAML, without an end.
bool is_left_open(std::string_view text) {
  std::size_t at = 0;
  if (next_line(text, at) != "---") return false;
  const auto line = next_line(text, at);
  const auto colon = line.find(':');
  return colon != line.npos && colon > 0 && line.find_first_of(" *`#|[<") > colon;
}

}  // namespace

FrontMatter read_front_matter(std::string_view text, Findings& findings) {
  FrontMatter matter;
  matter.body = text;
  const auto fences = find_fences(text);
  if (!fences) {
    if (is_left_open(text)) {
      findings.add(Rule::FRONT_MATTER_INVALID, 1, 1, "the front matter has no closing `---`");
    }
    return matter;
  }
  const auto accept = [&] {
    matter.present = true;
    matter.body = text.substr(fences->after);
    matter.lines = static_cast<int>(line_starts(text.substr(0, fences->after)).size());
    if (text.substr(0, fences->after).ends_with('\n')) --matter.lines;
  };
  if (fences->yaml.size() > yaml_bytes_max) {
    accept();
    findings.add(Rule::FRONT_MATTER_INVALID, 1, 1, "the front matter is larger than 64 KiB");
    return matter;
  }
  const auto yaml = read_yaml(fences->yaml);
  if (const auto* fault = std::get_if<YamlFault>(&yaml)) {
    accept();
    findings.add(Rule::FRONT_MATTER_INVALID, fault->line + 1, fault->column,
                 fmt::format("the front matter cannot be read: {}", fault->message));
    return matter;
  }
  const auto& root = std::get<YamlValue>(yaml);
  // A sentence between two rules is Markdown, not front matter.
  if (root.kind == Kind::scalar || root.kind == Kind::list) return matter;
  accept();
  Reader(matter, findings).read(root);
  return matter;
}

}  // namespace vitana::spec

#include "config/section.h"

#include <algorithm>
#include <charconv>

#include "base/utf8.h"
#include "config/config.h"

namespace vitana::config {
namespace {

using namespace std::chrono_literals;

const Value nothing{};

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    if (!text.empty()) text += ", ";
    text += '"' + word + '"';
  }
  return text;
}

constexpr std::size_t shown_bytes_max = 60;
constexpr std::size_t texts_max = 1'000;

}  // namespace

void Findings::error(std::string rule, const Value& at, std::string message, std::string hint) {
  add(domain::Severity::error, std::move(rule), at, std::move(message), std::move(hint));
}

void Findings::warning(std::string rule, const Value& at, std::string message, std::string hint) {
  add(domain::Severity::warning, std::move(rule), at, std::move(message), std::move(hint));
}

void Findings::add(domain::Severity severity, std::string rule, const Value& at,
                   std::string message, std::string hint) {
  if (full()) {
    // An error is never left out in favour of a warning.
    const auto weaker = std::find_if(into_.rbegin(), into_.rend(), [](const auto& found) {
      return found.severity != domain::Severity::error;
    });
    if (severity != domain::Severity::error || weaker == into_.rend()) return;
    into_.erase(std::next(weaker).base());
  }
  message = printable_line(message);
  hint = printable_line(hint);
  if (at.variable.empty()) {
    into_.push_back({std::move(rule), severity, std::move(message), file_, at.line, at.column,
                     std::move(hint)});
  } else {
    into_.push_back({std::move(rule), severity,
                     printable_line(fmt::format("{}: {}", at.variable, message)), "environment", 1,
                     1, std::move(hint)});
  }
}

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  constexpr std::size_t word_max = 64;
  if (word.size() > word_max) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const auto d = distance(word, candidate);
    if (d < best_distance && d < candidate.size()) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

Section::Section(const Value* table, std::string name, Findings& findings)
    : table_(table), name_(std::move(name)), findings_(findings) {
  if (table_ != nullptr && table_->kind != Value::Kind::table) {
    findings_.error("CONFIG_TYPE", *table_,
                    fmt::format("{} must be a table, not {}", name_, words_of(table_->kind)), "");
    table_ = nullptr;
  }
}

const Value* Section::take(const std::string& key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  return table_ == nullptr ? nullptr : table_->find(key);
}

const Value& Section::place(const std::string& key) const {
  if (table_ == nullptr) return nothing;
  const Value* value = table_->find(key);
  return value == nullptr ? *table_ : *value;
}

void Section::error(const std::string& key, std::string rule, std::string message,
                    std::string hint) {
  findings_.error(std::move(rule), place(key), fmt::format("{} {}", name_, message),
                  std::move(hint));
}

void Section::wrong_type(const std::string& key, const Value& value, std::string_view wanted) {
  findings_.error("CONFIG_TYPE", value,
                  fmt::format("{} {} must be {}, not {}", name_, key, wanted, words_of(value.kind)),
                  "");
}

void Section::bad_word(const std::string& key, const Value& value, const std::string& given,
                       const std::vector<std::string>& allowed) {
  const auto meant = nearest(given, allowed);
  findings_.error(
      "CONFIG_VALUE", value,
      fmt::format("{} {} cannot be \"{}\"", name_, key, utf8_prefix(given, shown_bytes_max)),
      meant ? fmt::format("did you mean \"{}\"? allowed: {}", *meant, joined(allowed))
            : fmt::format("allowed: {}", joined(allowed)));
}

bool Section::read_text(const std::string& key, const Value& value, std::string& into) {
  if (value.kind != Value::Kind::text) {
    wrong_type(key, value, "a text");
    return false;
  }
  if (value.text.find('\0') != std::string::npos) {
    findings_.error("CONFIG_VALUE", value, fmt::format("{} {} holds a NUL character", name_, key),
                    "");
    return false;
  }
  into = value.text;
  return true;
}

void Section::text(const std::string& key, std::string& into) {
  if (const Value* value = take(key)) read_text(key, *value, into);
}

void Section::boolean(const std::string& key, bool& into) {
  const Value* value = take(key);
  if (value == nullptr) return;
  if (value->kind == Value::Kind::boolean) {
    into = value->boolean;
  } else if (!value->variable.empty() && (value->text == "true" || value->text == "false")) {
    into = value->text == "true";
  } else {
    wrong_type(key, *value, "true or false");
  }
}

void Section::number(const std::string& key, int& into, int min, int max) {
  const Value* value = take(key);
  if (value == nullptr) return;
  std::int64_t number = value->number;
  bool is_number = value->kind == Value::Kind::number;
  if (!value->variable.empty()) {
    const char* end = value->text.data() + value->text.size();
    const auto [stop, error] = std::from_chars(value->text.data(), end, number);
    is_number = error == std::errc() && stop == end;
  }
  if (!is_number) {
    wrong_type(key, *value, "a whole number");
  } else if (number < min || number > max) {
    findings_.error("CONFIG_RANGE", *value, fmt::format("{} {} cannot be {}", name_, key, number),
                    fmt::format("from {} to {}", min, max));
  } else {
    into = static_cast<int>(number);
  }
}

void Section::size(const std::string& key, std::uint64_t& into, std::uint64_t min) {
  const std::string usual = size_text(into);
  std::string given = usual;
  text(key, given);
  const auto bytes = parse_size(given);
  if (bytes && *bytes >= min) {
    into = *bytes;
    return;
  }
  error(key, bytes ? "CONFIG_RANGE" : "CONFIG_VALUE",
        fmt::format("{} is no size of {} or more", key, size_text(min)),
        fmt::format("a number and K, M, G or T, such as \"{}\"", usual));
}

void Section::duration(const std::string& key, Duration& into, Duration min, Duration max) {
  const Value* value = take(key);
  if (value == nullptr) return;
  const std::string hint =
      fmt::format("a number and a unit, such as \"{}\"; units: ms, s, m, h, d", to_string(into));
  if (value->kind == Value::Kind::number && value->number == 0 && min == 0us) {
    into = 0us;
    return;
  }
  if (value->kind != Value::Kind::text) {
    findings_.error(
        "CONFIG_TYPE", *value,
        fmt::format("{} {} must be a duration, not {}", name_, key, words_of(value->kind)), hint);
    return;
  }
  const auto read = parse_duration(value->text);
  if (!read) {
    findings_.error("CONFIG_VALUE", *value,
                    fmt::format("{} {} is no duration: \"{}\"", name_, key,
                                utf8_prefix(value->text, shown_bytes_max)),
                    hint);
  } else if (*read < min || *read > max) {
    findings_.error("CONFIG_RANGE", *value,
                    fmt::format("{} {} cannot be {}", name_, key, to_string(*read)),
                    fmt::format("from {} to {}", to_string(min), to_string(max)));
  } else {
    into = *read;
  }
}

void Section::texts(const std::string& key, std::vector<std::string>& into) {
  const Value* value = take(key);
  if (value == nullptr) return;
  std::vector<std::string> read;
  if (!value->variable.empty() && value->kind == Value::Kind::text) {
    if (!value->text.empty()) read.push_back(value->text);
    into = std::move(read);
    return;
  }
  if (value->kind != Value::Kind::array) {
    findings_.error(
        "CONFIG_TYPE", *value,
        fmt::format("{} {} must be a list of texts, not {}", name_, key, words_of(value->kind)),
        value->kind == Value::Kind::text ? "put it in brackets: [\"…\"]" : "");
    return;
  }
  if (value->array.size() > texts_max) {
    findings_.error("CONFIG_RANGE", *value,
                    fmt::format("{} {} holds {} texts", name_, key, value->array.size()),
                    fmt::format("at most {}", texts_max));
    return;
  }
  for (const Value& item : value->array) {
    std::string text;
    if (!read_text(key, item, text)) return;
    if (text.empty()) {
      findings_.error("CONFIG_VALUE", item, fmt::format("{} {} holds an empty text", name_, key),
                      "");
      return;
    }
    read.push_back(std::move(text));
  }
  into = std::move(read);
}

void Section::command(const std::string& key, std::vector<std::string>& into) {
  const Value* value = take(key);
  if (value != nullptr && value->kind == Value::Kind::text && value->variable.empty()) {
    findings_.error(
        "CONFIG_TYPE", *value,
        fmt::format("{} {} must be a list: the program, then its arguments", name_, key),
        "such as [\"./tools/fixer.sh\", \"--fast\"]; no shell reads it");
    return;
  }
  texts(key, into);
  if (value != nullptr && !into.empty() && into.front().starts_with('-')) {
    findings_.error("CONFIG_VALUE", *value,
                    fmt::format("{} {} begins with an option, not a program", name_, key), "");
  }
}

void Section::finish() {
  if (table_ == nullptr) return;
  for (const auto& [key, value] : table_->table) {
    if (findings_.full()) return;  // what a key may have meant takes its time
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const auto meant = nearest(key, known_);
    std::string hint = meant ? fmt::format("did you mean \"{}\"?", *meant)
                             : fmt::format("keys there: {}", joined(known_));
    findings_.error("CONFIG_UNKNOWN_KEY", value,
                    fmt::format("{} has no key \"{}\"", name_, utf8_prefix(key, shown_bytes_max)),
                    std::move(hint));
  }
}

}  // namespace vitana::config

// Reading one table of the document: typed keys out, findings about all that does not fit.
// Not for use outside config/.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/time.h"
#include "config/document.h"

namespace vitana::config {

/// Where findings go, and what they say about their place. Beyond `findings_max` they are dropped.
class Findings {
 public:
  static constexpr std::size_t findings_max = 200;

  Findings(std::string file, std::vector<domain::Diagnostic>& into)
      : file_(std::move(file)), into_(into) {}

  void error(std::string rule, const Value& at, std::string message, std::string hint);
  void warning(std::string rule, const Value& at, std::string message, std::string hint);

  bool full() const { return into_.size() >= findings_max; }

 private:
  void add(domain::Severity severity, std::string rule, const Value& at, std::string message,
           std::string hint);

  std::string file_;
  std::vector<domain::Diagnostic>& into_;
};

/// The candidate nearest to `word` by edit distance, when it is near enough to be what was meant.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

/// One table. Every key is asked for once; finish() reports the keys that nobody asked for. A key
/// of the wrong type or range is reported and leaves the default in place.
class Section {
 public:
  /// `name` as it is written: "[server]", "[[repos]] hub". `table` may be null: all defaults.
  Section(const Value* table, std::string name, Findings& findings);

  bool has(const std::string& key) { return take(key) != nullptr; }
  /// The key's value whatever its type; null when absent.
  const Value* take(const std::string& key);

  void text(const std::string& key, std::string& into);
  void boolean(const std::string& key, bool& into);
  void number(const std::string& key, int& into, int min, int max);
  void duration(const std::string& key, Duration& into, Duration min, Duration max);
  /// A size such as "4G", in bytes.
  void size(const std::string& key, std::uint64_t& into, std::uint64_t min);
  void texts(const std::string& key, std::vector<std::string>& into);
  /// A program and its arguments.
  void command(const std::string& key, std::vector<std::string>& into);

  /// `unsaid`: what is read, but not named as a possibility, since this version does not do it.
  template <typename Enum, std::size_t size>
  void word(const std::string& key, Enum& into, const EnumNames<Enum, size>& names,
            std::initializer_list<Enum> unsaid = {}) {
    std::string given;
    const Value* value = take(key);
    if (value == nullptr || !read_text(key, *value, given)) return;
    if (const auto found = names.value(given)) {
      into = *found;
      return;
    }
    std::vector<std::string> allowed;
    for (const auto& [entry, name] : names.entries) {
      if (std::find(unsaid.begin(), unsaid.end(), entry) == unsaid.end()) allowed.emplace_back(name);
    }
    bad_word(key, *value, given, allowed);
  }

  void error(const std::string& key, std::string rule, std::string message, std::string hint);
  void finish();

  const std::string& name() const { return name_; }
  /// Where the key stands, else where the table begins.
  const Value& place(const std::string& key) const;

 private:
  bool read_text(const std::string& key, const Value& value, std::string& into);
  void wrong_type(const std::string& key, const Value& value, std::string_view wanted);
  void bad_word(const std::string& key, const Value& value, const std::string& given,
                const std::vector<std::string>& allowed);

  const Value* table_;
  std::string name_;
  Findings& findings_;
  std::vector<std::string> known_;
};

}  // namespace vitana::config

// A run's log: what the agent printed and what happened around it, without the secrets it was
// given.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "process/fd.h"
#include "worker/agent.h"

namespace vitana::worker {

/// Replaces secrets in a stream, also where one is cut by the border of two pieces.
class Redactor {
 public:
  /// Values shorter than four bytes are not looked for: they would hide half of every text. Of a value
  /// of several lines (the file of a key) each line of eight bytes or more is hidden on its own, too.
  explicit Redactor(std::vector<std::string> secrets);

  /// What can be shown now; the start of what may become a secret is held back.
  std::string pass(std::string_view text);
  /// What was held back.
  std::string finish();
  /// A whole text, or what was cut out of one at "…": the part of a secret that is left there goes, too.
  std::string all(std::string_view text) const;
  /// The same of its message, causes and context.
  Error all(Error error) const;

 private:
  void hide_cut(std::string& text) const;

  std::vector<std::string> secrets_;
  std::string held_;
};

/// Hides what this agent was granted, as far as it is known here. Both sources may be empty: nothing is hidden.
Redactor redactor_for(const AgentSource& agents, const SecretSource& secrets, const std::string& agent);

class RunLog {
 public:
  /// Appends to `file`, which is made with its folder; where that fails only the tail is kept.
  /// Beyond `bytes_max` nothing is written but one line that says so.
  RunLog(const std::filesystem::path& file, Redactor redactor, std::uint64_t bytes_max);

  void output(std::string_view text);
  /// A line of our own: "vitana: …".
  void note(std::string_view line);
  void finish();

  /// The end of the output, printable, without our own lines.
  std::string tail() const;
  const Redactor& redactor() const { return redactor_; }

 private:
  void write(std::string_view text);

  process::Fd file_;
  Redactor redactor_;
  std::uint64_t bytes_max_;
  std::uint64_t written_ = 0;
  bool full_ = false;
  bool line_open_ = false;
  std::string tail_;
};

}  // namespace vitana::worker

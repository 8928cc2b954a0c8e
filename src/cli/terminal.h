// Where words go: data to stdout, talk to stderr, both made safe for a terminal.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace vitana::cli {

/// What the streams can show. Values, so that printing can be tested.
struct Terminal {
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool in_is_terminal = false;
  bool colour = false;   ///< on stderr: a terminal, and NO_COLOR is unset
  bool unicode = false;  ///< the locale's characters are UTF-8
  std::size_t width = 80;
  std::size_t height = 24;

  std::string_view tick() const { return unicode ? "✓" : "+"; }
  std::string_view cross() const { return unicode ? "✗" : "x"; }
  std::string_view ellipsis() const { return unicode ? "…" : "..."; }
};

/// Asks the process's streams and environment.
Terminal terminal_of_process();

enum class Ink { plain, red, yellow, green, dim };

/// The three streams of one command. Not thread-safe.
class Console {
 public:
  Console(std::FILE* out, std::FILE* err, std::istream& in, const Terminal& terminal)
      : out_(out), err_(err), in_(in), terminal_(terminal) {}
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  const Terminal& terminal() const { return terminal_; }

  /// Text to stdout; control characters of stored text are replaced. Wrapped on a terminal.
  void print(std::string_view text);
  /// Bytes to stdout: as they are where stdout is no terminal (a pipe, a file), else as print().
  void data(std::string_view bytes);
  /// Text to stderr, ended with a newline where it has none; the live line gives way to it.
  void say(std::string_view text, Ink ink = Ink::plain);
  /// The one line at the bottom of a terminal that is written over; nothing elsewhere.
  void live(std::string_view text);
  void end_live();

  /// A line of stdin without its end; nothing at the end of input, and beyond `bytes_max`.
  std::optional<std::string> read_line(std::size_t bytes_max = 1 << 16);
  /// All of stdin; nothing when it is longer than `bytes_max`.
  std::optional<std::string> read_all(std::size_t bytes_max);

  void flush();

  /// Why stdout did not take all that was printed, as far as it was flushed; nothing when it did.
  /// What was decided stays decided: only its reader did not hear of it.
  std::optional<std::string> lost() const;
  /// What was lost had a reader that wanted no more: `| head`.
  bool reader_left() const { return lost_ == EPIPE; }
  /// Flushes, and looks whether the reader of a pipe has gone, without waiting for the next words.
  bool still_read();

 private:
  void write_out(std::string_view text);

  std::FILE* out_;
  std::FILE* err_;
  std::istream& in_;
  Terminal terminal_;
  bool live_ = false;
  int lost_ = 0;  ///< errno of the first failed write to stdout
};

/// Characters of `text`: code points, which is what most terminals show as one cell.
std::size_t columns_of(std::string_view text);
/// `text` in at most `width` cells, the rest shown by an ellipsis.
std::string fit(std::string_view text, std::size_t width, const Terminal& terminal);

/// A long text of somebody else (an agent's question, say) as a person is shown it: cut, with a word about
/// where the rest is.
std::string brief(std::string_view text);

/// `text` with lines of at most `width` cells, broken between words and indented; a longer word
/// stays whole. Every line is ended.
std::string wrapped(std::string_view text, std::size_t width);

/// Columns of text. On a terminal a line is cut to the width, on a narrow one (under 60) there are
/// no columns; elsewhere nothing is cut.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() < 2; }
  std::string text(const Terminal& terminal) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// "2026-01-25T09:00:00Z"
std::string to_seconds(Instant at);

/// "3.2 s ago", "in 4 min": `at` seen from `now`.
std::string relative(Instant at, Instant now);

/// The frame of a spinner for a moment.
std::string_view spinner_frame(Duration elapsed, const Terminal& terminal);

}  // namespace vitana::cli

#include "cli/terminal.h"

#include <fmt/format.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <istream>
#include <system_error>

#include "base/utf8.h"

namespace vitana::cli {
namespace {

std::string_view escape_of(Ink ink) {
  switch (ink) {
    case Ink::plain:
      return "";
    case Ink::red:
      return "\x1b[31m";
    case Ink::yellow:
      return "\x1b[33m";
    case Ink::green:
      return "\x1b[32m";
    case Ink::dim:
      return "\x1b[2m";
  }
  return "";
}

/// To stderr: when it cannot be written there is nobody left to tell.
void write(std::FILE* file, std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), file);
}

std::size_t number_of(const char* text, std::size_t otherwise) {
  if (text == nullptr) return otherwise;
  const long value = std::strtol(text, nullptr, 10);
  return value > 0 && value < 10'000 ? static_cast<std::size_t>(value) : otherwise;
}

}  // namespace

Terminal terminal_of_process() {
  Terminal t;
  t.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  t.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  t.in_is_terminal = ::isatty(STDIN_FILENO) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  t.colour = t.err_is_terminal && !dumb && (no_color == nullptr || *no_color == '\0');
  (void)std::setlocale(LC_CTYPE, "");
  t.unicode = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  winsize size{};
  const bool asked =
      ::ioctl(t.out_is_terminal ? STDOUT_FILENO : STDERR_FILENO, TIOCGWINSZ, &size) == 0;
  t.width = asked && size.ws_col > 0 ? size.ws_col : number_of(std::getenv("COLUMNS"), 80);
  t.height = asked && size.ws_row > 0 ? size.ws_row : number_of(std::getenv("LINES"), 24);
  return t;
}

Console::~Console() {
  end_live();
  flush();
}

void Console::print(std::string_view text) {
  end_live();
  const auto safe = printable(text);
  write_out(terminal_.out_is_terminal ? wrapped(safe, terminal_.width) : safe);
}

void Console::data(std::string_view bytes) {
  end_live();
  write_out(terminal_.out_is_terminal ? printable(bytes) : std::string(bytes));
}

void Console::say(std::string_view text, Ink ink) {
  flush();
  end_live();
  std::string safe = printable(text);
  while (safe.ends_with('\n')) safe.pop_back();
  if (terminal_.err_is_terminal) safe = wrapped(safe, terminal_.width);
  while (safe.ends_with('\n')) safe.pop_back();
  if (terminal_.colour && ink != Ink::plain) {
    write(err_, fmt::format("{}{}\x1b[0m\n", escape_of(ink), safe));
  } else {
    write(err_, safe + "\n");
  }
  (void)std::fflush(err_);
}

void Console::live(std::string_view text) {
  if (!terminal_.err_is_terminal) return;
  std::string safe = printable(text);
  std::replace(safe.begin(), safe.end(), '\n', ' ');
  write(err_, "\r\x1b[K" + fit(safe, terminal_.width > 1 ? terminal_.width - 1 : 1, terminal_));
  (void)std::fflush(err_);
  live_ = true;
}

void Console::end_live() {
  if (!live_) return;
  write(err_, "\r\x1b[K");
  (void)std::fflush(err_);
  live_ = false;
}

std::optional<std::string> Console::read_line(std::size_t bytes_max) {
  std::string line;
  for (int c = in_.get(); c != std::istream::traits_type::eof(); c = in_.get()) {
    if (c == '\n') {
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    if (line.size() >= bytes_max) return std::nullopt;
    line.push_back(static_cast<char>(c));
  }
  if (line.empty()) return std::nullopt;
  return line;
}

std::optional<std::string> Console::read_all(std::size_t bytes_max) {
  std::string text;
  char buffer[4096];
  while (in_.read(buffer, sizeof buffer) || in_.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(in_.gcount()));
    if (text.size() > bytes_max) return std::nullopt;
  }
  return text;
}

void Console::flush() {
  if (std::fflush(out_) != 0 && lost_ == 0) lost_ = errno;
  (void)std::fflush(err_);
}

void Console::write_out(std::string_view text) {
  if (lost_ != 0) return;  // what follows a gap would be taken for the whole
  if (std::fwrite(text.data(), 1, text.size(), out_) != text.size()) lost_ = errno;
}

bool Console::still_read() {
  flush();
  pollfd out{.fd = ::fileno(out_), .events = 0, .revents = 0};
  if (out.fd >= 0 && ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0 && lost_ == 0) {
    lost_ = EPIPE;
  }
  return lost_ == 0;
}

std::optional<std::string> Console::lost() const {
  if (lost_ == 0) return std::nullopt;
  return std::generic_category().message(lost_);
}

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string fit(std::string_view text, std::size_t width, const Terminal& terminal) {
  if (columns_of(text) <= width) return std::string(text);
  const auto mark = terminal.ellipsis();
  const std::size_t keep = width > columns_of(mark) ? width - columns_of(mark) : 0;
  std::size_t bytes = 0;
  for (std::size_t cells = 0; bytes < text.size(); ++bytes) {
    const bool starts = (static_cast<unsigned char>(text[bytes]) & 0xC0U) != 0x80U;
    if (starts && cells++ == keep) break;
  }
  return std::string(text.substr(0, bytes)) + std::string(mark);
}

std::string brief(std::string_view text) {
  constexpr std::size_t bytes_max = 2000;
  if (text.size() <= bytes_max) return std::string(text);
  return fmt::format("{} ... ({} bytes; all of it: --json)", utf8_prefix(text, bytes_max), text.size());
}

std::string wrapped(std::string_view text, std::size_t width) {
  constexpr std::size_t width_min = 10;  // narrower than that nothing reads well
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto first = std::min(line.find_first_not_of(' '), line.size());
    const std::string indent(std::min(first + 4, width / 2), ' ');
    std::size_t room = std::max(width, width_min);
    while (columns_of(line) > room) {
      // The last space that leaves the words before it within the width; else the next one.
      std::size_t cut = line.npos;
      for (auto at = line.find(' ', std::min(first + 1, line.size())); at != line.npos;
           at = line.find(' ', at + 1)) {
        if (columns_of(line.substr(0, at)) > room && cut != line.npos) break;
        if (line.substr(0, at).find_first_not_of(' ') != line.npos) cut = at;
        if (columns_of(line.substr(0, at)) > room) break;
      }
      if (cut == line.npos) break;
      out += std::string(line.substr(0, cut)) + "\n" + indent;
      line.remove_prefix(std::min(line.find_first_not_of(' ', cut), line.size()));
      room = std::max(width, width_min + indent.size()) - indent.size();
    }
    out += std::string(line) + "\n";
  }
  return out;
}

std::string Table::text(const Terminal& terminal) const {
  constexpr std::size_t padded_max = 60;
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], std::min(columns_of(row[i]), padded_max));
  }
  std::string all;
  // Too narrow for columns: a row is what its cells say, wrapped as any other text. Most of the last cell has
  // to be seen: it says what a row is about.
  constexpr std::size_t columns_min = 60;
  constexpr std::size_t last_min = 24;
  std::size_t needed = std::min(widths.empty() ? 0 : widths.back(), last_min);
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) needed += widths[i] + 2;
  const bool columns = !terminal.out_is_terminal || terminal.width >= std::max(columns_min, needed);
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      line += row[i];
      const auto used = columns_of(row[i]);
      if (columns && i + 1 < row.size() && used < widths[i]) line.append(widths[i] - used, ' ');
    }
    // Stored text may hold line ends; a row is one line.
    std::replace(line.begin(), line.end(), '\n', ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    all += (terminal.out_is_terminal && columns ? fit(line, terminal.width, terminal) : line) + "\n";
  }
  return all;
}

std::string to_seconds(Instant at) { return to_rfc3339(at).substr(0, std::size("2026-01-25T09:00:00") - 1) + "Z"; }

std::string relative(Instant at, Instant now) {
  return at <= now ? to_words(now - at) + " ago" : "in " + to_words(at - now);
}

std::string_view spinner_frame(Duration elapsed, const Terminal& terminal) {
  static constexpr std::string_view braille[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
  static constexpr std::string_view plain[] = {"-", "\\", "|", "/"};
  const auto step = static_cast<std::size_t>(elapsed / std::chrono::milliseconds(100));
  return terminal.unicode ? braille[step % std::size(braille)] : plain[step % std::size(plain)];
}

}  // namespace vitana::cli

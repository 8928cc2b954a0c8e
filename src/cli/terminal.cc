#include "cli/terminal.h"

#include <fmt/format.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <istream>

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

void write(std::FILE* file, std::string_view text) {
  // A reader that went away ends the process by SIGPIPE; a full disk cannot be told to anybody.
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
  write(out_, printable(text));
}

void Console::data(std::string_view bytes) {
  end_live();
  write(out_, terminal_.out_is_terminal ? printable(bytes) : std::string(bytes));
}

void Console::say(std::string_view text, Ink ink) {
  end_live();
  (void)std::fflush(out_);
  std::string safe = printable(text);
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
  (void)std::fflush(out_);
  (void)std::fflush(err_);
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

std::string Table::text(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string all;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - columns_of(row[i]), ' ');
    }
    // Stored text may hold line ends; a row is one line.
    std::replace(line.begin(), line.end(), '\n', ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    all += (terminal.out_is_terminal ? fit(line, terminal.width, terminal) : line) + "\n";
  }
  return all;
}

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

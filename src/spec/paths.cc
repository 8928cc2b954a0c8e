#include "spec/paths.h"

#include <algorithm>
#include <array>

namespace vitana::spec {
namespace {

bool is_path_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("._-/@+[]()$~").find(c) != std::string_view::npos;
}

bool is_file_extension(std::string_view extension) {
  static constexpr auto known = std::to_array<std::string_view>(
      {"bat", "c", "cc", "cfg", "cjs", "conf", "cpp", "cs", "css", "csv", "env", "go", "gradle",
       "h", "hpp", "html", "ini", "java", "js", "json", "jsx", "kt", "less", "lock", "md", "mjs",
       "mod", "php", "prisma", "proto", "py", "rb", "rs", "scss", "sh", "sql", "svg", "swift",
       "tf", "toml", "ts", "tsx", "txt", "vue", "xml", "yaml", "yml"});
  return std::binary_search(known.begin(), known.end(), extension);
}

bool is_outside(std::string_view path) {
  return path.starts_with('/') || path.starts_with('~') || path.starts_with("../") ||
         path.find("/../") != path.npos || path.find("//") != path.npos;
}

}  // namespace

std::string_view path_in(std::string_view code) {
  constexpr std::size_t path_max = 300;
  if (code.starts_with("./")) code.remove_prefix(2);
  const auto colon = code.find(':');
  const bool line_number = colon != code.npos && colon + 1 < code.size() &&
                           code.find_first_not_of("0123456789-,:", colon) == code.npos;
  if (line_number) code = code.substr(0, colon);
  if (code.size() < 3 || code.size() > path_max || is_outside(code)) return {};
  if (!std::all_of(code.begin(), code.end(), is_path_char)) return {};
  const auto dot = code.rfind('.');
  const auto slash = code.rfind('/');
  const bool named = dot != code.npos && dot + 1 < code.size() &&
                     (slash == code.npos || dot > slash) &&
                     is_file_extension(code.substr(dot + 1));
  return named ? code : std::string_view();
}

void PathCollector::see(std::string_view code) {
  if (paths_.size() >= paths_max) return;
  const auto path = path_in(code);
  if (!path.empty() && seen_.emplace(path).second) paths_.emplace_back(path);
}

void PathCollector::see_words(std::string_view text) {
  while (!text.empty() && paths_.size() < paths_max) {
    const auto start = text.find_first_not_of(" \t\n\r,;");
    if (start == text.npos) return;
    text.remove_prefix(start);
    const auto end = std::min(text.find_first_of(" \t\n\r,;"), text.size());
    see(text.substr(0, end));
    text.remove_prefix(end);
  }
}

}  // namespace vitana::spec

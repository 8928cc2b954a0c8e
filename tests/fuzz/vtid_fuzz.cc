// Ids: what is read is written back, and nothing but an id is read as one.
#include <string>

#include "base/failure.h"
#include "base/vtid.h"
#include "fuzz/input.h"

namespace {

using namespace vitana;

/// The rule, said a second time: the prefix in any case, one to nine digits, not all zero.
bool is_id(std::string_view text) {
  constexpr std::string_view prefix = "VTID-";
  if (text.size() <= prefix.size() || text.size() > prefix.size() + 9) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    const char c = text[i];
    if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c) != prefix[i]) return false;
  }
  text.remove_prefix(prefix.size());
  return text.find_first_not_of("0123456789") == text.npos &&
         text.find_first_not_of('0') != text.npos;
}

void check_error(const Error& error) {
  CHECK(error.code == FailureCode::VTID_INVALID || error.code == FailureCode::VTID_LEGACY_FORM);
  CHECK(!error.message.empty());
}

void check_round_trip(Vtid id) {
  const auto text = id.to_string();
  CHECK(text.size() >= 10 && is_id(text));
  const auto again = Vtid::parse(text);
  CHECK(again && *again == id);
  for (const auto* tail : {".md", "-slug.md", "-a-b.md", "", "-x1.md"}) {
    const auto named = vtid_of_file_name(text + tail);
    CHECK(named && *named && **named == id);
  }
  for (const auto* frame : {"# {}: Title", "{}", "see {}.", "(after {})", "| {} |"}) {
    std::string sentence = frame;
    sentence.replace(sentence.find("{}"), 2, text);
    const auto found = vtid_in_text(sentence);
    CHECK(found && *found && **found == id);
  }
  for (const int attempt : {1, 2, 1'000'000}) {
    const RunId run{id, attempt};
    CHECK(RunId::parse(run.to_string()) == run);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Input input(data, size);
  const auto text = input.rest();

  const auto id = Vtid::parse(text);
  CHECK(id.has_value() == is_id(text));
  if (id) {
    CHECK(id->number() > 0 && id->number() <= Vtid::number_max);
    check_round_trip(*id);
  } else {
    check_error(id.error());
  }

  if (const auto named = vtid_of_file_name(text)) {
    if (*named) {
      // A name claims no digits that it does not show.
      CHECK(text.find(std::to_string((*named)->number())) != text.npos);
      check_round_trip(**named);
    } else {
      check_error(named->error());
    }
  }
  if (const auto found = vtid_in_text(text)) {
    if (*found) CHECK(text.find(std::to_string((*found)->number())) != text.npos);
    else CHECK(found->error().code == FailureCode::VTID_LEGACY_FORM);
  }
  if (const auto run = RunId::parse(text)) {
    CHECK(run->attempt >= 1);
    CHECK(RunId::parse(run->to_string()) == run);
  }
  return 0;
}

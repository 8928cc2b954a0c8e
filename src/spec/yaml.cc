#include "spec/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <utility>

#include "base/utf8.h"

namespace vitana::spec {
namespace {

/// Leaves the parser in the middle; caught in read_yaml.
struct Refused : std::exception {
  explicit Refused(YamlFault what_is_wrong) : fault(std::move(what_is_wrong)) {}
  YamlFault fault;
};

class Builder : public YAML::EventHandler {
 public:
  YamlValue take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    put(value(YamlValue::Kind::null, mark, anchor, {}));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse("aliases are not read here", mark);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    // "\\0" in quotes makes one; no command, path or word of ours can hold it.
    if (text.find('\0') != text.npos) refuse("a value holds a NUL character", mark);
    auto scalar = value(YamlValue::Kind::scalar, mark, anchor, tag);
    scalar.scalar = utf8_clean(text);  // the parser makes one byte of "\\N" and "\\_"
    put(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(value(YamlValue::Kind::list, mark, anchor, tag), mark);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(value(YamlValue::Kind::map, mark, anchor, tag), mark);
  }
  void OnMapEnd() override { end(); }

 private:
  static constexpr std::size_t depth_max = 6;
  static constexpr std::size_t values_max = 2'000;

  struct Frame {
    YamlValue value;
    bool has_key = false;
    YamlValue key;
  };

  [[noreturn]] static void refuse(std::string message, const YAML::Mark& mark) {
    throw Refused({std::move(message), mark.line + 1, mark.column + 1});
  }

  YamlValue value(YamlValue::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor,
                  const std::string& tag) {
    if (++values_ > values_max) refuse("it holds too many values", mark);
    if (anchor != YAML::NullAnchor) refuse("anchors are not read here", mark);
    // "?" and "!" are what the parser reports for plain and for quoted values.
    if (!tag.empty() && tag != "?" && tag != "!") refuse("tags are not read here", mark);
    YamlValue made;
    made.kind = kind;
    made.line = mark.line + 1;
    made.column = mark.column + 1;
    return made;
  }

  void begin(YamlValue made, const YAML::Mark& mark) {
    if (frames_.size() >= depth_max) refuse("it is nested too deeply", mark);
    frames_.push_back({std::move(made), false, {}});
  }

  void end() {
    auto done = std::move(frames_.back().value);
    frames_.pop_back();
    put(std::move(done));
  }

  void put(YamlValue made) {
    if (frames_.empty()) {
      root_ = std::move(made);
      return;
    }
    auto& frame = frames_.back();
    if (frame.value.kind == YamlValue::Kind::list) {
      frame.value.items.push_back(std::move(made));
    } else if (!frame.has_key) {
      take_key(frame, std::move(made));
    } else {
      frame.value.entries.push_back({std::move(frame.key), std::move(made)});
      frame.has_key = false;
    }
  }

  static void take_key(Frame& frame, YamlValue key) {
    const auto fault = [&](std::string message) {
      throw Refused({std::move(message), key.line, key.column});
    };
    if (key.kind != YamlValue::Kind::scalar) fault("a key is a word");
    const auto& entries = frame.value.entries;
    const bool twice = std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
      return entry.key.scalar == key.scalar;
    });
    if (twice) fault("the key \"" + key.scalar + "\" stands twice");
    frame.key = std::move(key);
    frame.has_key = true;
  }

  YamlValue root_;
  std::vector<Frame> frames_;
  std::size_t values_ = 0;
};

}  // namespace

std::variant<YamlValue, YamlFault> read_yaml(std::string_view text) {
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder;
    if (!parser.HandleNextDocument(builder)) return YamlValue();
    return builder.take();
  } catch (const Refused& refused) {
    return refused.fault;
  } catch (const YAML::Exception& error) {
    return YamlFault{error.msg, std::max(error.mark.line, 0) + 1,
                     std::max(error.mark.column, 0) + 1};
  } catch (const std::exception& error) {
    return YamlFault{error.what(), 1, 1};
  }
}

}  // namespace vitana::spec

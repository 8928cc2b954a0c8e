// The figures of a running engine, in the text format of Prometheus.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/route.h"

namespace vitana::gateway {

/// One family after the other, each with its help and its type before its samples.
class Exposition {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  /// `type`: counter, gauge or histogram. What follows are its samples.
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(const Labels& labels, double value) { line("", labels, value); }
  /// `bounds` ascending; `counts` of what lies at or below each and above the one before, with one more for the rest.
  template <typename Bounds, typename Counts>
  void histogram(const Labels& labels, const Bounds& bounds, const Counts& counts, double sum) {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      all += counts[i];
      bucket(labels, number(static_cast<double>(bounds[i])), all);
    }
    for (std::size_t i = bounds.size(); i < counts.size(); ++i) all += counts[i];
    bucket(labels, "+Inf", all);
    line("_sum", labels, sum);
    line("_count", labels, static_cast<double>(all));
  }
  const std::string& text() const { return text_; }

 private:
  static std::string number(double value);
  void bucket(const Labels& labels, const std::string& bound, std::uint64_t count);
  void line(std::string_view suffix, const Labels& labels, double value);

  std::string name_;
  std::string text_;
};

/// Handler. A caller who is bound to repositories sees how their tasks stand, and nothing of the whole.
Result<Response> get_metrics(Exchange& exchange);

}  // namespace vitana::gateway

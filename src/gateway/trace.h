// W3C trace context: a request as part of what its caller does.
#pragma once

#include <string>
#include <string_view>

namespace vitana::gateway {

struct Trace {
  std::string id;     ///< 32 hexadecimal digits: the whole of which this request is a part
  std::string span;   ///< 16: this request
  std::string flags;  ///< 2, as the caller sent them

  /// The header `traceparent`.
  std::string text() const { return "00-" + id + "-" + span + "-" + flags; }
};

/// The caller's trace, where its header `traceparent` is one; else a new one. The span is new. Thread-safe.
Trace trace_of(std::string_view traceparent);

}  // namespace vitana::gateway

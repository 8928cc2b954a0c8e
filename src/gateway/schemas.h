// The files of gateway/schema, as they were when the program was built.
#pragma once

#include <span>
#include <string_view>

namespace vitana::gateway {

struct SchemaText {
  std::string_view name;  ///< the file's, without its ending
  std::string_view json;
};

/// By name.
std::span<const SchemaText> schema_texts();

}  // namespace vitana::gateway

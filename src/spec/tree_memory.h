// Memory for the parser's trees: a tree has thousands of small parts that go at the same time.
#pragma once

#include <cmark-gfm.h>

namespace vitana::spec {

/// While one of these lives, what `parser_memory()` gives out on its thread stays; when the last
/// one of the thread goes, all of it is taken back at once. A tree is made, read and dropped on one
/// thread. Trees of one thread share the memory.
class TreeMemory {
 public:
  TreeMemory();
  ~TreeMemory();
  TreeMemory(const TreeMemory&) = delete;
  TreeMemory& operator=(const TreeMemory&) = delete;

  /// For cmark_parser_new_with_mem.
  cmark_mem* parser_memory() const;
};

}  // namespace vitana::spec

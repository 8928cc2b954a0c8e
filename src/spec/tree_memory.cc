#include "spec/tree_memory.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/check.h"

namespace vitana::spec {
namespace {

#if defined(__SANITIZE_ADDRESS__)
#define VITANA_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VITANA_SANITIZED
#endif
#endif

#ifdef VITANA_SANITIZED
// Each piece is a block of its own: the sanitizer sees what is read beyond it.
constexpr std::size_t block_bytes = 0;
#else
constexpr std::size_t block_bytes = std::size_t{256} << 10;
#endif
constexpr std::size_t alignment = alignof(std::max_align_t);

/// Each piece is preceded by its size, which growing it needs.
class Pool {
 public:
  void* take(std::size_t bytes) {
    const auto whole = alignment + (bytes + alignment - 1) / alignment * alignment;
    if (whole > left_) add_block(whole);
    std::byte* const piece = next_ + alignment;
    std::memcpy(next_, &bytes, sizeof bytes);
    next_ += whole;
    left_ -= whole;
    return piece;
  }

  static std::size_t size_of(const void* piece) {
    std::size_t bytes = 0;
    std::memcpy(&bytes, static_cast<const std::byte*>(piece) - alignment, sizeof bytes);
    return bytes;
  }

  void open() { ++users_; }

  void close() {
    CHECK(users_ > 0);
    if (--users_ > 0 || blocks_.empty()) return;
    blocks_.resize(1);
    next_ = blocks_.front().get();
    left_ = block_bytes;
  }

  bool in_use() const { return users_ > 0; }

 private:
  void add_block(std::size_t bytes_min) {
    const auto bytes = blocks_.empty() ? block_bytes : std::max(block_bytes, bytes_min);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
    next_ = blocks_.back().get();
    left_ = bytes;
    if (bytes < bytes_min) add_block(bytes_min);
  }

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
  int users_ = 0;
};

Pool& pool() {
  thread_local Pool own;
  return own;
}

void* take_zeroed(std::size_t count, std::size_t size) {
  CHECK(pool().in_use());
  return std::memset(pool().take(count * size), 0, count * size);
}

void* resize(void* piece, std::size_t bytes) {
  CHECK(pool().in_use());
  if (piece != nullptr && bytes <= Pool::size_of(piece)) return piece;
  void* const larger = pool().take(bytes);
  if (piece != nullptr) std::memcpy(larger, piece, Pool::size_of(piece));
  return larger;
}

void leave(void*) {}

}  // namespace

TreeMemory::TreeMemory() { pool().open(); }

TreeMemory::~TreeMemory() { pool().close(); }

cmark_mem* TreeMemory::parser_memory() const {
  static cmark_mem memory{take_zeroed, resize, leave};
  return &memory;
}

}  // namespace vitana::spec

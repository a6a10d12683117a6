// Large arrays on large pages, where the system offers them: a page fault for every 4 KiB costs more
// than writing them does.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace jtconv {

constexpr std::size_t kHugePage = std::size_t{1} << 21;

inline void advise_huge_pages([[maybe_unused]] void* start, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__)
  const auto begin = (reinterpret_cast<std::uintptr_t>(start) + kHugePage - 1) / kHugePage * kHugePage;
  const auto end = (reinterpret_cast<std::uintptr_t>(start) + bytes) / kHugePage * kHugePage;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // advice: failing is fine
#endif
}

// An array for the time of a call, with uninitialised entries.
template <typename T>
class Scratch {
 public:
  explicit Scratch(std::size_t size) {
    const std::size_t alignment = size * sizeof(T) >= kHugePage ? kHugePage : 64;
    const std::size_t bytes = (size * sizeof(T) + alignment - 1) / alignment * alignment;
    data_.reset(static_cast<T*>(std::aligned_alloc(alignment, bytes ? bytes : alignment)));
    if (!data_) throw std::bad_alloc();
    advise_huge_pages(data_.get(), bytes);
  }
  Scratch(Scratch&&) = default;
  Scratch& operator=(Scratch&&) = default;
  T* get() const { return data_.get(); }

 private:
  struct Free {
    void operator()(T* data) const { std::free(data); }
  };
  std::unique_ptr<T, Free> data_;
};

}  // namespace jtconv

// A block of rows of a product: for each, where its result is written and what each tap reads.

#pragma once

#include <algorithm>
#include <vector>

#include "layer.h"
#include "microkernels.h"

namespace jtconv {

constexpr Size kBlockRows = 132;  // so that what they read stays in the second-level cache
static_assert(kBlockRows % kRowMultiple == 0, "a full block is of whole tiles");

template <typename T>
class RowBlock {
 public:
  RowBlock(Size taps, Size source_channels, Size result_channels)
      : zeros_(source_channels, T(0)), spill_(result_channels), sources_(taps * kBlockRows), results_(kBlockRows) {}

  Size rows() const { return rows_; }
  Size free() const { return kBlockRows - rows_; }
  const T* const* sources(Size tap) const { return sources_.data() + tap * kBlockRows; }
  T* const* results() const { return results_.data(); }

  // Appends `count` rows, whose results are `step` apart. Their sources follow, tap by tap, then finish().
  void add_results(T* first, Size step, Size count) {
    for (Size r = 0; r < count; ++r) results_[rows_ + r] = first + r * step;
    added_ = count;
  }

  // Sets the sources of a tap for them: for those from `begin` to `end` positions `step` apart, counted
  // from `first`, for the others zeros.
  void add_sources(Size tap, const T* first, Size step, Size begin, Size end) {
    const T** to = sources_.data() + tap * kBlockRows + rows_;
    std::fill(to, to + begin, zeros_.data());
    for (Size r = begin; r < end; ++r) to[r] = first + r * step;
    std::fill(to + end, to + added_, zeros_.data());
  }

  void add_zeros(Size tap) { add_sources(tap, nullptr, 0, 0, 0); }

  void finish() { rows_ += added_; }
  void clear() { rows_ = 0; }

  // Fills up the last tile with rows that read zeros and write to a spill area. Returns the taps that
  // read anything but zeros in some row.
  std::vector<Size> pad_to_tiles(Size taps) {
    std::vector<Size> used;
    const Size whole = ceil_div(rows_, kRowMultiple) * kRowMultiple;
    std::fill(results_.begin() + rows_, results_.begin() + whole, spill_.data());
    for (Size tap = 0; tap < taps; ++tap) {
      const T** begin = sources_.data() + tap * kBlockRows;
      std::fill(begin + rows_, begin + whole, zeros_.data());
      if (std::any_of(begin, begin + rows_, [this](const T* from) { return from != zeros_.data(); }))
        used.push_back(tap);
    }
    return used;
  }

 private:
  std::vector<T> zeros_, spill_;
  std::vector<const T*> sources_;  // (taps, kBlockRows)
  std::vector<T*> results_;
  Size rows_ = 0, added_ = 0;
};

}  // namespace jtconv

// A block of results, with a pointer to what each tap reads for each of them.

#pragma once

#include <algorithm>
#include <vector>

#include "layer.h"
#include "tiles.h"

namespace jtconv {

template <typename T>
class RowBlock {
 public:
  static constexpr Size kRows = 132;  // so that what they read stays in the second cache
  static constexpr Size kUnit = 12;   // every tile's rows divide it

  RowBlock(Size taps, Size source_channels, Size result_channels)
      : zeros_(source_channels, T(0)), spill_(result_channels), sources_(taps * kRows), results_(kRows) {}

  Size rows() const { return rows_; }
  Size free() const { return kRows - rows_; }
  const T* const* sources(Size tap) const { return sources_.data() + tap * kRows; }
  T* const* results() const { return results_.data(); }

  // Appends `count` results, `step` apart.
  void add_results(T* first, Size step, Size count) {
    for (Size r = 0; r < count; ++r) results_[rows_ + r] = first + r * step;
    added_ = count;
  }

  // What they read by one tap: those from `begin` to `end`, `step` apart, and zeros for the others.
  void add_sources(Size tap, const T* first, Size step, Size begin, Size end) {
    const T** to = sources_.data() + tap * kRows + rows_;
    std::fill(to, to + begin, zeros_.data());
    for (Size r = begin; r < end; ++r) to[r] = first + r * step;
    std::fill(to + end, to + added_, zeros_.data());
  }

  void add_zeros(Size tap) { add_sources(tap, nullptr, 0, 0, 0); }

  void finish() { rows_ += added_; }
  void clear() { rows_ = 0; }

  // Fills up to whole tiles with rows that read zeros and write nowhere. Returns the taps that read
  // anything else in some row.
  std::vector<Size> complete(Size taps) {
    std::vector<Size> used;
    const Size whole = ceil_div(rows_, kUnit) * kUnit;
    std::fill(results_.begin() + rows_, results_.begin() + whole, spill_.data());
    for (Size tap = 0; tap < taps; ++tap) {
      const T** begin = sources_.data() + tap * kRows;
      std::fill(begin + rows_, begin + whole, zeros_.data());
      if (std::any_of(begin, begin + rows_, [this](const T* from) { return from != zeros_.data(); }))
        used.push_back(tap);
    }
    return used;
  }

 private:
  std::vector<T> zeros_, spill_;
  std::vector<const T*> sources_;  // (taps, kRows)
  std::vector<T*> results_;
  Size rows_ = 0, added_ = 0;
};

}  // namespace jtconv

// The matrices that a kernel's taps multiply by, cut into panels of a tile's width.
//
// For many rows they are rearranged once, so that a tile reads them in order. Where only a few blocks
// of rows use them, each rearranges the part that it needs next: it is then in the cache, and no copy
// of the kernel is written. For fewer rows still, the transpose uses them as they lie.

#pragma once

#include <algorithm>
#include <vector>

#include "layer.h"
#include "memory.h"
#include "parallel.h"
#include "tiles.h"

namespace jtconv {

enum class Storage {
  packed,    // rearranged beforehand: rows of a panel's width
  late,      // by whoever uses it
  dots,      // as it lies, for the transpose: the columns of the matrix are contiguous
  by_group,  // each group's matrix transposed where it lies, for the transpose: for small groups
};

template <typename T>
class KernelMatrices {
 public:
  static constexpr Size kPanel = 2 * kLanes<T>;
  static constexpr Size kDotsPanel = 3;

  KernelMatrices(const Layer& layer, Direction direction, Storage storage, const T* kernel,
                 const std::vector<Phase>& phases, Size depth, Size columns)
      : layer_(layer),
        direction_(direction),
        storage_(storage),
        kernel_(kernel),
        phases_(phases),
        depth(depth),
        columns(columns),
        panel(storage == Storage::dots ? kDotsPanel : kPanel),
        panels(ceil_div(columns, panel)),
        packed_(0) {
    if (storage == Storage::by_group) packed_ = Scratch<T>(layer.taps() * layer.in_ch * kernel_step());
    if (storage != Storage::packed) return;
    Size size = 0;
    for (const Phase& phase : phases) {
      begins_.push_back(size);
      size += phase.taps.size() * depth * layer.groups * padded_columns();
    }
    packed_ = Scratch<T>(size);
  }

  // Does what there is to do beforehand.
  void pack(Workers& workers) {
    if (storage_ == Storage::by_group) transpose_groups();
    if (storage_ != Storage::packed) return;
    workers.each(phases_.size() * layer_.groups * panels, [this](Size task) {
      const Size phase = task / panels / layer_.groups, group = task / panels % layer_.groups;
      const Size panel_index = task % panels;
      T* to = packed_panel(phase, group, panel_index);
      for (Size tap = 0; tap < Size(phases_[phase].taps.size()); ++tap, to += depth * padded(width(panel_index)))
        pack(phase, group, panel_index, tap, 0, depth, to);
    });
  }

  // Columns of a panel that exist, and the distance between its rows (between its columns for dots).
  Size width(Size panel_index) const { return std::min(panel, columns - panel_index * panel); }
  Size step(Size panel_index) const { return storage_ == Storage::dots ? kernel_step() : padded(width(panel_index)); }

  // A panel of the matrix of a phase's tap-th tap, from row `from` on, unless it is packed late.
  // Packed, the taps of a phase follow one another.
  const T* at(Size phase, Size group, Size panel_index, Size tap, Size from) const {
    if (storage_ == Storage::packed)
      return packed_panel(phase, group, panel_index) + (tap * depth + from) * padded(width(panel_index));
    return tap_matrix(phases_[phase].taps[tap], group) + panel_index * panel * kernel_step() + from;
  }

  // Packs rows of that, from `from` to `end`.
  void pack(Size phase, Size group, Size panel_index, Size tap, Size from, Size end, T* to) const {
    const Size count = width(panel_index), wide = padded(count), first = panel_index * kPanel;
    const bool forward = direction_ == Direction::forward;
    const Size row_step = forward ? kernel_step() : 1, column_step = forward ? 1 : kernel_step();
    const T* matrix = tap_matrix(phases_[phase].taps[tap], group) + first * column_step;
    if (count == kPanel && column_step == 1) return copy_rows(matrix + from * row_step, row_step, end - from, to);
    for (Size row = from; row < end; ++row, to += wide) {
      for (Size column = 0; column < count; ++column) to[column] = matrix[row * row_step + column * column_step];
      std::fill(to + count, to + wide, T(0));
    }
  }

  // For small groups: the rows of a tap's matrices, those of all groups side by side.
  const T* by_channel(Size tap) const {
    return storage_ == Storage::by_group ? packed_.get() + tap * layer_.in_ch * kernel_step() : tap_matrix(tap, 0);
  }

 private:
  static Size padded(Size width) { return width <= kLanes<T> ? kLanes<T> : kPanel; }
  Size padded_columns() const { return (panels - 1) * kPanel + padded(width(panels - 1)); }
  Size kernel_step() const { return layer_.groups * layer_.out_ch; }

  const T* tap_matrix(Size tap, Size group) const {
    return kernel_ + tap * layer_.in_ch * kernel_step() + group * layer_.out_ch;
  }

  void transpose_groups() {
    const Size channels = layer_.in_ch;  // as many as out_ch
    T* to = packed_.get();
    for (Size tap = 0; tap < layer_.taps(); ++tap)
      for (Size row = 0; row < channels; ++row)
        for (Size group = 0; group < layer_.groups; ++group)
          for (Size column = 0; column < channels; ++column)
            *to++ = tap_matrix(tap, group)[column * kernel_step() + row];
  }

  T* packed_panel(Size phase, Size group, Size panel_index) const {
    const Size before = group * padded_columns() + panel_index * kPanel;
    return packed_.get() + begins_[phase] + before * depth * Size(phases_[phase].taps.size());
  }

  static void copy_rows(const T* from, Size step, Size rows, T* to) {
    for (Size row = 0; row < rows; ++row, from += step, to += kPanel) std::copy_n(from, kPanel, to);
  }

  const Layer& layer_;
  const Direction direction_;
  const Storage storage_;
  const T* const kernel_;
  const std::vector<Phase>& phases_;
  std::vector<Size> begins_;  // of each phase's part

 public:
  const Size depth, columns;  // of one matrix, for all neighbours that are taken together
  const Size panel, panels;

 private:
  Scratch<T> packed_;
};

}  // namespace jtconv

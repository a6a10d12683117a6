// The matrices that a kernel's taps multiply by, cut into panels of a tile's width.
//
// Where they are used for many rows they are rearranged once, so that a tile reads them in order;
// for few rows that would cost more than it saves, and they are used as they lie.

#pragma once

#include <algorithm>
#include <vector>

#include "layer.h"
#include "memory.h"
#include "parallel.h"
#include "tiles.h"

namespace jtconv {

enum class Storage {
  packed,  // rearranged: rows of a panel's width
  rows,    // as it lies, for C: rows of all columns
  dots,    // as it lies, for the transpose: the columns of the matrix are contiguous
};

template <typename T>
class KernelMatrices {
 public:
  static constexpr Size kPanel = 2 * kLanes<T>;
  static constexpr Size kDotsPanel = 3;

  KernelMatrices(const Layer& layer, Direction direction, Storage storage, const T* kernel,
                 const std::vector<Phase>& phases)
      : layer_(layer), direction_(direction), storage_(storage), kernel_(kernel), phases_(phases),
        depth(direction == Direction::forward ? layer.in_ch : layer.out_ch),
        columns(direction == Direction::forward ? layer.out_ch : layer.in_ch),
        panel(storage == Storage::dots ? kDotsPanel : kPanel), panels((columns + panel - 1) / panel),
        packed_((storage == Storage::packed) ? layer.taps() * depth * layer.groups * padded_columns() : 0) {
    if (storage != Storage::packed) return;
    Size begin = 0;
    for (const Phase& phase : phases) {
      begins_.push_back(begin);
      begin += phase.taps.size() * depth * layer.groups * padded_columns();
    }
  }

  // Does what there is to do beforehand.
  void pack(Workers& workers) {
    if (storage_ != Storage::packed) return;
    workers.each(phases_.size() * layer_.groups * panels, [this](Size task) {
      pack_panel(task / panels / layer_.groups, task / panels % layer_.groups, task % panels);
    });
  }

  // Columns of a panel that exist, and the distance between its rows (between its columns for dots).
  Size width(Size panel_index) const { return std::min(panel, columns - panel_index * panel); }
  Size step(Size panel_index) const {
    return storage_ == Storage::packed ? padded(width(panel_index)) : layer_.groups * layer_.out_ch;
  }

  // A panel of the matrix of a phase's tap-th tap, from row `from` on. Packed, the taps of a phase
  // follow one another.
  const T* at(Size phase, Size group, Size panel_index, Size tap, Size from) const {
    if (storage_ == Storage::packed)
      return packed_panel(phase, group, panel_index) + (tap * depth + from) * padded(width(panel_index));
    const T* matrix = tap_matrix(phases_[phase].taps[tap], group);
    const Size first = panel_index * panel;
    return storage_ == Storage::dots ? matrix + first * kernel_step() + from : matrix + from * kernel_step() + first;
  }

 private:
  static Size padded(Size width) { return width <= kLanes<T> ? kLanes<T> : kPanel; }
  Size padded_columns() const { return (panels - 1) * kPanel + padded(width(panels - 1)); }
  Size kernel_step() const { return layer_.groups * layer_.out_ch; }

  const T* tap_matrix(Size tap, Size group) const {
    return kernel_ + tap * layer_.in_ch * kernel_step() + group * layer_.out_ch;
  }

  T* packed_panel(Size phase, Size group, Size panel_index) const {
    const Size before = group * padded_columns() + panel_index * kPanel;
    return packed_.get() + begins_[phase] + before * depth * Size(phases_[phase].taps.size());
  }

  void pack_panel(Size phase, Size group, Size panel_index) {
    const Size count = width(panel_index), wide = padded(count), first = panel_index * kPanel;
    T* to = packed_panel(phase, group, panel_index);
    for (const Size tap : phases_[phase].taps) {
      const T* from = tap_matrix(tap, group);
      const bool forward = direction_ == Direction::forward;
      const Size row_step = forward ? kernel_step() : 1, column_step = forward ? 1 : kernel_step();
      from += first * column_step;
      for (Size row = 0; row < depth; ++row, to += wide) {
        for (Size column = 0; column < count; ++column) to[column] = from[row * row_step + column * column_step];
        std::fill(to + count, to + wide, T(0));
      }
    }
  }

  const Layer& layer_;
  const Direction direction_;
  const Storage storage_;
  const T* const kernel_;
  const std::vector<Phase>& phases_;
  std::vector<Size> begins_;  // of each phase's part

 public:
  const Size depth, columns;  // of one matrix
  const Size panel, panels;

 private:
  Scratch<T> packed_;
};

}  // namespace jtconv

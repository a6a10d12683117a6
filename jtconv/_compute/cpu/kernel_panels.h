// The matrices that a kernel's taps multiply by, cut into panels as wide as a register tile.
//
// For many rows they are packed once, so that a tile reads them in order. Where only a few blocks of
// rows use them, each task packs the part that it needs next: it is then in the cache, and no copy of
// the kernel is written. For fewer rows still, the transpose uses the kernel unpacked.

#pragma once

#include <algorithm>
#include <vector>

#include "memory.h"
#include "parallel.h"
#include "product_plan.h"

namespace jtconv {

// One panel of the matrices that a phase has for a group.
struct PanelIndex {
  Size phase, group, panel;
};

// Columns that a panel of this width takes in memory: one vector or two.
template <typename T>
Size padded_width(Size width) {
  return width <= kLanes<T> ? kLanes<T> : kWideColumns<T>;
}

// Where each phase's panels begin in the packed kernel, and its size.
struct PackedLayout {
  Size columns = 0;  // of one tap's matrix for one group
  Size size = 0;
  std::vector<Size> begins;
};

template <typename T>
PackedLayout plan_packing(const ProductPlan& plan) {
  const Layer& layer = plan.layer;
  PackedLayout layout;
  if (plan.storage == Storage::by_group) layout.size = layer.taps() * layer.in_ch * layer.kernel_row();
  if (plan.storage != Storage::packed) return layout;
  const Size whole = (plan.panels - 1) * plan.panel_width;
  layout.columns = whole + padded_width<T>(plan.columns - whole);
  for (const Phase& phase : plan.phases) {
    layout.begins.push_back(layout.size);
    layout.size += phase.taps.size() * plan.depth * layer.groups * layout.columns;
  }
  return layout;
}

template <typename T>
class KernelPanels {
 public:
  KernelPanels(const ProductPlan& plan, const T* kernel)
      : plan_(plan), layer_(plan.layer), kernel_(kernel), layout_(plan_packing<T>(plan)), packed_(layout_.size) {}

  // Packs all that is not packed on the fly.
  void pack(ThreadPool& pool) {
    if (plan_.storage == Storage::by_group) return transpose_groups();
    if (plan_.storage != Storage::packed) return;
    const Size groups = layer_.groups, panels = plan_.panels;
    parallel_for(pool, plan_.phases.size() * groups * panels, [&](Size task) {
      const PanelIndex at{task / panels / groups, task / panels % groups, task % panels};
      T* to = packed_panel(at);
      for (Size tap = 0; tap < taps(at.phase); ++tap, to += plan_.depth * padded_width<T>(width(at.panel)))
        pack(at, tap, {0, plan_.depth}, to);
    });
  }

  // Packs a range of the rows of a tap's panel.
  void pack(const PanelIndex& at, Size tap, Range rows, T* to) const {
    const Size count = width(at.panel), wide = padded_width<T>(count), first = at.panel * kWideColumns<T>;
    const bool forward = plan_.direction == Direction::forward;
    const Size row_step = forward ? layer_.kernel_row() : 1, column_step = forward ? 1 : layer_.kernel_row();
    const T* matrix = tap_matrix(plan_.phases[at.phase].taps[tap], at.group) + first * column_step;
    if (count == kWideColumns<T> && column_step == 1)
      return copy_rows(matrix + rows.begin * row_step, row_step, rows.end - rows.begin, to);
    for (Size row = rows.begin; row < rows.end; ++row, to += wide) {
      for (Size column = 0; column < count; ++column) to[column] = matrix[row * row_step + column * column_step];
      std::fill(to + count, to + wide, T(0));
    }
  }

  // Columns of a panel that exist.
  Size width(Size panel) const { return std::min(plan_.panel_width, plan_.columns - panel * plan_.panel_width); }

  // The distance between a panel's rows, or between its columns if unpacked.
  Size step(Size panel) const {
    return plan_.storage == Storage::unpacked ? layer_.kernel_row() : padded_width<T>(width(panel));
  }

  // A tap's panel from row `from` on, packed or unpacked. Packed, the taps of a phase follow one another.
  const T* stored(const PanelIndex& at, Size tap, Size from) const {
    if (plan_.storage == Storage::packed)
      return packed_panel(at) + (tap * plan_.depth + from) * padded_width<T>(width(at.panel));
    return tap_matrix(plan_.phases[at.phase].taps[tap], at.group) + at.panel * plan_.panel_width * layer_.kernel_row() +
           from;
  }

  // For small groups: the rows of a tap's matrices, those of all groups side by side.
  const T* small_groups(Size tap) const {
    if (plan_.storage != Storage::by_group) return tap_matrix(tap, 0);
    return packed_.get() + tap * layer_.in_ch * layer_.kernel_row();
  }

 private:
  Size taps(Size phase) const { return plan_.phases[phase].taps.size(); }

  const T* tap_matrix(Size tap, Size group) const {
    return kernel_ + tap * layer_.in_ch * layer_.kernel_row() + group * layer_.out_ch;
  }

  void transpose_groups() {
    const Size channels = layer_.in_ch;  // as many as out_ch
    T* to = packed_.get();
    for (Size tap = 0; tap < layer_.taps(); ++tap)
      for (Size row = 0; row < channels; ++row)
        for (Size group = 0; group < layer_.groups; ++group)
          for (Size column = 0; column < channels; ++column)
            *to++ = tap_matrix(tap, group)[column * layer_.kernel_row() + row];
  }

  T* packed_panel(const PanelIndex& at) const {
    const Size before = at.group * layout_.columns + at.panel * kWideColumns<T>;
    return packed_.get() + layout_.begins[at.phase] + before * plan_.depth * taps(at.phase);
  }

  static void copy_rows(const T* from, Size step, Size rows, T* to) {
    for (Size row = 0; row < rows; ++row, from += step, to += kWideColumns<T>) std::copy_n(from, kWideColumns<T>, to);
  }

  const ProductPlan& plan_;
  const Layer& layer_;
  const T* const kernel_;
  const PackedLayout layout_;
  Scratch<T> packed_;
};

}  // namespace jtconv

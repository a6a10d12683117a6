// The sum over one block of positions of y, for a range of the gradient's tiles.
//
// y is packed into panels of a tile's width. So is x where y has many channels; for few it is read
// where it is, by pointers.

#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "gradient_plan.h"
#include "microkernels.h"

namespace jtconv {

constexpr Size kTilesAtOnce = 16;  // whose part of x stays in the second-level cache

// Sums of one task, which has a range of the tiles, with the buffers that they need.
template <typename T>
class GradientBlock {
 public:
  GradientBlock(const GradientPlan& plan, const T* x, const T* y, Range tiles)
      : plan_(plan),
        layer_(plan.layer),
        x_(x),
        y_(y),
        tiles_(tiles),
        zeros_(layer_.groups * layer_.in_ch, T(0)),
        sources_((layer_.taps() + kMaxSmallGroupTaps) * kBlockPositions, zeros_.data()),
        packed_x_(plan.packs_x ? kTilesAtOnce * plan.tile_rows * kBlockPositions : 0),
        packed_y_(plan.small_groups ? 0 : plan.panels * plan.panel_width * kBlockPositions),
        spill_(plan.small_groups ? plan.tile_rows * plan.row_step : 0) {}

  // Adds the sum over the block that begins at `position` to the gradient at `to`, or writes it there.
  void sum(Size position, T* to, bool add) {
    const Size length = std::min(kBlockPositions, plan_.positions - position);
    const Size end_row = std::min(tiles_.end * plan_.tile_rows, plan_.rows);
    find_sources(position, length, {tiles_.begin * plan_.tile_rows / layer_.in_ch, ceil_div(end_row, layer_.in_ch)});
    if (plan_.small_groups) return sum_small_groups(position, length, to, add);
    for (Size group = 0; group < layer_.groups; ++group) {
      for (Size panel = 0; panel < plan_.panels; ++panel) pack_y(group, panel, position, length);
      for (Size begin = tiles_.begin; begin < tiles_.end; begin += kTilesAtOnce)
        multiply_tiles(group, {begin, std::min(begin + kTilesAtOnce, tiles_.end)}, length, to, add);
    }
  }

 private:
  // Finds where the taps in a range read x, for a block of positions: a line along the last axis at once.
  void find_sources(Size position, Size length, Range taps) {
    const auto& axes = layer_.axes;
    for (Size p = 0; p < length;) {
      const Size line = (position + p) / axes[2].out, j2 = (position + p) % axes[2].out;
      const Size count = std::min(length - p, axes[2].out - j2);
      for (Size tap = taps.begin; tap < taps.end; ++tap)
        find_line(line, j2, count, tap, sources_.data() + tap * kBlockPositions + p);
      p += count;
    }
  }

  void find_line(Size line, Size j2, Size count, Size tap, const T** to) const {
    const auto& axes = layer_.axes;
    const Size pixel = layer_.groups * layer_.in_ch;
    const Size j1 = line % axes[1].out, j0 = line / axes[1].out % axes[0].out;
    const Size image = line / axes[1].out / axes[0].out;
    const Size t2 = tap % axes[2].taps, t1 = tap / axes[2].taps % axes[1].taps;
    const Size t0 = tap / axes[2].taps / axes[1].taps;
    const Size at0 = axes[0].stride * j0 + axes[0].dilation * t0 - axes[0].lo;
    const Size at1 = axes[1].stride * j1 + axes[1].dilation * t1 - axes[1].lo;
    const bool inside = at0 >= 0 && at0 < axes[0].in && at1 >= 0 && at1 < axes[1].in;
    const Size start = ((image * axes[0].in + at0) * axes[1].in + at1) * axes[2].in;
    Size at2 = axes[2].stride * j2 + axes[2].dilation * t2 - axes[2].lo;
    for (Size r = 0; r < count; ++r, at2 += axes[2].stride)
      to[r] = inside && at2 >= 0 && at2 < axes[2].in ? x_ + (start + at2) * pixel : zeros_.data();
  }

  void pack_y(Size group, Size panel, Size position, Size length) {
    const Size width = plan_.panel_width, columns = std::min(width, layer_.out_ch - panel * width);
    const T* from = y_ + position * plan_.row_step + group * layer_.out_ch + panel * width;
    T* to = packed_y_.data() + panel * width * length;
    for (Size p = 0; p < length; ++p, from += plan_.row_step, to += width) {
      std::copy_n(from, columns, to);
      std::fill(to + columns, to + width, T(0));
    }
  }

  void pack_x(Size group, Size tile, Size length, T* to) const {
    const Size begin = tile * plan_.tile_rows, end = std::min(begin + plan_.tile_rows, plan_.rows);
    if (end < begin + plan_.tile_rows) std::fill_n(to, length * plan_.tile_rows, T(0));
    for (Size row = begin; row < end;) {
      const Size channel = row % layer_.in_ch, count = std::min(end - row, layer_.in_ch - channel);
      copy_channels(source(row), group * layer_.in_ch + channel, count, length, to + (row - begin));
      row += count;
    }
  }

  void copy_channels(const T* const* from, Size offset, Size count, Size length, T* to) const {
    const Size step = plan_.tile_rows;
    if (count == kWideRows) {  // a constant, for the compiler to copy with two instructions
      for (Size p = 0; p < length; ++p, to += step) std::copy_n(from[p] + offset, kWideRows, to);
    } else {
      for (Size p = 0; p < length; ++p, to += step)
        for (Size c = 0; c < count; ++c) to[c] = from[p][offset + c];
    }
  }

  // Pointers to what the row's tap reads.
  const T* const* source(Size row) const { return sources_.data() + row / layer_.in_ch * kBlockPositions; }

  void multiply_tiles(Size group, Range tiles, Size length, T* to, bool add) {
    const Size slot_size = plan_.tile_rows * kBlockPositions;
    if (plan_.packs_x)
      for (Size t = tiles.begin; t < tiles.end; ++t)
        pack_x(group, t, length, packed_x_.data() + (t - tiles.begin) * slot_size);
    for (Size panel = 0; panel < plan_.panels; ++panel)
      for (Size t = tiles.begin; t < tiles.end; ++t)
        multiply(group, panel, t, packed_x_.data() + (t - tiles.begin) * slot_size, length, to, add);
  }

  void multiply(Size group, Size panel, Size tile, const T* packed_x, Size length, T* to, bool add) const {
    const Size row = tile * plan_.tile_rows, column = panel * plan_.panel_width;
    PackedProduct<T> p;
    p.left = packed_x;
    p.right = packed_y_.data() + column * length;
    p.length = length;
    p.result = to + row * plan_.row_step + group * layer_.out_ch + column;
    p.result_step = plan_.row_step;
    p.rows = std::min(plan_.tile_rows, plan_.rows - row);
    p.columns = std::min(plan_.panel_width, layer_.out_ch - column);
    p.add = add;
    if (plan_.packs_x) return (plan_.narrow ? microkernels<T>().outer_narrow : microkernels<T>().outer_wide)(p);
    std::array<const T* const*, kWideRows> left;
    std::array<Size, kWideRows> offset;
    for (Size r = 0; r < kWideRows; ++r) {
      const Size existing = std::min(row + r, plan_.rows - 1);
      left[r] = source(existing);
      offset[r] = group * layer_.in_ch + existing % layer_.in_ch;
    }
    microkernels<T>().outer_gathered({left.data(), offset.data(), p});
  }

  void sum_small_groups(Size position, Size length, T* to, bool add) {
    const Size step = plan_.row_step, tile_size = plan_.tile_rows * step;
    if (!add) std::fill(to + tiles_.begin * tile_size, to + std::min(tiles_.end * tile_size, plan_.size()), T(0));
    const auto multiply = microkernels<T>().small_groups_sum[*plan_.small_groups];
    const Size at_once = small_group_taps(*plan_.small_groups), tap_size = layer_.in_ch * step;
    const SmallGroupsSum<T> p{sources_.data(), kBlockPositions, y_ + position * step, step, length, step, to, step};
    for (Size tile = tiles_.begin; tile < tiles_.end; ++tile) {
      const Size tap = tile * at_once, taps = std::min(at_once, layer_.taps() - tap);
      if (taps == at_once) {
        multiply(p, tap);
        continue;
      }
      SmallGroupsSum<T> last = p;  // with room for taps that do not exist
      last.left += tap * kBlockPositions;
      last.result = spill_.data();
      std::fill(spill_.begin(), spill_.end(), T(0));
      multiply(last, 0);
      for (Size i = 0; i < taps * tap_size; ++i) to[tap * tap_size + i] += spill_[i];
    }
  }

  const GradientPlan& plan_;
  const Layer& layer_;
  const T *const x_, *const y_;
  const Range tiles_;
  std::vector<T> zeros_;
  std::vector<const T*> sources_;  // (taps, positions): what each tap reads
  std::vector<T> packed_x_;        // (tiles, positions, rows of a tile)
  std::vector<T> packed_y_;        // (panels, positions, columns of a panel)
  std::vector<T> spill_;           // sums of taps that do not exist
};

}  // namespace jtconv

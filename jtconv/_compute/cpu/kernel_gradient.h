// The kernel's gradient: for every tap the product of x, as the tap sees it, and y.
//
// Taps and x's channels are the rows, y's channels the columns, and positions of y are summed over,
// a block of them at a time. y is rearranged into panels of a tile's width; so is x where y has many
// channels, while for few it is read where it is, by pointers.

#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "layer.h"
#include "memory.h"
#include "parallel.h"
#include "tiles.h"

namespace jtconv {

template <typename T>
class KernelGradient {
 public:
  KernelGradient(const Layer& layer, const T* x, const T* y, T* result)
      : layer_(layer),
        x_(x),
        y_(y),
        result_(result),
        positions_(layer.batch * layer.out_size()),
        rows_(layer.taps() * layer.in_ch),
        step_(layer.groups * layer.out_ch),
        small_groups_(small_groups_kind(layer)),
        packs_(layer.out_ch > (layer.in_ch >= kWideRows ? 1 : 4) * kUnpackedColumns),
        narrow_(packs_ && ceil_div(layer.out_ch, kLanes<T>) % 2 == 1),
        panel_(narrow_ ? kLanes<T> : 2 * kLanes<T>),
        tile_(small_groups_ >= 0 ? small_group_taps(small_groups_) * layer.in_ch
              : narrow_          ? kNarrowRows
                                 : kWideRows),
        panels_(ceil_div(layer.out_ch, panel_)),
        tiles_(ceil_div(rows_, tile_)) {}

  void run(Workers& workers) {
    const Size blocks = ceil_div(positions_, kPositions), size = rows_ * step_;
    // Few entries: each thread sums over positions of its own. Many: each has its own rows.
    const bool few = size <= kFewEntries;
    const Size parts = few ? std::clamp<Size>(workers.count(), 1, std::max<Size>(blocks, 1)) : 1;
    const Size row_parts = std::clamp<Size>(ceil_div(few ? workers.count() : 4 * workers.count(), parts), 1, tiles_);
    advise_huge_pages(result_, sizeof(T) * size);
    if (blocks == 0) std::fill_n(result_, size, T(0));
    Scratch<T> sums(parts > 1 ? parts * size : 0);
    workers.each(parts * row_parts, [&](Size task) {
      const Size part = task / row_parts, row_part = task % row_parts;
      T* to = parts > 1 ? sums.get() + part * size : result_;
      const Size first = row_part * tiles_ / row_parts, last = (row_part + 1) * tiles_ / row_parts;
      Buffers buffers(*this);
      const Size begin = part * blocks / parts, end = (part + 1) * blocks / parts;
      for (Size block = begin; block < end; ++block)
        add_block(block * kPositions, first, last, to, block > begin, buffers);
    });
    if (parts == 1) return;
    for (Size i = 0; i < size; ++i) {
      T total = 0;
      for (Size part = 0; part < parts; ++part) total += sums.get()[part * size + i];
      result_[i] = total;
    }
  }

 private:
  static constexpr Size kPositions = 256;       // summed over at once
  static constexpr Size kTilesAtOnce = 16;      // whose part of x stays in the second cache
  static constexpr Size kUnpackedColumns = 48;  // for which rearranging x takes longer than it saves
  static constexpr Size kMostTapsAtOnce = 4;    // of small groups
  static constexpr Size kFewEntries = 1 << 17;  // of a gradient that every thread has for itself

  struct Buffers {
    explicit Buffers(const KernelGradient& g)
        : zeros(g.layer_.groups * g.layer_.in_ch, T(0)),
          sources((g.layer_.taps() + kMostTapsAtOnce) * kPositions, zeros.data()),
          x(g.packs_ ? kTilesAtOnce * g.tile_ * kPositions : 0),
          y(g.small_groups_ >= 0 ? 0 : g.panels_ * g.panel_ * kPositions),
          spill(g.small_groups_ >= 0 ? g.tile_ * g.step_ : 0) {}
    std::vector<T> zeros;
    std::vector<const T*> sources;  // (taps, kPositions): what each tap reads
    std::vector<T> x;               // (tiles, positions, rows of a tile)
    std::vector<T> y;               // (panels, positions, panel)
    std::vector<T> spill;           // sums of taps that do not exist
  };

  // Rows `first` to `last`, in tiles: of the sum over the block, added to what is there or instead of it.
  void add_block(Size position, Size first, Size last, T* to, bool add, Buffers& buffers) {
    const Size length = std::min(kPositions, positions_ - position);
    const Size last_row = std::min(last * tile_, rows_);
    find(position, length, first * tile_ / layer_.in_ch, ceil_div(last_row, layer_.in_ch), buffers);
    if (small_groups_ >= 0) return add_small_groups(position, length, first, last, to, add, buffers);
    for (Size group = 0; group < layer_.groups; ++group) {
      for (Size panel = 0; panel < panels_; ++panel) pack_y(group, panel, position, length, buffers);
      for (Size tile = first; tile < last; tile += kTilesAtOnce) {
        const Size end = std::min(tile + kTilesAtOnce, last);
        if (packs_)
          for (Size t = tile; t < end; ++t) pack_x(group, t, length, t - tile, buffers);
        for (Size panel = 0; panel < panels_; ++panel)
          for (Size t = tile; t < end; ++t) multiply(group, panel, t, t - tile, length, to, add, buffers);
      }
    }
  }

  // Where taps from `first` to `last` read x, for a block of positions.
  void find(Size position, Size length, Size first, Size last, Buffers& buffers) const {
    const auto& axes = layer_.axes;
    const Size pixel = layer_.groups * layer_.in_ch;
    for (Size p = 0; p < length;) {
      // A line along the last axis at once.
      const Size line = (position + p) / axes[2].out, j2 = (position + p) % axes[2].out;
      const Size count = std::min(length - p, axes[2].out - j2);
      const Size j1 = line % axes[1].out, j0 = line / axes[1].out % axes[0].out;
      const Size image = line / axes[1].out / axes[0].out;
      for (Size tap = first; tap < last; ++tap) {
        const Size t2 = tap % axes[2].taps, t1 = tap / axes[2].taps % axes[1].taps;
        const Size t0 = tap / axes[2].taps / axes[1].taps;
        const Size at0 = axes[0].stride * j0 + axes[0].dilation * t0 - axes[0].lo;
        const Size at1 = axes[1].stride * j1 + axes[1].dilation * t1 - axes[1].lo;
        const bool inside = at0 >= 0 && at0 < axes[0].in && at1 >= 0 && at1 < axes[1].in;
        const Size start = ((image * axes[0].in + at0) * axes[1].in + at1) * axes[2].in;
        const T** to = buffers.sources.data() + tap * kPositions + p;
        Size at2 = axes[2].stride * j2 + axes[2].dilation * t2 - axes[2].lo;
        for (Size r = 0; r < count; ++r, at2 += axes[2].stride)
          to[r] = inside && at2 >= 0 && at2 < axes[2].in ? x_ + (start + at2) * pixel : buffers.zeros.data();
      }
      p += count;
    }
  }

  void pack_y(Size group, Size panel, Size position, Size length, Buffers& buffers) const {
    const Size columns = std::min(panel_, layer_.out_ch - panel * panel_);
    const T* from = y_ + position * step_ + group * layer_.out_ch + panel * panel_;
    T* to = buffers.y.data() + panel * panel_ * length;
    for (Size p = 0; p < length; ++p, from += step_, to += panel_) {
      std::copy_n(from, columns, to);
      std::fill(to + columns, to + panel_, T(0));
    }
  }

  void pack_x(Size group, Size tile, Size length, Size slot, Buffers& buffers) const {
    T* const to = buffers.x.data() + slot * tile_ * kPositions;
    const Size begin = tile * tile_, end = std::min(begin + tile_, rows_);
    if (end < begin + tile_) std::fill_n(to, length * tile_, T(0));
    for (Size row = begin; row < end;) {
      const Size channel = row % layer_.in_ch, count = std::min(end - row, layer_.in_ch - channel);
      const T* const* from = buffers.sources.data() + row / layer_.in_ch * kPositions;
      copy(from, group * layer_.in_ch + channel, count, length, to + (row - begin));
      row += count;
    }
  }

  void copy(const T* const* from, Size offset, Size count, Size length, T* to) const {
    if (count == kWideRows) {  // a constant, for the compiler to copy with two instructions
      for (Size p = 0; p < length; ++p, to += tile_) std::copy_n(from[p] + offset, kWideRows, to);
    } else {
      for (Size p = 0; p < length; ++p, to += tile_)
        for (Size c = 0; c < count; ++c) to[c] = from[p][offset + c];
    }
  }

  void multiply(Size group, Size panel, Size tile, Size slot, Size length, T* to, bool add,
                const Buffers& buffers) const {
    PackedProduct<T> p;
    p.left = buffers.x.data() + slot * tile_ * kPositions;
    p.right = buffers.y.data() + panel * panel_ * length;
    p.length = length;
    p.result = to + tile * tile_ * step_ + group * layer_.out_ch + panel * panel_;
    p.result_step = step_;
    p.rows = std::min(tile_, rows_ - tile * tile_);
    p.columns = std::min(panel_, layer_.out_ch - panel * panel_);
    p.add = add;
    if (packs_) return (narrow_ ? tiles<T>().outer_narrow : tiles<T>().outer_wide)(p);
    std::array<const T* const*, kWideRows> left;
    std::array<Size, kWideRows> offset;
    for (Size r = 0; r < kWideRows; ++r) {
      const Size row = std::min(tile * tile_ + r, rows_ - 1);
      left[r] = buffers.sources.data() + row / layer_.in_ch * kPositions;
      offset[r] = group * layer_.in_ch + row % layer_.in_ch;
    }
    tiles<T>().outer_gathered({left.data(), offset.data(), p});
  }

  void add_small_groups(Size position, Size length, Size first, Size last, T* to, bool add, Buffers& buffers) const {
    if (!add) std::fill(to + first * tile_ * step_, to + std::min(last * tile_, rows_) * step_, T(0));
    const auto multiply = tiles<T>().small_groups_sum[small_groups_];
    const Size at_once = small_group_taps(small_groups_), tap_step = layer_.in_ch * step_;
    SmallGroupsSum<T> p{buffers.sources.data(), kPositions, y_ + position * step_, step_, length, step_, to, step_};
    for (Size tile = first; tile < last; ++tile) {
      const Size tap = tile * at_once, taps = std::min(at_once, layer_.taps() - tap);
      if (taps == at_once) {
        multiply(p, tap);
        continue;
      }
      SmallGroupsSum<T> rest = p;  // with room for taps that do not exist
      rest.left += tap * kPositions;
      rest.result = buffers.spill.data();
      std::fill(buffers.spill.begin(), buffers.spill.end(), T(0));
      multiply(rest, 0);
      for (Size i = 0; i < taps * tap_step; ++i) to[tap * tap_step + i] += buffers.spill[i];
    }
  }

  const Layer& layer_;
  const T *const x_, *const y_;
  T* const result_;
  const Size positions_, rows_, step_;
  const int small_groups_;  // their kind, or -1
  const bool packs_, narrow_;
  const Size panel_, tile_, panels_, tiles_;
};

}  // namespace jtconv

// The kernel's gradient: for every tap the product of x, as the tap sees it, and y.
//
// Taps and x's channels are the rows, y's channels the columns, and positions of y are summed over,
// a block of them at a time, with both factors rearranged for the tiles in the cache.

#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "image_product.h"
#include "layer.h"
#include "memory.h"
#include "parallel.h"
#include "tiles.h"

namespace jtconv {

template <typename T>
class KernelGradient {
 public:
  KernelGradient(const Layer& layer, const T* x, const T* y, T* result)
      : layer_(layer), x_(x), y_(y), result_(result), rows_(layer.taps() * layer.in_ch),
        positions_(layer.batch * layer.out_size()), step_(layer.groups * layer.out_ch),
        narrow_(ceil_div(layer.out_ch, kLanes<T>) % 2 == 1), panel_(narrow_ ? kLanes<T> : 2 * kLanes<T>),
        tile_(narrow_ ? 12 : 6), panels_(ceil_div(layer.out_ch, panel_)), tiles_(ceil_div(rows_, tile_)) {}

  void run(Workers& workers) {
    const Size blocks = ceil_div(positions_, kPositions), size = rows_ * step_;
    // Few entries: each thread sums over positions of its own. Many: each has its own rows.
    const bool few = size <= kFewEntries;
    const Size parts = few ? std::clamp<Size>(workers.count(), 1, std::max<Size>(blocks, 1)) : 1;
    const Size row_parts = std::clamp<Size>(ceil_div(few ? workers.count() : 4 * workers.count(), parts), 1, tiles_);
    Scratch<T> others((parts - 1) * size);
    workers.each(parts * row_parts, [&](Size task) {
      const Size part = task / row_parts, row_part = task % row_parts;
      T* to = part == 0 ? result_ : others.get() + (part - 1) * size;
      const Size first = row_part * tiles_ / row_parts, last = (row_part + 1) * tiles_ / row_parts;
      std::fill(to + first * tile_ * step_, to + std::min(last * tile_, rows_) * step_, T(0));
      Buffers buffers(*this);
      for (Size block = part * blocks / parts; block < (part + 1) * blocks / parts; ++block)
        add_block(block * kPositions, first, last, to, buffers);
    });
    if (parts == 1) return;
    workers.each(workers.count(), [&](Size task) {
      for (Size part = 1; part < parts; ++part) {
        const T* from = others.get() + (part - 1) * size;
        for (Size i = task * size / workers.count(); i < (task + 1) * size / workers.count(); ++i) result_[i] += from[i];
      }
    });
  }

 private:
  static constexpr Size kPositions = 192;       // summed over at once
  static constexpr Size kTilesAtOnce = 16;      // whose part of x stays in the second cache
  static constexpr Size kFewEntries = 1 << 17;  // of a gradient that every thread has for itself

  struct Buffers {
    explicit Buffers(const KernelGradient& g)
        : zeros(g.layer_.groups * g.layer_.in_ch, T(0)), x(g.layer_.taps() * kPositions),
          left(kTilesAtOnce * g.tile_ * kPositions), right(g.panels_ * g.panel_ * kPositions) {}
    std::vector<T> zeros;
    std::vector<const T*> x;  // (taps, kPositions)
    std::vector<T> left, right;
  };

  void add_block(Size position, Size first, Size last, T* to, Buffers& buffers) {
    const Size length = std::min(kPositions, positions_ - position);
    find(position, length, first * tile_ / layer_.in_ch, (last * tile_ - 1) / layer_.in_ch, buffers);
    for (Size group = 0; group < layer_.groups; ++group) {
      for (Size panel = 0; panel < panels_; ++panel) pack_y(group, panel, position, length, buffers);
      for (Size tile = first; tile < last; tile += kTilesAtOnce) {
        const Size end = std::min(tile + kTilesAtOnce, last);
        for (Size t = tile; t < end; ++t)
          pack_x(group, t, length, buffers.left.data() + (t - tile) * tile_ * length, buffers);
        for (Size panel = 0; panel < panels_; ++panel)
          for (Size t = tile; t < end; ++t) multiply(group, panel, t, tile, length, to, buffers);
      }
    }
  }

  // Where taps from `first` to `last` read x, for a block of positions.
  void find(Size position, Size length, Size first, Size last, Buffers& buffers) const {
    const auto& axes = layer_.axes;
    const Size pixel = layer_.groups * layer_.in_ch;
    last = std::min(last, layer_.taps() - 1);
    for (Size p = 0; p < length; ++p) {
      Size rest = position + p;
      std::array<Size, 3> start;
      for (int a = 2; a >= 0; --a) {
        start[a] = axes[a].stride * (rest % axes[a].out) - axes[a].lo;
        rest /= axes[a].out;
      }
      for (Size tap = first; tap <= last; ++tap) {
        const Size t[3] = {tap / (axes[1].taps * axes[2].taps), tap / axes[2].taps % axes[1].taps, tap % axes[2].taps};
        Size from = rest;
        bool inside = true;
        for (int a = 0; a < 3; ++a) {
          const Size at = start[a] + axes[a].dilation * t[a];
          inside &= at >= 0 && at < axes[a].in;
          from = from * axes[a].in + at;
        }
        buffers.x[tap * kPositions + p] = inside ? x_ + from * pixel : buffers.zeros.data();
      }
    }
  }

  void pack_y(Size group, Size panel, Size position, Size length, Buffers& buffers) const {
    const Size columns = std::min(panel_, layer_.out_ch - panel * panel_);
    const T* from = y_ + position * step_ + group * layer_.out_ch + panel * panel_;
    T* to = buffers.right.data() + panel * panel_ * length;
    for (Size p = 0; p < length; ++p, from += step_, to += panel_) {
      std::copy_n(from, columns, to);
      std::fill(to + columns, to + panel_, T(0));
    }
  }

  void pack_x(Size group, Size tile, Size length, T* to, const Buffers& buffers) const {
    const Size begin = tile * tile_, end = std::min(begin + tile_, rows_);
    if (end < begin + tile_) std::fill(to, to + length * tile_, T(0));
    for (Size row = begin; row < end;) {
      const Size tap = row / layer_.in_ch, channel = row % layer_.in_ch;
      const Size count = std::min(end - row, layer_.in_ch - channel);
      const T* const* from = buffers.x.data() + tap * kPositions;
      const Size offset = group * layer_.in_ch + channel;
      T* at = to + (row - begin);
      if (count == 6) {
        for (Size p = 0; p < length; ++p, at += tile_) std::memcpy(at, from[p] + offset, 6 * sizeof(T));
      } else {
        for (Size p = 0; p < length; ++p, at += tile_)
          for (Size c = 0; c < count; ++c) at[c] = from[p][offset + c];
      }
      row += count;
    }
  }

  void multiply(Size group, Size panel, Size tile, Size first, Size length, T* to, const Buffers& buffers) const {
    PackedProduct<T> p;
    p.left = buffers.left.data() + (tile - first) * tile_ * length;
    p.right = buffers.right.data() + panel * panel_ * length;
    p.length = length;
    p.result = to + tile * tile_ * step_ + group * layer_.out_ch + panel * panel_;
    p.result_step = step_;
    p.rows = std::min(tile_, rows_ - tile * tile_);
    p.columns = std::min(panel_, layer_.out_ch - panel * panel_);
    (narrow_ ? tiles<T>().outer_narrow : tiles<T>().outer_wide)(p);
  }

  const Layer& layer_;
  const T *x_, *y_;
  T* result_;
  const Size rows_, positions_, step_;
  const bool narrow_;
  const Size panel_, tile_, panels_, tiles_;
};

}  // namespace jtconv

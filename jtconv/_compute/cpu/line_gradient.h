// The kernel's gradient by lines: an entry is a sum of dot products of lines of x, moved, and lines of y.
//
// A line of x is read at several places, and multiplied by several lines of y: of other channels, or of the rows that
// read it by other taps on the second axis. The parts of the sum are the layer's, not the threads', so that any number
// of threads adds in the same order.

#pragma once

#include <algorithm>
#include <vector>

#include "line_gradient_plan.h"
#include "line_window.h"
#include "memory.h"
#include "parallel.h"

namespace jtconv {

// One task's sums, with the buffers that they need.
template <typename T>
class LineGradient {
 public:
  LineGradient(const LineGradientPlan& plan, const T* x, const T* y)
      : plan_(plan),
        x_(plan.x, plan.columns, x, plan.planes, plan.x_rows()),
        y_(plan.y, plan.columns, y, 1, plan.band) {
    for (Size c = 0; c < plan.layer.in_ch; ++c)
      for (const LineRead& read : plan.reads)
        reads_.push_back((read.remainder * plan.x.channels + c) * plan.x.step + read.column);
  }

  // Adds the sums over a unit for a range of the rows of taps.
  void add(Size unit, Range tap_rows, T* sums) {
    const auto& axes = plan_.layer.axes;
    const Size plane = unit % axes[0].out, band = unit / axes[0].out % plan_.bands;
    const Size outer = unit / axes[0].out / plan_.bands;
    const Size chunk = outer % plan_.columns.chunks, images = outer / plan_.columns.chunks * plan_.columns.images;
    const Range range{images, std::min(images + plan_.columns.images, plan_.layer.batch)};
    const Range columns{chunk * plan_.columns.columns, std::min((chunk + 1) * plan_.columns.columns, axes[2].out)};
    x_.start(range, columns);
    y_.start(range, columns);
    width_ = ceil_div(plan_.columns.width(range.end - range.begin, columns.end - columns.begin), kLanes<T>) * kLanes<T>;
    const Range rows = part_of(axes[1].out, band, plan_.bands);
    y_rows_.clear();
    for (Size row = rows.begin; row < rows.end; ++row) y_rows_.push_back(y_.row(plane, row));
    Size at = 0;
    for (Size row = tap_rows.begin; row < tap_rows.end; ++row) {
      const TapRow& taps = plan_.tap_rows[row];
      const Size at0 = axes[0].stride * plane + axes[0].dilation * taps.tap0 - axes[0].lo;
      if (at0 >= 0 && at0 < axes[0].in) add_tap_row(taps, at0, rows, at, sums);
      at += taps.count1 * plan_.tap_row_size();
    }
  }

 private:
  // Rows of x and y that a microkernel multiplies: for each pair a row of x, and `lines` rows of y.
  struct Pairs {
    std::vector<const T*> x, y;
  };

  void add_tap_row(const TapRow& taps, Size at0, Range rows, Size at, T* sums) {
    find_pairs(taps, at0, rows);
    each_tile(plan_, taps, at, [&](const GradientTile& tile) {
      const Size reads = tile.end - tile.begin;
      add_pairs(pairs_[0], taps.count1, tile, sums + tile.at * kLanes<T>);
      for (Size k = 0; k < taps.count1 && taps.count1 > 1; ++k)
        add_pairs(pairs_[1 + k], 1, tile, sums + (tile.at + k * tile.channels * reads) * kLanes<T>);
    });
  }

  // The first of `pairs_` are the rows of x that all taps read, the others those that only some do, by tap.
  void find_pairs(const TapRow& taps, Size at0, Range rows) {
    const Axis& axis = plan_.layer.axes[1];
    pairs_.resize(1 + kMaxDotLines);
    for (Pairs& pairs : pairs_) pairs.x.clear(), pairs.y.clear();
    for (Size base = rows.begin; base < rows.end + (taps.count1 - 1) * plan_.row_step; ++base) {
      const Size at1 = axis.stride * base + axis.dilation * taps.first1 - axis.lo;
      if (at1 < 0 || at1 >= axis.in) continue;
      const T* const x = x_.row(at0, at1);
      const auto exists = [&](Size k) {
        return base - k * plan_.row_step >= rows.begin && base - k * plan_.row_step < rows.end;
      };
      Size existing = 0;
      for (Size k = 0; k < taps.count1; ++k) existing += exists(k);
      for (Size k = 0; k < taps.count1; ++k) {
        if (!exists(k)) continue;
        Pairs& pairs = pairs_[existing == taps.count1 ? 0 : 1 + k];
        if (existing < taps.count1 || k == 0) pairs.x.push_back(x);
        pairs.y.push_back(y_rows_[base - k * plan_.row_step - rows.begin]);
      }
    }
  }

  void add_pairs(const Pairs& pairs, Size count1, const GradientTile& tile, T* sums) {
    if (pairs.x.empty()) return;
    const Size lines = count1 * tile.channels, first = (tile.group * plan_.layer.out_ch + tile.channel) * plan_.y.step;
    left_.clear();
    right_.clear();
    for (const T* x : pairs.x) left_.push_back(x + tile.group * plan_.layer.in_ch * plan_.x.step);
    for (const T* y : pairs.y)
      for (Size c = 0; c < tile.channels; ++c) right_.push_back(y + first + c * plan_.y.step);
    const LineDots<T> p{left_.data(), right_.data(), Size(left_.size()), reads_.data() + tile.begin, width_, sums};
    line_microkernels<T>().dots[lines - 1][tile.end - tile.begin - 1](p);
  }

  const LineGradientPlan& plan_;
  LineWindow<T> x_, y_;
  std::vector<Size> reads_;  // where each pair of a channel of x and a tap on the last axis reads, from a row's lines
  std::vector<const T*> y_rows_;  // the lines of the rows of y that are multiplied now
  std::vector<Pairs> pairs_;
  std::vector<const T*> left_, right_;
  Size width_ = 0;
};

// Adds up the parts and the lanes of the sums.
template <typename T>
void reduce_sums(const LineGradientPlan& plan, const T* sums, T* result) {
  const Layer& layer = plan.layer;
  const Size reads2 = plan.reads.size(), part_size = plan.size() * kLanes<T>;
  Size at = 0;
  for (const TapRow& taps : plan.tap_rows) {
    each_tile(plan, taps, at, [&](const GradientTile& tile) {
      const T* from = sums + tile.at * kLanes<T>;
      for (Size k = 0; k < taps.count1; ++k)
        for (Size c = 0; c < tile.channels; ++c)
          for (Size read = tile.begin; read < tile.end; ++read, from += kLanes<T>) {
            T total = 0;
            for (Size part = 0; part < plan.parts; ++part)
              for (Size lane = 0; lane < kLanes<T>; ++lane) total += from[part * part_size + lane];
            const Size tap =
                (taps.tap0 * layer.axes[1].taps + taps.first1 + k * plan.tap_step) * reads2 + read % reads2;
            result[(tap * layer.in_ch + read / reads2) * layer.kernel_row() + tile.group * layer.out_ch + tile.channel +
                   c] = total;
          }
    });
    at += taps.count1 * plan.tap_row_size();
  }
}

template <typename T>
void line_gradient(const Layer& layer, const T* x, const T* y, T* result, ThreadPool& pool) {
  const LineGradientPlan plan = plan_line_gradient<T>(layer);
  const auto size_of = [&](Range rows) {
    Size size = 0;
    for (Size row = rows.begin; row < rows.end; ++row) size += plan.tap_rows[row].count1 * plan.tap_row_size();
    return size * kLanes<T>;
  };
  const Size tap_rows = plan.tap_rows.size(), part_size = plan.size() * kLanes<T>;
  Scratch<T> sums(plan.parts * part_size);
  parallel_for(pool, plan.parts * plan.tap_parts, [&](Size task) {
    const Size part = task / plan.tap_parts;
    const Range units = part_of(plan.units(), part, plan.parts);
    const Range rows = part_of(tap_rows, task % plan.tap_parts, plan.tap_parts);
    T* const to = sums.get() + part * part_size + size_of({0, rows.begin});
    std::fill_n(to, size_of(rows), T(0));
    LineGradient<T> gradient(plan, x, y);
    for (Size unit = units.begin; unit < units.end; ++unit) gradient.add(unit, rows, to);
  });
  reduce_sums(plan, sums.get(), result);
}

}  // namespace jtconv

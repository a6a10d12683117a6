// The kernel's gradient by lines: an entry is a sum of dot products of lines of x, moved, and lines of y.
//
// A line of x is read at several places, and multiplied by several lines of y: of other channels, or of the rows that
// read it by other taps on the second axis. The parts of the sum are the layer's, not the threads', so that any number
// of threads adds in the same order.

#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "line_plan.h"
#include "lines.h"
#include "memory.h"
#include "parallel.h"

namespace jtconv {

constexpr Size kMaxGradientParts = 16;
constexpr Size kMinPartProducts = 1 << 18;        // multiplications of a part of the sum
constexpr Size kMaxPartValues = 1 << 21;          // of all parts' sums
constexpr Size kMaxGradientLineValues = 1 << 15;  // of the lines of x and y that are multiplied with one another

// Taps on the first two axes that are computed together: number k on the second axis is first1 + k * step1, and reads
// for a row what the one before reads for the row `row_step` further on.
struct TapRow {
  Size tap0, first1, count1;
};

struct LineGradientPlan {
  Layer layer;
  Size channels_at_once = 0;  // of y
  Size tap_step = 0, row_step = 0;
  std::vector<TapRow> tap_rows;
  RowLines x, y;
  std::vector<LineRead> reads;
  LineColumns columns;
  Size planes = 0, band = 0, bands = 0;  // of x that a plane of y reads; rows of y at once
  Size parts = 0, tap_parts = 0;         // of the sum, and of the taps

  Size size() const { return layer.taps() * layer.in_ch * layer.kernel_row(); }
  // Rows of x that a band of rows of y is multiplied by.
  Size x_rows() const {
    const Axis& axis = layer.axes[1];
    return std::min(axis.stride * (band - 1) + axis.dilation * (axis.taps - 1) + 1, axis.in);
  }
  Size units() const { return ceil_div(layer.batch, columns.images) * columns.chunks * bands * layer.axes[0].out; }
};

// A tile of sums in registers: reads [begin, end) of x, channels of y, and the taps of a row.
struct GradientTile {
  Size group, channel, channels;  // the first of the group's, and how many
  Size begin, end;                // of pairs of a channel of x and a tap on the last axis
  Size at;                        // of the sums, in vectors
};

inline void add_tap_rows(LineGradientPlan& plan) {
  const Axis& axis = plan.layer.axes[1];
  const Size common = std::gcd(axis.stride, axis.dilation);
  plan.tap_step = axis.stride / common;
  plan.row_step = axis.dilation / common;
  const Size most = plan.channels_at_once == 1 ? 3 : plan.channels_at_once == 2 ? 2 : 1;
  for (Size tap0 = 0; tap0 < plan.layer.axes[0].taps; ++tap0)
    for (Size first = 0; first < std::min(plan.tap_step, axis.taps); ++first) {
      const Size taps = ceil_div(axis.taps - first, plan.tap_step), rows = ceil_div(taps, most);
      for (Size row = 0; row < rows; ++row) {
        const Range range = part_of(taps, row, rows);
        plan.tap_rows.push_back({tap0, first + range.begin * plan.tap_step, range.end - range.begin});
      }
    }
}

template <typename T>
LineGradientPlan plan_line_gradient(const Layer& layer) {
  LineGradientPlan plan;
  plan.layer = layer;
  const auto& axes = layer.axes;
  plan.channels_at_once = ceil_div(layer.out_ch, ceil_div(layer.out_ch, kMaxDotLines));
  add_tap_rows(plan);
  plan.x.size = {axes[0].in, axes[1].in, axes[2].in};
  plan.x.channels = layer.groups * layer.in_ch;
  plan.reads = line_reads(forward_phases(axes[2]), plan.x)[0];
  plan.y.size = {axes[0].out, axes[1].out, axes[2].out};
  plan.y.channels = layer.groups * layer.out_ch;
  plan.y.used = {true};
  plan.columns = plan_columns(layer.batch, axes[2].out, plan.x.reach, plan.x.lines() + plan.y.lines());
  const Size width = plan.columns.width(plan.columns.images, plan.columns.columns);
  plan.x.step = line_step<T>(width, plan.x.reach);
  plan.y.step = line_step<T>(width, 0);
  plan.planes = std::min(axes[0].dilation * (axes[0].taps - 1) + 1, axes[0].in);
  const Size row_values = axes[1].stride * plan.x.lines() * plan.x.step + plan.y.lines() * plan.y.step;
  plan.band = std::clamp<Size>(kMaxGradientLineValues / row_values, 1, axes[1].out);
  plan.bands = ceil_div(axes[1].out, plan.band);
  const Size most = std::max<Size>(kMaxPartValues / (plan.size() * kLanes<T>), 1);
  const Size wanted = std::clamp<Size>(line_work(layer) / kMinPartProducts, 1, kMaxGradientParts);
  plan.parts = std::min({wanted, most, plan.units()});
  plan.tap_parts = std::clamp<Size>(wanted / plan.parts, 1, plan.tap_rows.size());
  return plan;
}

// Calls use(tile) for every tile of a row of taps; `at`: of its first sum.
template <typename Use>
void each_tile(const LineGradientPlan& plan, const TapRow& taps, Size at, Use use) {
  const Layer& layer = plan.layer;
  const Size all_reads = layer.in_ch * plan.reads.size();
  for (Size group = 0; group < layer.groups; ++group)
    for (Size c = 0; c < layer.out_ch; c += plan.channels_at_once) {
      const Size channels = std::min(plan.channels_at_once, layer.out_ch - c), lines = channels * taps.count1;
      const Size tiles = ceil_div(all_reads, max_dot_reads(lines));
      for (Size tile = 0; tile < tiles; ++tile) {
        const Range reads = part_of(all_reads, tile, tiles);
        use(GradientTile{group, c, channels, reads.begin, reads.end, at});
        at += lines * (reads.end - reads.begin);
      }
    }
}

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
    const Size of_tap = plan_.layer.axes[2].taps * plan_.layer.in_ch * plan_.layer.kernel_row();
    Size at = 0;
    for (Size row = tap_rows.begin; row < tap_rows.end; ++row) {
      const TapRow& taps = plan_.tap_rows[row];
      const Size at0 = axes[0].stride * plane + axes[0].dilation * taps.tap0 - axes[0].lo;
      if (at0 >= 0 && at0 < axes[0].in) add_tap_row(taps, at0, plane, rows, at, sums);
      at += taps.count1 * of_tap;
    }
  }

 private:
  // Rows of x and y that a microkernel multiplies: for each pair a row of x, and `lines` rows of y.
  struct Pairs {
    std::vector<const T*> x, y;
  };

  void add_tap_row(const TapRow& taps, Size at0, Size plane, Range rows, Size at, T* sums) {
    find_pairs(taps, at0, plane, rows);
    each_tile(plan_, taps, at, [&](const GradientTile& tile) {
      const Size reads = tile.end - tile.begin;
      add_pairs(pairs_[0], taps.count1, tile, sums + tile.at * kLanes<T>);
      for (Size k = 0; k < taps.count1 && taps.count1 > 1; ++k)
        add_pairs(pairs_[1 + k], 1, tile, sums + (tile.at + k * tile.channels * reads) * kLanes<T>);
    });
  }

  // The first of `pairs_` are the rows of x that all taps read, the others those that only some do, by tap.
  void find_pairs(const TapRow& taps, Size at0, Size plane, Range rows) {
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
        pairs.y.push_back(y_.row(plane, base - k * plan_.row_step));
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
  std::vector<Pairs> pairs_;
  std::vector<const T*> left_, right_;
  Size width_ = 0;
};

// Adds up the parts and the lanes of the sums for a range of the rows of taps.
template <typename T>
void reduce_sums(const LineGradientPlan& plan, Range tap_rows, const T* sums, Size part_size, T* result) {
  const Layer& layer = plan.layer;
  const Size reads2 = plan.reads.size();
  Size at = 0;
  for (Size row = tap_rows.begin; row < tap_rows.end; ++row) {
    const TapRow& taps = plan.tap_rows[row];
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
    at += taps.count1 * layer.axes[2].taps * layer.in_ch * layer.kernel_row();
  }
}

template <typename T>
void line_gradient(const Layer& layer, const T* x, const T* y, T* result, ThreadPool& pool) {
  const LineGradientPlan plan = plan_line_gradient<T>(layer);
  const Size of_tap = layer.axes[2].taps * layer.in_ch * layer.kernel_row();
  const auto size_of = [&](Range rows) {
    Size size = 0;
    for (Size row = rows.begin; row < rows.end; ++row) size += plan.tap_rows[row].count1 * of_tap * kLanes<T>;
    return size;
  };
  const Size tap_rows = plan.tap_rows.size(), part_size = size_of({0, tap_rows});
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
  reduce_sums(plan, {0, tap_rows}, sums.get(), part_size, result);
}

}  // namespace jtconv

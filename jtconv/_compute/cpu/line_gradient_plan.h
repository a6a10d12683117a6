// The choices made for the kernel's gradient by lines, before any array is touched.

#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "layer.h"
#include "line_microkernels.h"
#include "lines.h"
#include "phases.h"

namespace jtconv {

constexpr Size kMaxGradientParts = 16;
constexpr Size kMaxRowStep = 4;             // between rows that read the same row of x; the next are rarely in one band
constexpr Size kMinPartProducts = 1 << 18;  // multiplications of a part of the sum
constexpr Size kMaxPartValues = 1 << 21;    // of all parts' sums
constexpr Size kMaxGradientLineValues = 1 << 15;  // of the lines of x and y that are multiplied with one another

// Taps on the first two axes that are computed together: number k on the second axis is first1 + k * tap_step, and
// reads for a row what the one before reads for the row `row_step` further on.
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

  Size tap_row_size() const { return layer.axes[2].taps * layer.in_ch * layer.kernel_row(); }  // of a single row
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
  Size most = plan.channels_at_once == 1 ? 3 : plan.channels_at_once == 2 ? 2 : 1;
  if (plan.row_step > kMaxRowStep) most = 1;
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
  plan.parts = std::clamp<Size>(plan.units(), 1, std::min(wanted, most));
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

}  // namespace jtconv

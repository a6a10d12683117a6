// Lines: rows of an image along its last axis, one channel each, with zeros where their padding is.
//
// With few channels a vector is filled with neighbours on the last axis. A tap then reads a line some columns further
// on. Where results are `period` positions of the source apart, a row is cut into a line for each remainder, so that
// every tap still reads neighbours. Narrow rows of several images share a line.

#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "layer.h"
#include "microkernels.h"
#include "phases.h"

namespace jtconv {

constexpr Size kMaxLineColumns = 1024;     // of a line: several lines stay in the first-level cache
constexpr Size kMinLineColumns = 128;      // with fewer, several images share a line
constexpr Size kMaxLinesValues = 1 << 16;  // of the lines of a tile of rows: they stay in the second-level cache
constexpr Size kRowProducts = 1 << 10;     // multiplications in the time that it takes to prepare a row, however short

// How results, `count` for each image, are laid out on lines.
struct LineColumns {
  Size images = 1;   // of a line
  Size columns = 0;  // of one image on a line
  Size pitch = 0;    // columns from one image to the next
  Size chunks = 1;   // lines for all of an image's results

  // Columns of a line, with those between images.
  Size width(Size image_count, Size column_count) const { return (image_count - 1) * pitch + column_count; }
};

// `reach`: columns beyond its own that a result reads. `lines`: of a tile of rows.
inline LineColumns plan_columns(Size batch, Size count, Size reach, Size lines) {
  LineColumns plan;
  const Size most = std::clamp<Size>(kMaxLinesValues / lines, kMinLineColumns, kMaxLineColumns);
  plan.chunks = std::max<Size>(ceil_div(count, most), 1);
  plan.columns = ceil_div(count, plan.chunks);
  plan.pitch = plan.columns + reach;
  if (plan.chunks == 1 && plan.columns < kMinLineColumns)
    plan.images = std::clamp<Size>(2 * kMinLineColumns / plan.pitch, 1, std::max<Size>(batch / 2, 1));
  return plan;
}

// The lines of one row: value `column` of remainder r is at position first + period * column + r.
struct RowLines {
  std::array<Size, kAxes> size{};  // of an image
  Size channels = 1;               // at a position
  Size period = 1, first = 0;
  std::vector<bool> used;  // remainders that any tap reads
  bool uses_all = true;
  Size reach = 0;
  Size step = 0;  // from one line to the next: all channels of remainder 0, then of remainder 1, …

  Size lines() const { return period * channels; }
};

// Multiplications that take as long as the layer: its own, and those in the time that rows take.
inline Size line_work(const Layer& layer) {
  const auto& axes = layer.axes;
  const Size rows = layer.batch * (axes[0].in * axes[1].in + axes[0].out * axes[1].out);
  const Size pairs = layer.groups * layer.in_ch * layer.out_ch;
  return layer.batch * layer.out_size() * layer.taps() * pairs + kRowProducts * rows;
}

// A tap on the last axis: the column and the remainder that it reads.
struct LineRead {
  Size tap, remainder, column;
};

// For each phase, what its taps read, where results of a phase are `period` positions of the source apart.
inline std::vector<std::vector<LineRead>> line_reads(const std::vector<AxisPhase>& phases, RowLines& form) {
  form.period = phases[0].count == 1 ? 1 : phases[0].source_step;  // a single result takes no step
  Size least = 0;
  bool any = false;
  for (const AxisPhase& phase : phases)
    for (const TapSource& tap : phase.taps) least = any ? std::min(least, tap.offset) : tap.offset, any = true;
  form.first = least;
  form.used.assign(form.period, false);
  form.reach = 0;
  std::vector<std::vector<LineRead>> reads;
  for (const AxisPhase& phase : phases) {
    reads.emplace_back();
    for (const TapSource& tap : phase.taps) {
      const Size distance = tap.offset - least;
      reads.back().push_back({tap.tap, distance % form.period, distance / form.period});
      form.used[distance % form.period] = true;
      form.reach = std::max(form.reach, distance / form.period);
    }
  }
  form.uses_all = std::find(form.used.begin(), form.used.end(), false) == form.used.end();
  return reads;
}

// The length of a line: a multiple of cache lines, and an odd one, so that lines spread over the cache's sets.
template <typename T>
Size line_step(Size width, Size reach) {
  const Size unit = 64 / sizeof(T);
  return (ceil_div(width + kLanes<T> + reach, unit) | 1) * unit;
}

}  // namespace jtconv

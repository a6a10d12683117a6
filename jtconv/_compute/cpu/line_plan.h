// The choices made for C or its transpose by lines, before any array is touched.

#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "layer.h"
#include "line_microkernels.h"
#include "lines.h"
#include "phases.h"

namespace jtconv {

constexpr Size kMaxWindowValues = 1 << 16;  // of a task's lines, if a tile's rows are fewer
constexpr Size kMinTaskProducts = 1 << 18;  // multiplications for which it pays to wake a thread

// A row of the source, and the rows [begin, end) of a tile that read it, each by its own tap on the second axis.
struct RowTerms {
  Size delta;  // from the first row of the tile, in the source
  int begin, end;
  std::array<Size, kMaxLineRows> taps;
};

// What a tile of `rows` result rows reads. For each row, taps come in the same order, whatever its place in the tile.
inline std::vector<RowTerms> row_terms(const AxisPhase& phase, Size rows) {
  struct Read {
    Size delta, row, tap;
  };
  std::vector<Read> reads;
  for (const TapSource& tap : phase.taps)
    for (Size r = 0; r < rows; ++r) reads.push_back({phase.source_step * r + tap.offset, r, tap.tap});
  std::sort(reads.begin(), reads.end(),
            [](const Read& a, const Read& b) { return a.delta != b.delta ? a.delta < b.delta : a.row < b.row; });
  std::vector<RowTerms> terms;
  for (const Read& read : reads) {
    if (terms.empty() || terms.back().delta != read.delta || terms.back().end != read.row)
      terms.push_back({read.delta, int(read.row), int(read.row), {}});
    terms.back().taps[read.row] = read.tap;
    ++terms.back().end;
  }
  return terms;
}

// The least and the largest position that a phase's taps add to a result's own.
inline Range offsets_of(const std::vector<AxisPhase>& phases) {
  Range all{0, 0};
  bool any = false;
  for (const AxisPhase& phase : phases)
    for (const TapSource& tap : phase.taps) {
      all = any ? Range{std::min(all.begin, tap.offset), std::max(all.end, tap.offset + 1)}
                : Range{tap.offset, tap.offset + 1};
      any = true;
    }
  return all;
}

struct LinePlan {
  Layer layer;
  Direction direction = Direction::forward;
  std::array<Size, kAxes> source_size{}, result_size{}, counts{};  // counts of the largest phase
  Size source_ch = 0, result_ch = 0;                               // of one group
  Size at_once = 0, tile_rows = 0;  // result channels, and rows, of a tile: their product is that of its lines
  AxisPhases phases;
  RowLines form;
  std::vector<std::vector<LineRead>> reads;      // by phase of the last axis
  std::vector<std::vector<RowTerms>> row_terms;  // by phase of the second axis
  LineColumns columns;
  Size result_period = 0, result_step = 0;  // phases of the last axis; from one line of results to the next
  Size planes = 0, band = 0;                // of the source that a result plane reads; rows of a task

  Size result_lines() const { return result_period * layer.groups * result_ch; }
  Size source_rows(Size rows) const;
};

// Rows of the source that as many rows of results read.
inline Size LinePlan::source_rows(Size rows) const {
  const Range offsets = offsets_of(phases[1]);
  return std::min((rows - 1) * phases[1][0].source_step + offsets.end - offsets.begin, source_size[1]);
}

inline void set_line_sizes(LinePlan& plan) {
  const bool forward = plan.direction == Direction::forward;
  const Layer& layer = plan.layer;
  for (std::size_t a = 0; a < kAxes; ++a) {
    const Axis& axis = layer.axes[a];
    plan.source_size[a] = forward ? axis.in : axis.out;
    plan.result_size[a] = forward ? axis.out : axis.in;
    plan.phases[a] = forward ? forward_phases(axis) : transposed_phases(axis);
    for (const AxisPhase& phase : plan.phases[a]) plan.counts[a] = std::max(plan.counts[a], phase.count);
  }
  plan.source_ch = forward ? layer.in_ch : layer.out_ch;
  plan.result_ch = forward ? layer.out_ch : layer.in_ch;
  plan.at_once = ceil_div(plan.result_ch, ceil_div(plan.result_ch, kMaxLineRows));
  plan.tile_rows = std::min(kMaxLineRows / plan.at_once, plan.counts[1]);
}

// How many rows a task computes one after another, so that the rows that they read stay in the cache.
inline Size choose_band(const LinePlan& plan) {
  const Size row_values = plan.planes * plan.form.lines() * plan.form.step;
  Size band = plan.tile_rows;
  while (band < plan.counts[1] && plan.source_rows(2 * band) * row_values <= kMaxWindowValues) band *= 2;
  return band;
}

template <typename T>
LinePlan plan_lines(const Layer& layer, Direction direction) {
  LinePlan plan;
  plan.layer = layer;
  plan.direction = direction;
  set_line_sizes(plan);
  plan.form.size = plan.source_size;
  plan.form.channels = layer.groups * plan.source_ch;
  plan.reads = line_reads(plan.phases[2], plan.form);
  for (const AxisPhase& phase : plan.phases[1]) plan.row_terms.push_back(row_terms(phase, plan.tile_rows));
  plan.result_period = plan.phases[2].size();
  const Size lines = std::max(plan.form.lines(), plan.tile_rows * plan.result_lines());
  plan.columns = plan_columns(layer.batch, plan.counts[2], plan.form.reach, lines);
  const Size width = plan.columns.width(plan.columns.images, plan.columns.columns);
  plan.form.step = line_step<T>(width, plan.form.reach);
  plan.result_step = line_step<T>(width, 0);
  const Range planes = offsets_of(plan.phases[0]);
  plan.planes = std::clamp<Size>(planes.end - planes.begin, 1, plan.source_size[0]);
  plan.band = choose_band(plan);
  return plan;
}

}  // namespace jtconv

// Phases: results that are computed from the same taps, and the positions that these taps read.
//
// Every result of C reads every tap, so C has one phase. A result of the transpose at q reads the
// outputs o with stride * o + dilation * t - lo = q. Its taps t depend on q modulo the stride, so the
// transpose has a phase for each remainder.

#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "layer.h"

namespace jtconv {

struct TapSource {
  Size tap, offset;
};

// A phase on one axis: result first + step * j reads, for each tap, position source_step * j + offset.
// The number j runs from 0 to `count`.
struct AxisPhase {
  Size first, step, count, source_step;
  std::vector<TapSource> taps;
};

using AxisPhases = std::array<std::vector<AxisPhase>, kAxes>;

// A phase on all axes.
struct Phase {
  std::array<const AxisPhase*, kAxes> axes;
  std::vector<Size> taps;  // numbered as in the kernel, where the last axis is contiguous
};

// The results of a phase for which a tap reads a position within the source, which has `size` of them.
inline Range results_inside(const AxisPhase& phase, const TapSource& tap, Size size) {
  const Size begin = tap.offset >= 0 ? 0 : ceil_div(-tap.offset, phase.source_step);
  const Size end = tap.offset >= size ? 0 : ceil_div(size - tap.offset, phase.source_step);
  return {std::min(begin, phase.count), std::clamp(end, std::min(begin, phase.count), phase.count)};
}

inline std::vector<AxisPhase> forward_phases(const Axis& axis) {
  AxisPhase all{0, 1, axis.out, axis.stride, {}};
  for (Size t = 0; t < axis.taps; ++t) all.taps.push_back({t, axis.dilation * t - axis.lo});
  return {all};
}

inline std::vector<AxisPhase> transposed_phases(const Axis& axis) {
  std::vector<AxisPhase> phases;
  for (Size first = 0; first < axis.stride && first < axis.in; ++first) {
    AxisPhase phase{first, axis.stride, ceil_div(axis.in - first, axis.stride), 1, {}};
    for (Size t = 0; t < axis.taps; ++t) {
      const Size distance = first + axis.lo - axis.dilation * t;
      if (distance % axis.stride == 0) phase.taps.push_back({t, distance / axis.stride});
    }
    phases.push_back(phase);
  }
  return phases;
}

// The number of consecutive positions on the last axis that one matrix product covers.
//
// They must be contiguous in the image as in the kernel. C merges all positions that an output reads,
// where no output reads padding; the transpose merges the `stride` results that read the same outputs.
inline Size merged_width(const Layer& layer, Direction direction) {
  const Axis& axis = layer.axes[kAxes - 1];
  if (layer.groups > 1 || axis.dilation > 1) return 1;
  if (direction == Direction::forward)
    return axis.lo == 0 && axis.stride * (axis.out - 1) + axis.taps <= axis.in ? axis.taps : 1;
  const bool whole = axis.lo % axis.stride == 0 && axis.in % axis.stride == 0 && axis.taps % axis.stride == 0;
  return whole ? axis.stride : 1;
}

// The phases on each axis; where several positions are merged, the first of the last axis stands for all.
inline AxisPhases axis_phases(const Layer& layer, Direction direction) {
  const bool forward = direction == Direction::forward;
  AxisPhases phases;
  for (std::size_t a = 0; a < kAxes; ++a)
    phases[a] = forward ? forward_phases(layer.axes[a]) : transposed_phases(layer.axes[a]);
  if (merged_width(layer, direction) == 1) return phases;
  std::vector<AxisPhase>& last = phases[kAxes - 1];
  last.resize(1);
  if (forward) last[0].taps.resize(1);
  return phases;
}

// Every combination of phases on the axes. The result points into `by_axis`.
inline std::vector<Phase> combine(const Layer& layer, const AxisPhases& by_axis) {
  std::vector<Phase> phases;
  for (const AxisPhase& p0 : by_axis[0])
    for (const AxisPhase& p1 : by_axis[1])
      for (const AxisPhase& p2 : by_axis[2]) {
        Phase phase{{&p0, &p1, &p2}, {}};
        for (const TapSource& t0 : p0.taps)
          for (const TapSource& t1 : p1.taps)
            for (const TapSource& t2 : p2.taps)
              phase.taps.push_back((t0.tap * layer.axes[1].taps + t1.tap) * layer.axes[2].taps + t2.tap);
        phases.push_back(phase);
      }
  return phases;
}

}  // namespace jtconv

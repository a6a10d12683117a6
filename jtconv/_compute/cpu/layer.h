// One layer's sizes, and which positions the taps of its kernel join.

#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace jtconv {

using Size = std::ptrdiff_t;

inline Size ceil_div(Size a, Size b) { return (a + b - 1) / b; }

constexpr std::size_t kAxes = 3;  // a layer of fewer has others of size 1 before them

enum class Direction { forward, transposed };

struct Axis {
  Size in = 1, out = 1, taps = 1, stride = 1, dilation = 1, lo = 0;
};

struct Layer {
  Size batch, groups;
  Size in_ch, out_ch;  // of one group
  std::array<Axis, kAxes> axes;

  Size taps() const { return axes[0].taps * axes[1].taps * axes[2].taps; }
  Size in_size() const { return axes[0].in * axes[1].in * axes[2].in; }
  Size out_size() const { return axes[0].out * axes[1].out * axes[2].out; }
};

// Which kind of small groups these are (tiles.h), or -1: channels by themselves, in twos and in fours.
inline int small_groups_kind(const Layer& layer) {
  if (layer.groups == 1 || layer.in_ch != layer.out_ch) return -1;
  return layer.in_ch == 1 ? 0 : layer.in_ch == 2 ? 1 : layer.in_ch == 4 ? 2 : -1;
}

struct TapSource {
  Size tap, offset;
};

// Results of one axis that are made of the same taps: result first + step * j reads, by each tap,
// position source_step * j + offset, for j from 0 to count.
struct AxisPhase {
  Size first, step, count, source_step;
  std::vector<TapSource> taps;
};

// All results of C are made of all taps. Those of the transpose, at q, are made of the outputs o
// with stride * o + dilation * t - lo = q, so that the taps depend on q modulo the stride.
inline std::vector<AxisPhase> phases_of(const Axis& axis, Direction direction) {
  if (direction == Direction::forward) {
    AxisPhase all{0, 1, axis.out, axis.stride, {}};
    for (Size t = 0; t < axis.taps; ++t) all.taps.push_back({t, axis.dilation * t - axis.lo});
    return {all};
  }
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

// How many neighbours on the last axis can be taken together, as they lie together in memory, in an
// image as in the kernel: for C all that an output reads, where it never reads padding; for the
// transpose the `stride` results that are made of the same outputs.
inline Size neighbours(const Layer& layer, Direction direction) {
  const Axis& axis = layer.axes[kAxes - 1];
  if (layer.groups > 1 || axis.dilation > 1) return 1;
  if (direction == Direction::forward)
    return axis.lo == 0 && axis.stride * (axis.out - 1) + axis.taps <= axis.in ? axis.taps : 1;
  const bool whole = axis.lo % axis.stride == 0 && axis.in % axis.stride == 0 && axis.taps % axis.stride == 0;
  return whole ? axis.stride : 1;
}

// The last axis's phases with neighbours taken together: the first one stands for all.
inline std::vector<AxisPhase> merge_neighbours(std::vector<AxisPhase> phases, Size count, Direction direction) {
  if (count == 1) return phases;
  phases.resize(1);
  if (direction == Direction::forward) phases[0].taps.resize(1);
  return phases;
}

// The same on all axes together.
struct Phase {
  std::array<const AxisPhase*, kAxes> axes;
  std::vector<Size> taps;  // as numbered in the kernel, the last axis quickest
};

// The phases point into `by_axis`.
inline std::vector<Phase> combine(const Layer& layer, const std::array<std::vector<AxisPhase>, kAxes>& by_axis) {
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

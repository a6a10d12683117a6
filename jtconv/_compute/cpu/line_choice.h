// Which layers are computed by lines: the rules as they were measured, on two cores with AVX2.
//
// The other kernels fill their vectors with channels of the result, so few of these leave them nearly empty.

#pragma once

#include <algorithm>

#include "layer.h"
#include "line_gradient_plan.h"
#include "line_plan.h"

namespace jtconv {

constexpr Size kFewLineChannels = 8;      // of a group, on both sides: lines are quicker, however few the taps
constexpr Size kFewOfOneTap = 4;          // instead, where a result of C or Cᵀ reads a single tap
constexpr Size kManyPhaseTaps = 8;        // of a result: with so many, also for more channels
constexpr Size kMaxChannelPairs = 128;    // then
constexpr Size kMaxGradientPairs = 64;    // the same for the kernel's gradient
constexpr Size kMaxGradientColumns = 16;  // channels of y, then
constexpr Size kMaxGradientLines = 128;   // of a row of all groups: with more, too few rows stay in the cache
constexpr Size kMinGroupChannels = 2;     // with no more, lines are quicker all the same
constexpr Size kFewResults = 4;  // channels of the result, for which there may be as many of the source as follows
constexpr Size kMaxSourceChannels = 256;
constexpr Size kManySmallGroupTaps = 24;     // of a result: with so many, also for small groups that fill vectors
constexpr Size kMaxSmallGroupChannels = 64;  // of all groups, then
constexpr Size kMaxLineReach = 1 << 15;      // columns that a line has beyond the results'
constexpr Size kMaxTaskValues = 1 << 22;     // of a task's lines

// Taps that a result of Cᵀ reads, at most; and so for C, divided by the positions that belong to each result.
inline Size phase_taps(const Layer& layer) {
  Size taps = 1;
  for (const Axis& axis : layer.axes) taps *= ceil_div(axis.taps, axis.stride);
  return taps;
}

// Whether small groups leave vectors partly empty; `full`: channels that the other microkernel computes at once.
template <typename T>
bool small_groups_prefer_lines(const Layer& layer, Size full) {
  const Size channels = layer.kernel_row();
  if (channels <= kLanes<T> || (channels % full != 0 && channels < 5 * kLanes<T>)) return true;
  return phase_taps(layer) >= kManySmallGroupTaps && channels <= kMaxSmallGroupChannels;
}

template <typename T>
bool prefers_lines(const Layer& layer, Direction direction) {
  const bool forward = direction == Direction::forward;
  const Size source = forward ? layer.in_ch : layer.out_ch, result = forward ? layer.out_ch : layer.in_ch;
  const Size taps = phase_taps(layer);
  const bool few = std::max(source, result) <= (taps > 1 ? kFewLineChannels : kFewOfOneTap);
  const bool thin = source * result <= kMaxChannelPairs || (result <= kFewResults && source <= kMaxSourceChannels);
  return small_group_kind(layer) ? small_groups_prefer_lines<T>(layer, kLanes<T>)
                                 : few || (taps >= kManyPhaseTaps && thin);
}

template <typename T>
bool gradient_prefers_lines(const Layer& layer) {
  const Size x = layer.in_ch, y = layer.out_ch;
  if (small_group_kind(layer)) return small_groups_prefer_lines<T>(layer, (x == 1 ? 2 : 1) * kLanes<T>);
  const Size lines = layer.groups * (x + y);  // of a row of x and one of y, at least
  if (layer.groups > 1 && lines > kMaxGradientLines && std::max(x, y) > kMinGroupChannels) return false;
  const bool few = std::max(x, y) <= kFewLineChannels, many_taps = phase_taps(layer) >= kManyPhaseTaps;
  const bool thin = y <= kFewResults ? x <= kMaxSourceChannels : y <= kMaxGradientColumns && x * y <= kMaxGradientPairs;
  return few || (many_taps && thin);
}

// Whether lines with their padding, and what a task holds of them, are of a bearable size.
inline bool lines_fit(const LinePlan& plan) {
  const Size held = plan.planes * plan.source_rows(plan.band) * plan.form.lines() * plan.form.step;
  const Size joined = plan.tile_rows * plan.result_lines() * plan.result_step;
  return plan.form.reach <= kMaxLineReach && std::max(held, joined) <= kMaxTaskValues;
}

inline bool lines_fit(const LineGradientPlan& plan) {
  return plan.x.reach <= kMaxLineReach && plan.planes * plan.x_rows() * plan.x.lines() * plan.x.step <= kMaxTaskValues;
}

template <typename T>
bool by_lines(const Layer& layer, Direction direction) {
  return prefers_lines<T>(layer, direction) && lines_fit(plan_lines<T>(layer, direction));
}

template <typename T>
bool gradient_by_lines(const Layer& layer) {
  return gradient_prefers_lines<T>(layer) && lines_fit(plan_line_gradient<T>(layer));
}

}  // namespace jtconv

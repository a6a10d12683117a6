// One layer's sizes, in integers.

#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "microkernels.h"

namespace jtconv {

inline Size ceil_div(Size a, Size b) { return (a + b - 1) / b; }

struct Range {
  Size begin, end;
};

// The `index`-th of `parts` nearly equal parts of the numbers below `size`.
inline Range part_of(Size size, Size index, Size parts) { return {index * size / parts, (index + 1) * size / parts}; }

constexpr std::size_t kAxes = 3;  // a layer with fewer has trivial axes; they come before its own

enum class Direction { forward, transposed };

struct Axis {
  Size in = 1, out = 1, taps = 1, stride = 1, dilation = 1, lo = 0;

  bool is_trivial() const { return in == 1 && out == 1 && taps == 1 && lo == 0; }
};

struct Layer {
  Size batch = 1, groups = 1;
  Size in_ch = 1, out_ch = 1;  // of one group
  std::array<Axis, kAxes> axes;

  Size taps() const { return axes[0].taps * axes[1].taps * axes[2].taps; }
  Size out_size() const { return axes[0].out * axes[1].out * axes[2].out; }
  Size kernel_row() const { return groups * out_ch; }  // values of the kernel for one tap and input channel
};

// The kind of small groups that the layer has, if it has any.
inline std::optional<Size> small_group_kind(const Layer& layer) {
  if (layer.groups == 1 || layer.in_ch != layer.out_ch) return std::nullopt;
  for (Size kind = 0; kind < kSmallGroupKinds; ++kind)
    if (layer.in_ch == small_group_channels(kind)) return kind;
  return std::nullopt;
}

}  // namespace jtconv

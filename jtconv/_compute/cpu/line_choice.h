// Which layers are computed by lines.

#pragma once

#include "layer.h"

namespace jtconv {

constexpr Size kMaxLineChannels = 4;  // of a group, on each side

template <typename T>
bool prefers_lines(const Layer& layer, Direction direction) {
#ifdef ALL_LINES
  return true;
#endif
  return layer.in_ch <= kMaxLineChannels && layer.out_ch <= kMaxLineChannels;
}

template <typename T>
bool gradient_prefers_lines(const Layer& layer) {
#ifdef ALL_LINES
  return true;
#endif
  return layer.in_ch <= kMaxLineChannels && layer.out_ch <= kMaxLineChannels;
}

}  // namespace jtconv

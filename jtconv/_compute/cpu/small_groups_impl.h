// The microkernels for small groups, where a vector holds the channels of several groups.
//
// Compiled once for each instruction set.

#pragma once

#include "microkernels.h"
#include "vector.h"

namespace jtconv {
namespace {

template <typename T, int Kind>
void small_groups(const SmallGroups<T>& p, Size row) {
  using Whole = typename Vector<T>::Whole;
  constexpr Size lanes = Vector<T>::lanes;
  constexpr int N = small_group_channels(Kind);
  Size c = 0;
  for (; c + lanes <= p.channels; c += lanes) {
    Whole sums[kSmallGroupRows] = {};
    for (Size tap = 0; tap < p.taps; ++tap) {
      const T* const* left = p.left + tap * p.left_step + row;
      Whole b[N];
      for (int a = 0; a < N; ++a) b[a] = load(p.right[tap] + a * p.right_step + c);
      for (int r = 0; r < kSmallGroupRows; ++r)
        each_lane<T, N>(load(left[r] + c), [&](int a, Whole spread) { sums[r] += spread * b[a]; });
    }
    for (int r = 0; r < kSmallGroupRows; ++r) store(p.result[row + r] + c, sums[r]);
  }
  for (; c < p.channels; ++c)
    for (int r = 0; r < kSmallGroupRows; ++r) {
      T sum = 0;
      for (Size tap = 0; tap < p.taps; ++tap)
        for (int a = 0; a < N; ++a)
          sum += p.left[tap * p.left_step + row + r][c / N * N + a] * p.right[tap][a * p.right_step + c];
      p.result[row + r][c] = sum;
    }
}

template <typename T, int Kind>
void small_groups_sum(const SmallGroupsSum<T>& p, Size tap) {
  using Whole = typename Vector<T>::Whole;
  constexpr Size lanes = Vector<T>::lanes;
  constexpr int N = small_group_channels(Kind), taps = small_group_taps(Kind);
  constexpr int vectors = N == 1 ? 2 : 1;  // so that registers hold 8 sums
  const T* const* left[taps];
  for (int t = 0; t < taps; ++t) left[t] = p.left + (tap + t) * p.left_step;
  T* result = p.result + tap * N * p.result_step;
  Size c = 0;
  for (; c + vectors * lanes <= p.channels; c += vectors * lanes) {
    Whole sums[taps * N][vectors] = {};
    for (Size i = 0; i < p.length; ++i) {
      Whole b[vectors];
      for (int v = 0; v < vectors; ++v) b[v] = load(p.right + i * p.right_step + c + v * lanes);
      for (int t = 0; t < taps; ++t)
        for (int v = 0; v < vectors; ++v)
          each_lane<T, N>(load(left[t][i] + c + v * lanes),
                          [&](int a, Whole spread) { sums[t * N + a][v] += spread * b[v]; });
    }
    for (int r = 0; r < taps * N; ++r) write(result + r * p.result_step + c, sums[r], vectors, vectors * lanes, true);
  }
  for (; c < p.channels; ++c)
    for (int r = 0; r < taps * N; ++r) {
      T sum = 0;
      for (Size i = 0; i < p.length; ++i) sum += left[r / N][i][c / N * N + r % N] * p.right[i * p.right_step + c];
      result[r * p.result_step + c] += sum;
    }
}

}  // namespace
}  // namespace jtconv

// The microkernels, and their table.
//
// Included once for each instruction set, by a file that says which.

#pragma once

#include "microkernels.h"
#include "small_groups_impl.h"
#include "vector.h"

namespace jtconv {
namespace {

template <typename T, int Rows, int Vectors>
void multiply(const RowsTimesPanel<T>& p, Size row) {
  using Whole = typename Vector<T>::Whole;
  Whole sums[Rows][Vectors] = {};
  for (Size tap = 0; tap < p.taps; ++tap) {
    const T* left[Rows];
    for (int r = 0; r < Rows; ++r) left[r] = p.left[tap * p.left_step + row + r] + p.left_offset;
    const T* right = p.right[tap];
    for (Size c = 0; c < p.channels; ++c, right += p.right_step) {
      Whole b[Vectors];
      for (int v = 0; v < Vectors; ++v) b[v] = load(right + v * Vector<T>::lanes);
      for (int r = 0; r < Rows; ++r)
        for (int v = 0; v < Vectors; ++v) sums[r][v] += left[r][c] * b[v];
    }
  }
  for (int r = 0; r < Rows; ++r) write(p.result[row + r] + p.result_offset, sums[r], Vectors, p.columns, p.add);
}

template <typename T, int Rows, int Columns>
void dots(const RowsTimesPanel<T>& p, Size row) {
  using Whole = typename Vector<T>::Whole;
  constexpr Size lanes = Vector<T>::lanes;
  Whole sums[Rows][Columns] = {};
  T tail[Rows][Columns] = {};
  const Size whole = p.channels / lanes * lanes;
  for (Size tap = 0; tap < p.taps; ++tap) {
    const T* left[Rows];
    for (int r = 0; r < Rows; ++r) left[r] = p.left[tap * p.left_step + row + r] + p.left_offset;
    const T* right = p.right[tap];
    for (Size c = 0; c < whole; c += lanes) {
      Whole a[Rows];
      for (int r = 0; r < Rows; ++r) a[r] = load(left[r] + c);
      for (int v = 0; v < Columns; ++v) {
        const Whole b = load(right + v * p.right_step + c);
        for (int r = 0; r < Rows; ++r) sums[r][v] += a[r] * b;
      }
    }
    for (Size c = whole; c < p.channels; ++c)
      for (int r = 0; r < Rows; ++r)
        for (int v = 0; v < Columns; ++v) tail[r][v] += left[r][c] * right[v * p.right_step + c];
  }
  for (int r = 0; r < Rows; ++r) {
    T* to = p.result[row + r] + p.result_offset;
    for (int v = 0; v < Columns; ++v) {
      T total = tail[r][v];
      for (Size lane = 0; lane < lanes; ++lane) total += sums[r][v][lane];
      to[v] = p.add ? to[v] + total : total;
    }
  }
}

// left(p, r) returns the left factor's entry.
template <typename T, int Rows, int Vectors, typename Left>
inline __attribute__((always_inline)) void outer(const PackedProduct<T>& p, Left left) {
  using Whole = typename Vector<T>::Whole;
  Whole sums[Rows][Vectors] = {};
  const T* right = p.right;
  for (Size i = 0; i < p.length; ++i, right += Vectors * Vector<T>::lanes) {
    Whole b[Vectors];
    for (int v = 0; v < Vectors; ++v) b[v] = load(right + v * Vector<T>::lanes);
    for (int r = 0; r < Rows; ++r) {
      const T a = left(i, r);
      for (int v = 0; v < Vectors; ++v) sums[r][v] += a * b[v];
    }
  }
  for (int r = 0; r < Rows; ++r)
    if (r < p.rows) write(p.result + r * p.result_step, sums[r], Vectors, p.columns, p.add);
}

template <typename T, int Rows, int Vectors>
void outer_packed(const PackedProduct<T>& p) {
  outer<T, Rows, Vectors>(p, [left = p.left](Size i, int r) { return left[i * Rows + r]; });
}

template <typename T, int Rows, int Vectors>
void outer_gathered(const ColumnsTimesPanel<T>& p) {
  struct {
    const T* const* left[Rows];
    Size offset[Rows];
  } row;
  for (int r = 0; r < Rows; ++r) row.left[r] = p.left[r], row.offset[r] = p.offset[r];
  outer<T, Rows, Vectors>(p.product, [&row](Size i, int r) { return row.left[r][i][row.offset[r]]; });
}

template <typename T>
constexpr Microkernels<T> all_microkernels() {
  return {multiply<T, kWideRows, 2>,
          multiply<T, kNarrowRows, 1>,
          {dots<T, dots_rows(1), 1>, dots<T, dots_rows(2), 2>, dots<T, dots_rows(3), 3>},
          outer_packed<T, kWideRows, 2>,
          outer_packed<T, kNarrowRows, 1>,
          outer_gathered<T, kWideRows, 2>,
          {small_groups<T, 0>, small_groups<T, 1>, small_groups<T, 2>},
          {small_groups_sum<T, 0>, small_groups_sum<T, 1>, small_groups_sum<T, 2>}};
}

}  // namespace
}  // namespace jtconv

// Values side by side as separate lines, and back.
//
// Compiled once for each instruction set.

#pragma once

#include "line_microkernels.h"
#include "vector.h"

#if defined(__clang__)
#define JTCONV_SHUFFLE2(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define JTCONV_SHUFFLE2(a, b, ...) __builtin_shuffle(a, b, (typename Four<T>::Lanes){__VA_ARGS__})
#endif

namespace jtconv {
namespace {

template <typename T>
struct IntegerLike {
  using Type = std::int32_t;
};
template <>
struct IntegerLike<double> {
  using Type = std::int64_t;
};

template <typename T>
struct Four {
  typedef T Whole __attribute__((vector_size(4 * sizeof(T))));
  typedef T Loose __attribute__((vector_size(4 * sizeof(T)), aligned(sizeof(T)), may_alias));
  typedef typename IntegerLike<T>::Type Lanes __attribute__((vector_size(4 * sizeof(T))));
};

template <typename T>
inline __attribute__((always_inline)) void transpose(typename Four<T>::Whole (&rows)[4]) {
  const auto low01 = JTCONV_SHUFFLE2(rows[0], rows[1], 0, 4, 1, 5),
             high01 = JTCONV_SHUFFLE2(rows[0], rows[1], 2, 6, 3, 7);
  const auto low23 = JTCONV_SHUFFLE2(rows[2], rows[3], 0, 4, 1, 5),
             high23 = JTCONV_SHUFFLE2(rows[2], rows[3], 2, 6, 3, 7);
  rows[0] = JTCONV_SHUFFLE2(low01, low23, 0, 1, 4, 5);
  rows[1] = JTCONV_SHUFFLE2(low01, low23, 2, 3, 6, 7);
  rows[2] = JTCONV_SHUFFLE2(high01, high23, 0, 1, 4, 5);
  rows[3] = JTCONV_SHUFFLE2(high01, high23, 2, 3, 6, 7);
}

// Transposes a matrix of 4 columns, whose rows are `from_step` apart, to one of 4 rows, `to_step` apart.
template <typename T>
inline __attribute__((always_inline)) void four_columns(const T* from, Size from_step, Size count, T* to,
                                                        Size to_step) {
  Size i = 0;
  for (; i + 4 <= count; i += 4) {
    typename Four<T>::Whole rows[4];
    for (Size r = 0; r < 4; ++r)
      rows[r] = *reinterpret_cast<const typename Four<T>::Loose*>(from + (i + r) * from_step);
    transpose<T>(rows);
    for (Size r = 0; r < 4; ++r) *reinterpret_cast<typename Four<T>::Loose*>(to + r * to_step + i) = rows[r];
  }
  for (Size r = 0; r < 4; ++r)
    for (Size rest = i; rest < count; ++rest) to[r * to_step + rest] = from[rest * from_step + r];
}

// Transposes a matrix of 4 rows to one of 4 columns.
template <typename T>
inline __attribute__((always_inline)) void four_rows(const T* from, Size from_step, Size count, T* to, Size to_step) {
  Size i = 0;
  for (; i + 4 <= count; i += 4) {
    typename Four<T>::Whole rows[4];
    for (Size r = 0; r < 4; ++r) rows[r] = *reinterpret_cast<const typename Four<T>::Loose*>(from + r * from_step + i);
    transpose<T>(rows);
    for (Size r = 0; r < 4; ++r) *reinterpret_cast<typename Four<T>::Loose*>(to + (i + r) * to_step) = rows[r];
  }
  for (; i < count; ++i)
    for (Size r = 0; r < 4; ++r) to[i * to_step + r] = from[r * from_step + i];
}

template <typename T, int Step>
inline __attribute__((always_inline)) void split_line(const T* __restrict from, Size step, Size count,
                                                      T* __restrict to) {
  if constexpr (Step > 0) step = Step;
  for (Size i = 0; i < count; ++i) to[i] = from[i * step];
}

template <typename T>
void split(const T* from, Size step, Size lines, Size count, T* to, Size line_step) {
  if (step == 1) return split_line<T, 1>(from, step, count, to);
  for (Size m = 0; m < lines && lines >= 4; m += 4) {
    if (m + 4 > lines) m = lines - 4;  // some lines twice
    four_columns(from + m, step, count, to + m * line_step, line_step);
  }
  for (Size m = 0; m < lines && lines < 4; ++m) {
    if (step == 2)
      split_line<T, 2>(from + m, step, count, to + m * line_step);
    else if (step == 3)
      split_line<T, 3>(from + m, step, count, to + m * line_step);
    else
      split_line<T, 0>(from + m, step, count, to + m * line_step);
  }
}

template <typename T, int Lines>
inline __attribute__((always_inline)) void join_lines(const T* __restrict from, Size line_step, Size count,
                                                      T* __restrict to) {
  for (Size i = 0; i < count; ++i)
    for (int m = 0; m < Lines; ++m) to[i * Lines + m] = from[m * line_step + i];
}

template <typename T>
void join(const T* from, Size line_step, Size lines, Size count, T* to) {
  if (lines == 1) return join_lines<T, 1>(from, line_step, count, to);
  if (lines == 2) return join_lines<T, 2>(from, line_step, count, to);
  if (lines == 3) return join_lines<T, 3>(from, line_step, count, to);
  for (Size m = 0; m < lines; m += 4) {
    if (m + 4 > lines) m = lines - 4;  // some lines twice
    four_rows(from + m * line_step, line_step, count, to + m, lines);
  }
}

}  // namespace
}  // namespace jtconv

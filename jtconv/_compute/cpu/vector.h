// Vectors of 32 bytes, in the compilers' vector extension: one source for every instruction set.
//
// Compiled once for each instruction set, so all is in an anonymous namespace, and nothing of the
// standard library is used: the linker would keep one copy of it for all sets.

#pragma once

#include <cstdint>

#include "microkernels.h"

// Lanes of `a` by their numbers, which are integers as wide as the lanes. GCC before 12 has its own name for it only.
#if defined(__clang__)
#define JTCONV_SHUFFLE(Integer, a, ...) __builtin_shufflevector(a, a, __VA_ARGS__)
#else
#define JTCONV_SHUFFLE(Integer, a, ...) __builtin_shuffle(a, (typename Lanes<Integer>::Type){__VA_ARGS__})
#endif

namespace jtconv {
namespace {

template <typename Integer>
struct Lanes {
  typedef Integer Type __attribute__((vector_size(32)));
};

template <typename T>
struct Vector {
  static constexpr Size lanes = kLanes<T>;
  typedef T Whole __attribute__((vector_size(32)));
  typedef T Loose __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));
};

template <typename T>
inline __attribute__((always_inline)) typename Vector<T>::Whole load(const T* from) {
  return *reinterpret_cast<const typename Vector<T>::Loose*>(from);
}

template <typename T>
inline __attribute__((always_inline)) void store(T* to, typename Vector<T>::Whole value) {
  *reinterpret_cast<typename Vector<T>::Loose*>(to) = value;
}

// Copies less than a vector, in pieces of a constant size.
template <typename T>
inline __attribute__((always_inline)) void copy_some(const T* from, T* to, Size count) {
  for (Size piece = kLanes<T> / 2; piece > 0; piece /= 2)
    if (count & piece) {
      __builtin_memcpy(to, from, piece * sizeof(T));
      from += piece;
      to += piece;
    }
}

// Writes a row of sums, or adds it; `columns` of its values exist.
template <typename T>
inline __attribute__((always_inline)) void write(T* to, const typename Vector<T>::Whole* sums, int vectors,
                                                 Size columns, bool add) {
  constexpr Size lanes = Vector<T>::lanes;
  for (int v = 0; v < vectors; ++v, to += lanes, columns -= lanes) {
    if (columns >= lanes) {
      store(to, add ? load(to) + sums[v] : sums[v]);
    } else if (columns > 0) {
      T part[lanes] = {};
      if (add) copy_some(to, part, columns);
      store(part, load(part) + sums[v]);
      copy_some(part, to, columns);
    }
  }
}

// Fills every group of N lanes with its value number `Lane`.
template <int N, int Lane>
inline __attribute__((always_inline)) typename Vector<float>::Whole spread(typename Vector<float>::Whole a) {
  return JTCONV_SHUFFLE(std::int32_t, a, 0 / N * N + Lane, 1 / N * N + Lane, 2 / N * N + Lane, 3 / N * N + Lane,
                        4 / N * N + Lane, 5 / N * N + Lane, 6 / N * N + Lane, 7 / N * N + Lane);
}

template <int N, int Lane>
inline __attribute__((always_inline)) typename Vector<double>::Whole spread(typename Vector<double>::Whole a) {
  return JTCONV_SHUFFLE(std::int64_t, a, 0 / N * N + Lane, 1 / N * N + Lane, 2 / N * N + Lane, 3 / N * N + Lane);
}

// Calls use(lane, `a` with that lane spread) for every lane of a group.
template <typename T, int N, int Lane = 0, typename Use>
inline __attribute__((always_inline)) void each_lane(typename Vector<T>::Whole a, Use use) {
  use(Lane, spread<N, Lane>(a));
  if constexpr (Lane + 1 < N) each_lane<T, N, Lane + 1>(a, use);
}

}  // namespace
}  // namespace jtconv

// The tiles, in the compilers' vector extension: one source for every instruction set.
//
// Included once for each, in a file that says which; nothing of the standard library is used here,
// as the linker would keep one copy of it for all.

#include <cstdint>

#include "tiles.h"

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
  T rest[Rows][Columns] = {};
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
        for (int v = 0; v < Columns; ++v) rest[r][v] += left[r][c] * right[v * p.right_step + c];
  }
  for (int r = 0; r < Rows; ++r) {
    T* to = p.result[row + r] + p.result_offset;
    for (int v = 0; v < Columns; ++v) {
      T total = rest[r][v];
      for (Size lane = 0; lane < lanes; ++lane) total += sums[r][v][lane];
      to[v] = p.add ? to[v] + total : total;
    }
  }
}

// left(p, r) is the left factor's entry.
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
  outer<T, Rows, Vectors>(p.rest, [&row](Size i, int r) { return row.left[r][i][row.offset[r]]; });
}

// In every group of N lanes, its lane-th value N times.
template <int N, int Lane>
inline __attribute__((always_inline)) typename Vector<float>::Whole spread(typename Vector<float>::Whole a) {
  return JTCONV_SHUFFLE(std::int32_t, a, 0 / N * N + Lane, 1 / N * N + Lane, 2 / N * N + Lane, 3 / N * N + Lane,
                        4 / N * N + Lane, 5 / N * N + Lane, 6 / N * N + Lane, 7 / N * N + Lane);
}

template <int N, int Lane>
inline __attribute__((always_inline)) typename Vector<double>::Whole spread(typename Vector<double>::Whole a) {
  return JTCONV_SHUFFLE(std::int64_t, a, 0 / N * N + Lane, 1 / N * N + Lane, 2 / N * N + Lane, 3 / N * N + Lane);
}

// Calls use(lane, a with that lane spread), for each of a group's.
template <typename T, int N, int Lane = 0, typename Use>
inline __attribute__((always_inline)) void each_lane(typename Vector<T>::Whole a, Use use) {
  use(Lane, spread<N, Lane>(a));
  if constexpr (Lane + 1 < N) each_lane<T, N, Lane + 1>(a, use);
}

template <typename T, int N>
void small_groups(const SmallGroups<T>& p, Size row) {
  using Whole = typename Vector<T>::Whole;
  constexpr Size lanes = Vector<T>::lanes;
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
  constexpr int N = small_group(Kind), taps = small_group_taps(Kind);
  constexpr int vectors = N == 1 ? 2 : 1;  // so that 8 sums are in registers
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

template <typename T>
constexpr Tiles<T> all_tiles() {
  return {multiply<T, kWideRows, 2>,
          multiply<T, kNarrowRows, 1>,
          dots<T, 4, 3>,
          dots<T, 4, 2>,
          dots<T, 6, 1>,
          outer_packed<T, kWideRows, 2>,
          outer_packed<T, kNarrowRows, 1>,
          outer_gathered<T, kWideRows, 2>,
          {small_groups<T, small_group(0)>, small_groups<T, small_group(1)>, small_groups<T, small_group(2)>},
          {small_groups_sum<T, 0>, small_groups_sum<T, 1>, small_groups_sum<T, 2>}};
}

}  // namespace
}  // namespace jtconv

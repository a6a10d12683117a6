// The tiles, in the compilers' vector extension: one source for every instruction set.
//
// Included once for each, in a file that says which; nothing of the standard library is used here,
// as the linker would keep one copy of it for all.

#include "tiles.h"

namespace jtconv {
namespace {

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

template <typename T>
void depthwise(const Depthwise<T>& p, Size row) {
  using Whole = typename Vector<T>::Whole;
  constexpr Size lanes = Vector<T>::lanes;
  Size c = 0;
  for (; c + lanes <= p.channels; c += lanes) {
    Whole sums[kDepthwiseRows] = {};
    for (Size tap = 0; tap < p.taps; ++tap) {
      const Whole b = load(p.right[tap] + c);
      for (int r = 0; r < kDepthwiseRows; ++r) sums[r] += load(p.left[tap * p.left_step + row + r] + c) * b;
    }
    for (int r = 0; r < kDepthwiseRows; ++r) store(p.result[row + r] + c, sums[r]);
  }
  for (; c < p.channels; ++c)
    for (int r = 0; r < kDepthwiseRows; ++r) {
      T sum = 0;
      for (Size tap = 0; tap < p.taps; ++tap) sum += p.left[tap * p.left_step + row + r][c] * p.right[tap][c];
      p.result[row + r][c] = sum;
    }
}

template <typename T>
void depthwise_sum(const DepthwiseSum<T>& p, Size tap) {
  using Whole = typename Vector<T>::Whole;
  constexpr Size lanes = Vector<T>::lanes;
  const T* const* left[kDepthwiseTaps];
  for (int t = 0; t < kDepthwiseTaps; ++t) left[t] = p.left + (tap + t) * p.left_step;
  T* result = p.result + tap * p.result_step;
  Size c = 0;
  for (; c + 2 * lanes <= p.channels; c += 2 * lanes) {
    Whole sums[kDepthwiseTaps][2] = {};
    for (Size i = 0; i < p.length; ++i) {
      const T* right = p.right + i * p.right_step + c;
      const Whole b0 = load(right), b1 = load(right + lanes);
      for (int t = 0; t < kDepthwiseTaps; ++t) {
        sums[t][0] += load(left[t][i] + c) * b0;
        sums[t][1] += load(left[t][i] + c + lanes) * b1;
      }
    }
    for (int t = 0; t < kDepthwiseTaps; ++t) write(result + t * p.result_step + c, sums[t], 2, 2 * lanes, true);
  }
  for (; c < p.channels; ++c)
    for (int t = 0; t < kDepthwiseTaps; ++t) {
      T sum = 0;
      for (Size i = 0; i < p.length; ++i) sum += left[t][i][c] * p.right[i * p.right_step + c];
      result[t * p.result_step + c] += sum;
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
          depthwise<T>,
          depthwise_sum<T>};
}

}  // namespace
}  // namespace jtconv

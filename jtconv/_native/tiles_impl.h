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

template <typename T>
inline __attribute__((always_inline)) void write(T* to, const typename Vector<T>::Whole* sums, int vectors,
                                                 Size columns, bool add) {
  constexpr Size lanes = Vector<T>::lanes;
  if (columns == vectors * lanes) {
    for (int v = 0; v < vectors; ++v) store(to + v * lanes, add ? load(to + v * lanes) + sums[v] : sums[v]);
    return;
  }
  for (Size c = 0; c < columns; ++c) to[c] = (add ? to[c] : T(0)) + sums[c / lanes][c % lanes];
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

template <typename T, int Rows, int Vectors>
void outer(const PackedProduct<T>& p) {
  using Whole = typename Vector<T>::Whole;
  Whole sums[Rows][Vectors] = {};
  const T *left = p.left, *right = p.right;
  for (Size i = 0; i < p.length; ++i, left += Rows, right += Vectors * Vector<T>::lanes) {
    Whole b[Vectors];
    for (int v = 0; v < Vectors; ++v) b[v] = load(right + v * Vector<T>::lanes);
    for (int r = 0; r < Rows; ++r)
      for (int v = 0; v < Vectors; ++v) sums[r][v] += left[r] * b[v];
  }
  for (int r = 0; r < Rows; ++r)
    if (r < p.rows) write(p.result + r * p.result_step, sums[r], Vectors, p.columns, true);
}

template <typename T>
constexpr Tiles<T> all_tiles() {
  return {multiply<T, kWideRows, 2>, multiply<T, kNarrowRows, 1>, dots<T, 4, 3>,
          dots<T, 4, 2>,             dots<T, 6, 1>,               outer<T, kWideRows, 2>,
          outer<T, kNarrowRows, 1>};
}

}  // namespace
}  // namespace jtconv

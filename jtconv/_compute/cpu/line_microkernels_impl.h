// The microkernels for few channels, and their table.
//
// Included once for each instruction set, by a file that says which.

#pragma once

#include "interleave_impl.h"
#include "line_microkernels.h"
#include "vector.h"

namespace jtconv {
namespace {

// Keeps a vector that several sums need in a register: GCC would read it from memory for each of them.
template <typename T>
inline __attribute__((always_inline)) void keep([[maybe_unused]] typename Vector<T>::Whole& value) {
#if defined(JTCONV_AVX2) && !defined(__clang__)
  asm("" : "+x"(value));
#endif
}

// Adds terms to the rows [Begin, End) of a tile.
template <typename T, int Rows, int Vectors, int Begin, int End>
inline __attribute__((always_inline)) void add_terms(const LineTerms<T>& t, const LineProduct<T>& p, Size column,
                                                     typename Vector<T>::Whole (&sums)[Rows][Vectors]) {
  if constexpr (Begin < End && End <= Rows) {
    const T* const source = t.source + column;
    for (Size i = 0; i < p.read_count; ++i) {
      const T* from = source + p.reads[i];
      typename Vector<T>::Whole x[Vectors];
      for (int v = 0; v < Vectors; ++v) x[v] = load(from + v * Vector<T>::lanes);
      for (int r = Begin; r < End; ++r) {
        const T weight = t.weights[r][i];
        for (int v = 0; v < Vectors; ++v) sums[r][v] += weight * x[v];
      }
    }
  }
}

constexpr int rows_code(int begin, int end) { return begin * (kMaxLineRows + 1) + end; }

template <typename T, int Rows, int Vectors>
void product_tile(const LineProduct<T>& p, Size column) {
  constexpr Size lanes = Vector<T>::lanes;
  typename Vector<T>::Whole sums[Rows][Vectors];
  for (int r = 0; r < Rows; ++r)  // not by an initialiser, which becomes a slow instruction
    for (int v = 0; v < Vectors; ++v) sums[r][v] = typename Vector<T>::Whole{};
  for (Size s = 0; s < p.term_count; ++s) {
    const LineTerms<T>& t = p.terms[s];
#define JTCONV_ROWS(Begin, End)                                  \
  case rows_code(Begin, End):                                    \
    add_terms<T, Rows, Vectors, Begin, End>(t, p, column, sums); \
    break;
    switch (rows_code(t.begin, t.end)) {
      JTCONV_ROWS(0, 1)
      JTCONV_ROWS(0, 2)
      JTCONV_ROWS(0, 3)
      JTCONV_ROWS(0, 4)
      JTCONV_ROWS(1, 2)
      JTCONV_ROWS(1, 3)
      JTCONV_ROWS(1, 4)
      JTCONV_ROWS(2, 3)
      JTCONV_ROWS(2, 4)
      JTCONV_ROWS(3, 4)
    }
#undef JTCONV_ROWS
  }
  if (p.columns - column >= Vectors * lanes) {
    for (int r = 0; r < Rows; ++r)
      for (int v = 0; v < Vectors; ++v) store(p.result[r] + column + v * lanes, sums[r][v]);
  } else {
    for (int r = 0; r < Rows; ++r) write(p.result[r] + column, sums[r], Vectors, p.columns - column, false);
  }
}

// Tiles of as many vectors as registers hold sums for; then of fewer, so that little is computed in vain.
template <typename T, int Rows>
void product_row(const LineProduct<T>& p) {
#if defined(__x86_64__) && !defined(JTCONV_AVX2)
  constexpr int most = Rows == 1 ? 4 : Rows == 2 ? 2 : 1;  // a vector takes two registers
#else
  constexpr int most = Rows == 1 ? 8 : Rows == 2 ? 4 : 3;
#endif
  constexpr Size lanes = Vector<T>::lanes;
  Size column = 0;
  for (; p.columns - column > (most - 1) * lanes; column += most * lanes) product_tile<T, Rows, most>(p, column);
  if constexpr (most > 4)
    for (; p.columns - column > 3 * lanes; column += 4 * lanes) product_tile<T, Rows, 4>(p, column);
  for (; p.columns - column > lanes; column += 2 * lanes) product_tile<T, Rows, 2>(p, column);
  for (; p.columns > column; column += lanes) product_tile<T, Rows, 1>(p, column);
}

template <typename T, int Lines, int Reads>
void dots_of_lines(const LineDots<T>& p) {
  if constexpr (Reads <= max_dot_reads(Lines)) {
    constexpr Size lanes = Vector<T>::lanes;
    constexpr bool fits = Reads * Lines + Lines + 1 <= 16;  // into registers
    typename Vector<T>::Whole sums[Reads][Lines] = {};
    Size reads[Reads];
    for (int a = 0; a < Reads; ++a) reads[a] = p.reads[a];
    for (Size pair = 0; pair < p.pairs; ++pair) {
      const T *x[Reads], *y[Lines];
      for (int a = 0; a < Reads; ++a) x[a] = p.x[pair] + reads[a];
      for (int b = 0; b < Lines; ++b) y[b] = p.y[pair * Lines + b];
      for (Size j = 0; j < p.length; j += lanes) {
        typename Vector<T>::Whole values[Lines];
        for (int b = 0; b < Lines; ++b) {
          values[b] = load(y[b] + j);
          if (fits && Reads > 1) keep<T>(values[b]);
        }
        for (int a = 0; a < Reads; ++a) {
          auto read = load(x[a] + j);
          if (fits && Lines > 1) keep<T>(read);
          for (int b = 0; b < Lines; ++b) sums[a][b] += read * values[b];
        }
      }
    }
    for (int b = 0; b < Lines; ++b)
      for (int a = 0; a < Reads; ++a) {
        T* to = p.sums + (b * Reads + a) * lanes;
        store(to, load(to) + sums[a][b]);
      }
  }
}

#define JTCONV_DOTS(Lines)                                                                                         \
  {dots_of_lines<T, Lines, 1>, dots_of_lines<T, Lines, 2>, dots_of_lines<T, Lines, 3>, dots_of_lines<T, Lines, 4>, \
   dots_of_lines<T, Lines, 5>, dots_of_lines<T, Lines, 6>, dots_of_lines<T, Lines, 7>, dots_of_lines<T, Lines, 8>}

template <typename T>
constexpr LineMicrokernels<T> all_line_microkernels() {
  return {{product_row<T, 1>, product_row<T, 2>, product_row<T, 3>, product_row<T, 4>},
          {JTCONV_DOTS(1), JTCONV_DOTS(2), JTCONV_DOTS(3), JTCONV_DOTS(4)},
          split<T>,
          join<T>};
}

#undef JTCONV_DOTS

}  // namespace
}  // namespace jtconv

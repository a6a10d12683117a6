// The microkernels for few channels, where a vector holds neighbours on the last axis.
//
// A line is a row of an image along its last axis, of one channel, with zeros where its padding is.

#pragma once

#include "microkernels.h"

namespace jtconv {

constexpr int kMaxLineRows = 4;  // of a tile: lines that are computed at once
constexpr int kMaxDotLines = 4;  // of y, that each line of x is multiplied by at once

// How many dot products with `lines` lines of y have their sums in registers: reads of x for each line.
constexpr int max_dot_reads(int lines) { return lines == 1 ? 8 : lines == 2 ? 5 : lines == 3 ? 4 : 3; }

// Lines of a source, and the rows [begin, end) of a tile that they are added to, each with its own weights.
template <typename T>
struct LineTerms {
  const T* source;
  const T* weights[kMaxLineRows];
  int begin, end;
};

// Row r of the result at column j is the sum over all terms and reads i of weights[r][i] * source[reads[i] + j].
template <typename T>
struct LineProduct {
  const LineTerms<T>* terms;
  Size term_count;
  const Size* reads;
  Size read_count;
  T* result[kMaxLineRows];
  Size columns;
};

// sums[b][a][lane] += the sum over pairs p and columns j of one lane of x[p][reads[a] + j] * y[p][b][j]. The length is
// a multiple of the lanes.
template <typename T>
struct LineDots {
  const T* const* x;
  const T* const* y;  // (pairs, lines)
  Size pairs;
  const Size* reads;
  Size length;
  T* sums;
};

template <typename T>
struct LineMicrokernels {
  void (*product[kMaxLineRows])(const LineProduct<T>&);              // by the number of rows, less one
  void (*dots[kMaxDotLines][max_dot_reads(1)])(const LineDots<T>&);  // by the numbers of lines and reads, less one
  // Writes `lines` neighbours of every `step` values as so many lines, `line_step` apart.
  void (*split)(const T* from, Size step, Size lines, Size count, T* to, Size line_step);
  // Writes lines as values side by side: the inverse of a split with as many lines as steps.
  void (*join)(const T* from, Size line_step, Size lines, Size count, T* to);
};

// The best set that this processor runs.
template <typename T>
const LineMicrokernels<T>& line_microkernels();

}  // namespace jtconv

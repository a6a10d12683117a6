// Small tiles of a matrix product, held in registers: what the time is spent in.
//
// Sized for 16 registers of 32 bytes (AVX2): 12 of sums, 2 of the right factor, 1 of the left.

#pragma once

#include <cstddef>

namespace jtconv {

using Size = std::ptrdiff_t;

template <typename T>
constexpr Size kLanes = 32 / sizeof(T);

// Rows of the left factor by pointers, one for each row and tap; of the right one pointer for each
// tap, its rows `right_step` apart. Row r of the result is the sum over taps and channels c of
// left[tap][r][c] times row c of right[tap]; for `dots` the right factor is stored transposed.
template <typename T>
struct RowsTimesPanel {
  const T* const* left;  // (taps, left_step)
  Size left_step;
  Size left_offset;  // added to each pointer
  const T* const* right;
  Size right_step;
  Size taps, channels;
  T* const* result;
  Size result_offset;  // added to each pointer
  Size columns;        // of the result that exist, at most the tile's
  bool add;            // to what is there
};

// Both factors packed to the tile's size: row r of the result (+)= sum over p of left[p][r] * right[p].
template <typename T>
struct PackedProduct {
  const T *left, *right;
  Size length;
  T* result;
  Size result_step;
  Size rows, columns;  // of the result that exist, at most the tile's
  bool add;            // to what is there
};

// The same with the left factor by pointers, one for each row and p: left[r][p][offset[r]].
template <typename T>
struct ColumnsTimesPanel {
  const T* const* const* left;
  const Size* offset;
  PackedProduct<T> rest;
};

// Small groups, of as many channels on both sides as divide a vector: of each group, with i its first
// channel, result[r][i + b] = the sum over taps and a of left[tap][r][i + a] * right[tap][a][i + b].
template <typename T>
struct SmallGroups {
  const T* const* left;  // (taps, left_step)
  Size left_step;
  const T* const* right;
  Size right_step;
  Size taps, channels;
  T* const* result;
};

// And over positions: result[tap][a][i + b] += the sum over p of left[tap][p][i + a] * right[p][i + b].
template <typename T>
struct SmallGroupsSum {
  const T* const* left;  // (taps, left_step)
  Size left_step;
  const T* right;
  Size right_step;
  Size length, channels;
  T* result;
  Size result_step;
};

constexpr Size kWideRows = 6, kNarrowRows = 12, kSmallGroupRows = 6;

// Small groups are of 1, 2 and 4 channels: the sizes, and how many taps are summed over at once.
constexpr Size kSmallGroups = 3;
constexpr Size small_group(Size kind) { return Size(1) << kind; }
constexpr Size small_group_taps(Size kind) { return kind == 2 ? 2 : 4; }

// One of each kind for an instruction set. A wide tile is 6 rows by 2 vectors, a narrow one 12 by 1.
template <typename T>
struct Tiles {
  using Multiply = void (*)(const RowsTimesPanel<T>&, Size row);
  using Outer = void (*)(const PackedProduct<T>&);
  Multiply multiply_wide, multiply_narrow;
  Multiply dots_3, dots_2, dots_1;  // 4, 4 and 6 rows
  Outer outer_wide, outer_narrow;
  void (*outer_gathered)(const ColumnsTimesPanel<T>&);                  // wide
  void (*small_groups[kSmallGroups])(const SmallGroups<T>&, Size row);  // 6 rows
  void (*small_groups_sum[kSmallGroups])(const SmallGroupsSum<T>&, Size tap);
};

// The best set that this processor runs.
template <typename T>
const Tiles<T>& tiles();

}  // namespace jtconv

// The microkernels: small register tiles of a matrix product, where nearly all the time is spent.
//
// Sized for 16 registers of 32 bytes (AVX2): 12 of sums, 2 of the right factor, 1 of the left.

#pragma once

#include <cstddef>

namespace jtconv {

using Size = std::ptrdiff_t;

template <typename T>
constexpr Size kLanes = 32 / sizeof(T);  // of a vector

// A wide tile has 6 rows and 2 vectors of columns, a narrow one 12 rows and 1 vector.
constexpr Size kWideRows = 6, kNarrowRows = 12, kSmallGroupRows = 6;
template <typename T>
constexpr Size kWideColumns = 2 * kLanes<T>;

// Tiles of dot products have 1 to 3 columns.
constexpr Size kMaxDotsColumns = 3;
constexpr Size dots_rows(Size columns) { return columns == 1 ? 6 : 4; }

constexpr Size kRowMultiple = 12;  // every tile's rows divide it

// Small groups have 1, 2 or 4 channels: the kinds 0, 1 and 2. Their gradient sums several taps at once.
constexpr Size kSmallGroupKinds = 3;
constexpr Size kMaxSmallGroupTaps = 4;
constexpr Size small_group_channels(Size kind) { return Size(1) << kind; }
constexpr Size small_group_taps(Size kind) { return kind == 2 ? 2 : kMaxSmallGroupTaps; }

// A product whose left factor is read through pointers, one for each tap and row, and whose right
// factor has one pointer for each tap, with rows `right_step` apart. Row r of the result is the sum
// over taps and channels c of left[tap][r][c] times row c of right[tap]. For `dots` the right factor is
// stored transposed.
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
  bool add;            // to the values that are there
};

// Both factors packed to the tile's size: row r of the result (+)= sum over p of left[p][r] * right[p].
template <typename T>
struct PackedProduct {
  const T *left, *right;
  Size length;
  T* result;
  Size result_step;
  Size rows, columns;  // of the result that exist, at most the tile's
  bool add;            // to the values that are there
};

// The same with the left factor read through pointers, one for each r and p: left[r][p][offset[r]].
template <typename T>
struct ColumnsTimesPanel {
  const T* const* const* left;
  const Size* offset;
  PackedProduct<T> product;
};

// Small groups. For a group whose first channel is i, result[r][i + b] is the sum over taps and a of
// left[tap][r][i + a] * right[tap][a][i + b].
template <typename T>
struct SmallGroups {
  const T* const* left;  // (taps, left_step)
  Size left_step;
  const T* const* right;
  Size right_step;
  Size taps, channels;
  T* const* result;
};

// The kernel's gradient for small groups: result[tap][a][i + b] += the sum over positions p of
// left[tap][p][i + a] * right[p][i + b].
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

// One microkernel of each kind, for one instruction set.
template <typename T>
struct Microkernels {
  using Multiply = void (*)(const RowsTimesPanel<T>&, Size row);
  using Outer = void (*)(const PackedProduct<T>&);
  Multiply multiply_wide, multiply_narrow;
  Multiply dots[kMaxDotsColumns];  // by the number of columns, less one
  Outer outer_wide, outer_narrow;
  void (*outer_gathered)(const ColumnsTimesPanel<T>&);  // wide
  void (*small_groups[kSmallGroupKinds])(const SmallGroups<T>&, Size row);
  void (*small_groups_sum[kSmallGroupKinds])(const SmallGroupsSum<T>&, Size tap);
};

// The best set that this processor runs.
template <typename T>
const Microkernels<T>& microkernels();

}  // namespace jtconv

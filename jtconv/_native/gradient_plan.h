// The choices made for the kernel's gradient before any array is touched.

#pragma once

#include <algorithm>
#include <optional>

#include "layer.h"
#include "microkernels.h"

namespace jtconv {

constexpr Size kBlockPositions = 256;     // of y, summed over at once
constexpr Size kMaxUnpackedColumns = 48;  // with more, packing x saves more than it takes
constexpr Size kMaxOwnEntries = 1 << 17;  // of a gradient that every thread has for itself

// Rows of the gradient are pairs of a tap and a channel of x, columns are channels of y in one group.
struct GradientPlan {
  Layer layer;
  Size positions = 0;                // of y, in all images
  Size rows = 0;                     // of the gradient
  Size row_step = 0;                 // values from one row to the next
  std::optional<Size> small_groups;  // their kind
  bool packs_x = false;              // else x is read where it is, by pointers
  bool narrow = false;               // tiles of one vector, not two
  Size panel_width = 0, panels = 0;  // of columns
  Size tile_rows = 0, tiles = 0;     // of rows

  Size size() const { return rows * row_step; }
};

template <typename T>
GradientPlan plan_gradient(const Layer& layer) {
  GradientPlan plan;
  plan.layer = layer;
  plan.positions = layer.batch * layer.out_size();
  plan.rows = layer.taps() * layer.in_ch;
  plan.row_step = layer.kernel_row();
  plan.small_groups = small_group_kind(layer);
  // With few channels of x, a tile's rows come from several taps, and packing them takes longer.
  plan.packs_x = layer.out_ch > (layer.in_ch >= kWideRows ? 1 : 4) * kMaxUnpackedColumns;
  plan.narrow = plan.packs_x && ceil_div(layer.out_ch, kLanes<T>) % 2 == 1;
  plan.panel_width = plan.narrow ? kLanes<T> : kWideColumns<T>;
  plan.panels = ceil_div(layer.out_ch, plan.panel_width);
  plan.tile_rows = plan.small_groups ? small_group_taps(*plan.small_groups) * layer.in_ch
                   : plan.narrow     ? kNarrowRows
                                     : kWideRows;
  plan.tiles = ceil_div(plan.rows, plan.tile_rows);
  return plan;
}

// Into how many tasks the positions and the tiles are divided.
struct GradientTasks {
  Size blocks;  // of positions
  Size sums;    // over parts of the blocks, each with entries of its own
  Size tiles;
};

// Few entries: each thread sums over positions of its own. Many: each has its own rows.
inline GradientTasks plan_tasks(const GradientPlan& plan, Size threads) {
  const Size blocks = ceil_div(plan.positions, kBlockPositions);
  const bool few = plan.size() <= kMaxOwnEntries;
  const Size sums = few ? std::clamp<Size>(threads, 1, std::max<Size>(blocks, 1)) : 1;
  return {blocks, sums, std::clamp<Size>(ceil_div(few ? threads : 4 * threads, sums), 1, plan.tiles)};
}

}  // namespace jtconv

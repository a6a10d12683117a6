// The choices made for the kernel's gradient before any array is touched.

#pragma once

#include <optional>

#include "layer.h"
#include "microkernels.h"

namespace jtconv {

constexpr Size kBlockPositions = 256;     // of y, summed over at once
constexpr Size kMaxUnpackedColumns = 48;  // with more, packing x saves more than it takes

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
  // Packing x takes longer where its channels are few, as a tile's rows then come from several taps.
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

}  // namespace jtconv

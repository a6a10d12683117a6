// The choices made for C or its transpose before any array is touched: in which order the results are
// computed, and how the kernel is stored for them.

#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "layer.h"
#include "microkernels.h"
#include "phases.h"
#include "row_block.h"

namespace jtconv {

constexpr Size kMinTapChannels = 12;           // with fewer, all taps' channels are first gathered into one row
constexpr Size kMinTileColumns = 4;            // with fewer, a tile of whole vectors would be mostly empty
constexpr Size kMaxUnpackedRows = 64;          // with more, packing the kernel saves more than it takes
constexpr Size kMaxOnTheFlyBlocks = 1;         // blocks of rows; with more, the kernel is packed once for all
constexpr Size kMaxForwardOnTheFlyBlocks = 2;  // for C, whose packing is quicker, as it transposes nothing
constexpr double kMinUsedShare = 0.5;          // of the taps; with fewer, positions are taken one by one

// The form in which the kernel's matrices are stored.
enum class Storage {
  packed,      // all in panels, before the product begins
  on_the_fly,  // each panel packed by the task that is about to use it; C of small groups needs no packing
  unpacked,    // as in the kernel, for the transpose: the columns of each matrix are contiguous
  by_group,    // each group's matrix transposed in its place, for the transpose of small groups
};

// The order of the loops over results, the innermost last: images, then the three axes; or the three
// axes, then images. With images innermost a block of rows has one position, so that taps that fall
// into the padding fall out for the whole block.
struct LoopOrder {
  bool images_innermost = false;
  std::array<Size, kAxes> counts{};  // results on each axis, in the largest phase
  Size rows = 0;                     // results of all images, in the largest phase
};

struct ProductPlan {
  ProductPlan() = default;
  ProductPlan(ProductPlan&&) = default;  // not copied: `phases` point into `axis_phases`

  Layer layer;
  Direction direction = Direction::forward;
  std::optional<Size> small_groups;                      // their kind
  std::array<Size, kAxes> source_size{}, result_size{};  // positions of an image
  Size source_pixel = 0, result_pixel = 0;               // values at a position
  Size depth = 0, columns = 0;                           // of one tap's matrix for one group
  AxisPhases axis_phases;
  std::vector<Phase> phases;
  Size max_taps = 0;  // of a phase
  LoopOrder order;
  Storage storage = Storage::packed;
  Size panel_width = 0, panels = 0;  // of one tap's matrix
  bool gathers = false;              // all taps' channels into one row
};

// The share of pairs of a result and a tap that read a position, not padding.
inline double used_share(const ProductPlan& plan) {
  double share = 1;
  for (std::size_t a = 0; a < kAxes; ++a) {
    Size used = 0, all = 0;
    for (const AxisPhase& phase : plan.axis_phases[a])
      for (const TapSource& tap : phase.taps) {
        const Range inside = results_inside(phase, tap, plan.source_size[a]);
        used += inside.end - inside.begin;
        all += phase.count;
      }
    share *= all ? double(used) / double(all) : 1;
  }
  return share;
}

inline LoopOrder choose_order(const ProductPlan& plan) {
  LoopOrder order;
  order.rows = plan.layer.batch;
  for (std::size_t a = 0; a < kAxes; ++a) {
    for (const AxisPhase& phase : plan.axis_phases[a]) order.counts[a] = std::max(order.counts[a], phase.count);
    order.rows *= order.counts[a];
  }
  order.images_innermost = plan.layer.batch >= kWideRows && used_share(plan) < kMinUsedShare;
  return order;
}

template <typename T>
Storage choose_storage(const ProductPlan& plan) {
  const bool forward = plan.direction == Direction::forward;
  if (plan.small_groups) return forward ? Storage::on_the_fly : Storage::by_group;
  const Size rows = plan.order.images_innermost ? plan.layer.batch : plan.order.rows;  // that use the same matrices
  const bool few = plan.columns < kMinTileColumns || rows <= kMaxUnpackedRows;
  if (!forward && few && plan.depth >= kLanes<T>) return Storage::unpacked;
  const Size max_blocks = forward ? kMaxForwardOnTheFlyBlocks : kMaxOnTheFlyBlocks;
  return rows <= max_blocks * kBlockRows ? Storage::on_the_fly : Storage::packed;
}

inline void set_sizes(ProductPlan& plan) {
  const bool forward = plan.direction == Direction::forward;
  const Layer& layer = plan.layer;
  for (std::size_t a = 0; a < kAxes; ++a) {
    plan.source_size[a] = forward ? layer.axes[a].in : layer.axes[a].out;
    plan.result_size[a] = forward ? layer.axes[a].out : layer.axes[a].in;
  }
  const Size source_ch = forward ? layer.in_ch : layer.out_ch, result_ch = forward ? layer.out_ch : layer.in_ch;
  plan.source_pixel = layer.groups * source_ch;
  plan.result_pixel = layer.groups * result_ch;
  const Size merged = merged_width(layer, plan.direction);
  plan.depth = source_ch * (forward ? merged : 1);
  plan.columns = result_ch * (forward ? 1 : merged);
}

template <typename T>
ProductPlan plan_product(const Layer& layer, Direction direction) {
  ProductPlan plan;
  plan.layer = layer;
  plan.direction = direction;
  plan.small_groups = small_group_kind(layer);
  set_sizes(plan);
  plan.axis_phases = axis_phases(layer, direction);
  plan.phases = combine(layer, plan.axis_phases);
  for (const Phase& phase : plan.phases) plan.max_taps = std::max<Size>(plan.max_taps, phase.taps.size());
  plan.order = choose_order(plan);
  plan.storage = choose_storage<T>(plan);
  plan.panel_width = plan.storage == Storage::unpacked ? kMaxDotsColumns : kWideColumns<T>;
  plan.panels = ceil_div(plan.columns, plan.panel_width);
  plan.gathers = plan.storage == Storage::packed && plan.depth < kMinTapChannels && plan.max_taps > 1;
  return plan;
}

}  // namespace jtconv

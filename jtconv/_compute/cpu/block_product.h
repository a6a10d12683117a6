// The product of a block of rows and the kernel's panels.

#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "kernel_panels.h"
#include "microkernels.h"
#include "product_plan.h"
#include "row_block.h"

namespace jtconv {

constexpr Size kMaxDepth = 384;       // of a product at once: a panel this deep stays in the first-level cache
constexpr Size kMaxDotsDepth = 1024;  // of dot products at once: more, as their sums across lanes take time

// Products of one task, which has a range of the panels, with the buffers that they need.
template <typename T>
class BlockProduct {
 public:
  BlockProduct(const ProductPlan& plan, const KernelPanels<T>& kernel, Range panels)
      : plan_(plan), kernel_(kernel), panels_(panels) {}

  // Computes the block's results, and empties it.
  void multiply(Size phase, RowBlock<T>& block) {
    if (block.rows() == 0) return;
    const Size taps = plan_.phases[phase].taps.size();
    const std::vector<Size> used = block.pad_to_tiles(taps);
    const bool gathers = plan_.gathers && 2 * Size(used.size()) >= taps;  // else most of a row would be zeros
    if (plan_.small_groups) multiply_small_groups(phase, used, block);
    for (Size group = 0; group < (plan_.small_groups ? 0 : plan_.layer.groups); ++group) {
      if (used.empty())
        write_zeros(group, block);
      else if (gathers)
        multiply_gathered(phase, group, block);
      else
        multiply_taps(phase, group, used, block);
    }
    block.clear();
  }

 private:
  void write_zeros(Size group, const RowBlock<T>& block) const {
    const Size first = group * plan_.columns;
    const Size begin = first + panels_.begin * plan_.panel_width;
    const Size end = first + std::min(panels_.end * plan_.panel_width, plan_.columns);
    for (Size row = 0; row < block.rows(); ++row)
      std::fill(block.results()[row] + begin, block.results()[row] + end, T(0));
  }

  void multiply_small_groups(Size phase, const std::vector<Size>& used, const RowBlock<T>& block) {
    const Size taps = used.size(), pixel = plan_.source_pixel;
    left_.resize(taps * kBlockRows);
    right_.resize(taps);
    for (Size i = 0; i < taps; ++i) {
      std::copy_n(block.sources(used[i]), kBlockRows, left_.data() + i * kBlockRows);
      right_[i] = kernel_.small_groups(plan_.phases[phase].taps[used[i]]);
    }
    const auto microkernel = microkernels<T>().small_groups[*plan_.small_groups];
    const SmallGroups<T> p{left_.data(), kBlockRows, right_.data(), pixel, taps, pixel, block.results()};
    for (Size row = 0; row < block.rows(); row += kSmallGroupRows) microkernel(p, row);
  }

  // As many taps at once as fill the depth of a product.
  void multiply_taps(Size phase, Size group, const std::vector<Size>& used, const RowBlock<T>& block) {
    const Size depth = plan_.depth, max_depth = plan_.storage == Storage::unpacked ? kMaxDotsDepth : kMaxDepth;
    const Size at_once = std::max<Size>(max_depth / depth, 1);
    left_.resize(at_once * kBlockRows);
    right_.resize(at_once);
    if (plan_.storage == Storage::on_the_fly) packed_.resize(at_once * std::min(max_depth, depth) * kWideColumns<T>);
    RowsTimesPanel<T> p{};
    for (Size first = 0; first < Size(used.size()); first += at_once) {
      p.taps = std::min<Size>(at_once, used.size() - first);
      for (Size tap = 0; tap < p.taps; ++tap)
        std::copy_n(block.sources(used[first + tap]), kBlockRows, left_.data() + tap * kBlockRows);
      const auto panel_of = [&](Size panel, Size tap, Range rows) {
        return tap_panel({phase, group, panel}, used[first + tap], rows, tap);
      };
      multiply_depth(p, group, group * depth, depth, max_depth, block, panel_of);
    }
  }

  // A range of the rows of a tap's panel; on the fly it is packed into the buffer's part `slot`.
  const T* tap_panel(const PanelIndex& at, Size tap, Range rows, Size slot) {
    if (plan_.storage != Storage::on_the_fly) return kernel_.stored(at, tap, rows.begin);
    T* const to = packed_.data() + slot * (rows.end - rows.begin) * kWideColumns<T>;
    kernel_.pack(at, tap, rows, to);
    return to;
  }

  // For few channels: all taps' channels of a row side by side, as one tap with many channels.
  void multiply_gathered(Size phase, Size group, const RowBlock<T>& block) {
    const Size length = plan_.phases[phase].taps.size() * plan_.depth;
    gather(group, length, block);
    right_.resize(1);
    RowsTimesPanel<T> p{};
    p.taps = 1;
    multiply_depth(p, group, 0, length, kMaxDepth, block,
                   [&](Size panel, Size, Range rows) { return kernel_.stored({phase, group, panel}, 0, rows.begin); });
  }

  void gather(Size group, Size length, const RowBlock<T>& block) {
    const Size depth = plan_.depth, rows = ceil_div(block.rows(), kRowMultiple) * kRowMultiple;
    gathered_.resize(rows * length);
    left_.resize(kBlockRows);
    for (Size row = 0; row < rows; ++row) left_[row] = gathered_.data() + row * length;
    for (Size tap = 0; tap < length / depth; ++tap)
      for (Size row = 0; row < rows; ++row) {
        const T* from = block.sources(tap)[row] + group * depth;
        T* to = gathered_.data() + row * length + tap * depth;
        for (Size c = 0; c < depth; ++c) to[c] = from[c];
      }
  }

  // Multiplies `left_`, whose channels begin at `left_begin`, by all panels, a part of the depth at a
  // time. panel_of(panel, tap, rows) returns these rows of a tap's panel.
  template <typename PanelOf>
  void multiply_depth(RowsTimesPanel<T>& p, Size group, Size left_begin, Size depth, Size max_depth,
                      const RowBlock<T>& block, PanelOf panel_of) {
    p.left = left_.data();
    p.left_step = kBlockRows;
    const Size parts = ceil_div(depth, max_depth);
    for (Size part = 0; part < parts; ++part) {
      const Range rows = part_of(depth, part, parts);
      p.left_offset = left_begin + rows.begin;
      p.channels = rows.end - rows.begin;
      for (Size panel = panels_.begin; panel < panels_.end; ++panel) {
        for (Size tap = 0; tap < p.taps; ++tap) right_[tap] = panel_of(panel, tap, rows);
        multiply_panel(p, group, panel, block);
      }
      p.add = true;
    }
  }

  void multiply_panel(RowsTimesPanel<T>& p, Size group, Size panel, const RowBlock<T>& block) const {
    p.right = right_.data();
    p.right_step = kernel_.step(panel);
    p.columns = kernel_.width(panel);
    p.result = block.results();
    p.result_offset = group * plan_.columns + panel * plan_.panel_width;
    const auto [microkernel, rows] = choose_microkernel(p.columns);
    for (Size row = 0; row < block.rows(); row += rows) microkernel(p, row);
  }

  // Returns the microkernel for a panel, and the rows of its tile.
  std::pair<typename Microkernels<T>::Multiply, Size> choose_microkernel(Size columns) const {
    const Microkernels<T>& all = microkernels<T>();
    if (plan_.storage == Storage::unpacked) return {all.dots[columns - 1], dots_rows(columns)};
    if (columns <= kLanes<T>) return {all.multiply_narrow, kNarrowRows};
    return {all.multiply_wide, kWideRows};
  }

  const ProductPlan& plan_;
  const KernelPanels<T>& kernel_;
  const Range panels_;
  std::vector<const T*> left_, right_;  // what a microkernel reads
  std::vector<T> gathered_, packed_;
};

}  // namespace jtconv

// C and its transpose as products of gathered rows.
//
// The channels of a result are a sum over taps: a matrix times the channels of one position of the
// source. The transpose computes one phase at a time, so that no inserted zero is multiplied.

#pragma once

#include <algorithm>

#include "block_product.h"
#include "image_rows.h"
#include "kernel_panels.h"
#include "memory.h"
#include "parallel.h"
#include "product_plan.h"
#include "row_block.h"

namespace jtconv {

constexpr Size kMaxTaskSource = 1 << 15;  // values that a task reads for every phase: they stay in the second cache

// Into how many tasks the rows of a product and its panels are divided.
struct TaskGrid {
  Size rows, panels;
};

inline TaskGrid plan_tasks(const ProductPlan& plan, Size threads) {
  const Size wanted = threads == 1 ? 1 : kTasksPerThread * threads;
  const Size max_rows = std::max<Size>(plan.order.rows, 1), max_panels = plan.small_groups ? 1 : plan.panels;
  Size rows = std::clamp<Size>(wanted, 1, std::max<Size>(plan.order.rows / kBlockRows, 1));
  rows = std::max(rows, plan.order.rows / std::max(kBlockRows, kMaxTaskSource / plan.source_pixel));
  if (plan.storage == Storage::on_the_fly && max_panels >= wanted) rows = 1;  // so that each panel is packed once
  const Size panels = std::clamp<Size>(ceil_div(wanted, rows), 1, max_panels);
  return {std::clamp<Size>(ceil_div(wanted, panels), rows, max_rows), panels};
}

template <typename T>
void image_product(const Layer& layer, Direction direction, const T* source, const T* kernel, T* result,
                   ThreadPool& pool) {
  const ProductPlan plan = plan_product<T>(layer, direction);
  const auto& size = plan.result_size;
  advise_huge_pages(result, sizeof(T) * layer.batch * size[0] * size[1] * size[2] * plan.result_pixel);
  KernelPanels<T> panels(plan, kernel);
  panels.pack(pool);
  const ImageRows<T> image_rows(plan, source, result);
  const TaskGrid grid = plan_tasks(plan, thread_count(pool));
  parallel_for(pool, grid.rows * grid.panels, [&](Size task) {
    const Range rows = part_of(plan.order.rows, task / grid.panels, grid.rows);
    BlockProduct<T> product(plan, panels, part_of(plan.panels, task % grid.panels, grid.panels));
    RowBlock<T> block(plan.max_taps, layer.groups * plan.depth, layer.groups * plan.columns);
    for (Size phase = 0; phase < Size(plan.phases.size()); ++phase)
      image_rows.each_block(plan.phases[phase], rows.begin, rows.end, block, [&] { product.multiply(phase, block); });
  });
}

}  // namespace jtconv

// The kernel's gradient: for every tap the product of x, as the tap sees it, and y.
//
// Taps and x's channels are the rows, y's channels the columns, and positions of y are summed over,
// a block of them at a time.

#pragma once

#include <algorithm>

#include "gradient_block.h"
#include "gradient_plan.h"
#include "memory.h"
#include "parallel.h"

namespace jtconv {

constexpr Size kMaxOwnEntries = 1 << 17;  // of a gradient that every thread has for itself

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
  return {blocks, sums, std::clamp<Size>(ceil_div(few ? threads : kTasksPerThread * threads, sums), 1, plan.tiles)};
}

// Adds `count` arrays of `size` values that follow one another in `parts`.
template <typename T>
void add_parts(const T* parts, Size count, Size size, T* result) {
  for (Size i = 0; i < size; ++i) {
    T total = 0;
    for (Size part = 0; part < count; ++part) total += parts[part * size + i];
    result[i] = total;
  }
}

template <typename T>
void kernel_gradient(const Layer& layer, const T* x, const T* y, T* result, ThreadPool& pool) {
  const GradientPlan plan = plan_gradient<T>(layer);
  const GradientTasks tasks = plan_tasks(plan, thread_count(pool));
  const Size size = plan.size();
  advise_huge_pages(result, sizeof(T) * size);
  if (tasks.blocks == 0) std::fill_n(result, size, T(0));
  const bool shared = tasks.sums > 1;
  Scratch<T> sums(shared ? tasks.sums * size : 0);
  parallel_for(pool, tasks.sums * tasks.tiles, [&](Size task) {
    const Size sum = task / tasks.tiles;
    const Range blocks = part_of(tasks.blocks, sum, tasks.sums);
    GradientBlock<T> block(plan, x, y, part_of(plan.tiles, task % tasks.tiles, tasks.tiles));
    T* const to = shared ? sums.get() + sum * size : result;
    for (Size b = blocks.begin; b < blocks.end; ++b) block.sum(b * kBlockPositions, to, b > blocks.begin);
  });
  if (shared) add_parts(sums.get(), tasks.sums, size, result);
}

}  // namespace jtconv

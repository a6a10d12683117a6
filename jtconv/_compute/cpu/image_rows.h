// The results of a phase as rows of a product, and the positions of the source that each row reads.
//
// Nothing is copied into columns, as im2col would: a row holds a pointer for each tap, and where a
// tap falls into the padding the pointer leads to zeros (Dukhan, "The indirect convolution algorithm",
// arXiv:1907.02129).

#pragma once

#include <algorithm>
#include <array>

#include "product_plan.h"
#include "row_block.h"

namespace jtconv {

template <typename T>
class ImageRows {
 public:
  ImageRows(const ProductPlan& plan, const T* source, T* result) : plan_(plan), source_(source), result_(result) {}

  // Adds a phase's rows from `begin` to `end` to the block, and calls use() when the block is full and
  // at the end. Rows are numbered as if every phase had as many as the largest; others are passed over.
  template <typename Use>
  void each_block(const Phase& phase, Size begin, Size end, RowBlock<T>& block, Use use) const {
    const LoopOrder& order = plan_.order;
    const Size innermost = order.images_innermost ? plan_.layer.batch : order.counts[2];
    for (Size row = begin; row < end;) {
      const Size outer = row / innermost, first = row % innermost, count = std::min(end - row, innermost - first);
      row += count;
      if (order.images_innermost) {
        add_images(phase, outer, first, count, block, use);
        use();  // a block of one position skips every tap that falls into the padding there
      } else {
        add_line(phase, outer, first, count, block, use);
      }
    }
    use();
  }

 private:
  using Position = std::array<Size, kAxes>;

  // Results on a line along the last axis.
  template <typename Use>
  void add_line(const Phase& phase, Size outer, Size first, Size count, RowBlock<T>& block, Use use) const {
    const auto& counts = plan_.order.counts;
    const AxisPhase& last = *phase.axes[2];
    const Size image = outer / (counts[1] * counts[0]);
    Position j{outer / counts[1] % counts[0], outer % counts[1], first};
    if (j[0] >= phase.axes[0]->count || j[1] >= phase.axes[1]->count) return;
    count = std::min(count, last.count - first);
    while (count > 0) {
      const Size taken = std::min(count, block.free());
      block.add_results(result_at(phase, image, j), last.step * plan_.result_pixel, taken);
      each_source(phase, j, [&](Size tap, Size at0, Size at1, const TapSource& t2, bool exists) {
        if (!exists) return block.add_zeros(tap);
        auto [begin, end] = results_inside(last, t2, plan_.source_size[2]);
        begin = std::clamp(begin - j[2], Size(0), taken);
        end = std::clamp(end - j[2], begin, taken);
        const Size at2 = last.source_step * j[2] + t2.offset;
        block.add_sources(tap, source_at(image, at0, at1, at2), last.source_step * plan_.source_pixel, begin, end);
      });
      block.finish();
      if (block.free() == 0) use();
      j[2] += taken;
      count -= taken;
    }
  }

  // One position of several images.
  template <typename Use>
  void add_images(const Phase& phase, Size outer, Size image, Size count, RowBlock<T>& block, Use use) const {
    const auto& counts = plan_.order.counts;
    const Position j{outer / (counts[1] * counts[2]), outer / counts[2] % counts[1], outer % counts[2]};
    for (std::size_t a = 0; a < kAxes; ++a)
      if (j[a] >= phase.axes[a]->count) return;
    const Size source_image = image_size(plan_.source_size) * plan_.source_pixel;
    const Size result_image = image_size(plan_.result_size) * plan_.result_pixel;
    while (count > 0) {
      const Size taken = std::min(count, block.free());
      block.add_results(result_at(phase, image, j), result_image, taken);
      each_source(phase, j, [&](Size tap, Size at0, Size at1, const TapSource& t2, bool exists) {
        const Size at2 = phase.axes[2]->source_step * j[2] + t2.offset;
        if (!exists || at2 < 0 || at2 >= plan_.source_size[2]) return block.add_zeros(tap);
        block.add_sources(tap, source_at(image, at0, at1, at2), source_image, 0, taken);
      });
      block.finish();
      if (block.free() == 0) use();
      image += taken;
      count -= taken;
    }
  }

  // Calls add(tap, position on the first axis, on the second, tap on the third, whether these two exist).
  template <typename Add>
  void each_source(const Phase& phase, const Position& j, Add add) const {
    const auto& size = plan_.source_size;
    Size tap = 0;
    for (const TapSource& t0 : phase.axes[0]->taps) {
      const Size at0 = phase.axes[0]->source_step * j[0] + t0.offset;
      for (const TapSource& t1 : phase.axes[1]->taps) {
        const Size at1 = phase.axes[1]->source_step * j[1] + t1.offset;
        const bool exists = at0 >= 0 && at0 < size[0] && at1 >= 0 && at1 < size[1];
        for (const TapSource& t2 : phase.axes[2]->taps) add(tap++, at0, at1, t2, exists);
      }
    }
  }

  static Size image_size(const Position& size) { return size[0] * size[1] * size[2]; }

  T* result_at(const Phase& phase, Size image, const Position& j) const {
    Size at = image;
    for (std::size_t a = 0; a < kAxes; ++a)
      at = at * plan_.result_size[a] + phase.axes[a]->first + phase.axes[a]->step * j[a];
    return result_ + at * plan_.result_pixel;
  }

  const T* source_at(Size image, Size at0, Size at1, Size at2) const {
    const auto& size = plan_.source_size;
    return source_ + (((image * size[0] + at0) * size[1] + at1) * size[2] + at2) * plan_.source_pixel;
  }

  const ProductPlan& plan_;
  const T* const source_;
  T* const result_;
};

}  // namespace jtconv

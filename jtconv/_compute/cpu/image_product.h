// C and its transpose as products of gathered rows.
//
// The channels of a result are a sum over taps, of a matrix times the channels of one position of
// the source. Nothing is copied into columns: the tiles read the source by pointers, and where a
// tap falls into the padding the pointer leads to zeros (Dukhan, "The indirect convolution
// algorithm", arXiv:1907.02129). Of the transpose, results with the same remainder modulo the
// strides share their taps and are computed together, so that no inserted zero is multiplied.

#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "kernel_matrices.h"
#include "layer.h"
#include "memory.h"
#include "parallel.h"
#include "row_block.h"
#include "tiles.h"

namespace jtconv {

// How the results are walked through.
struct Walk {
  std::array<Size, kAxes> most;  // results of a phase on each axis, at most
  bool by_position;              // images innermost: a block has one position, and fewer taps
  Size rows;                     // results of a phase, at most
};

template <typename T>
class ImageProduct {
 public:
  ImageProduct(const Layer& layer, Direction direction, const T* source, const T* kernel, T* result)
      : layer_(layer),
        direction_(direction),
        source_(source),
        result_(result),
        small_groups_(small_groups_kind(layer)),
        neighbours_(jtconv::neighbours(layer, direction)),
        source_pixel_(layer.groups * (direction == Direction::forward ? layer.in_ch : layer.out_ch)),
        result_pixel_(layer.groups * (direction == Direction::forward ? layer.out_ch : layer.in_ch)),
        by_axis_(split(layer, direction, neighbours_)),
        phases_(combine(layer, by_axis_)),
        walk_(choose_walk()),
        storage_(choose_storage()),
        matrices_(layer, direction, storage_, kernel, phases_, depth(), columns()) {
    for (const Phase& phase : phases_) most_taps_ = std::max<Size>(most_taps_, phase.taps.size());
    for (std::size_t a = 0; a < kAxes; ++a) {
      const auto [in, out] = std::pair(layer.axes[a].in, layer.axes[a].out);
      source_size_[a] = direction == Direction::forward ? in : out;
      result_size_[a] = direction == Direction::forward ? out : in;
    }
    gathers_ = storage_ == Storage::packed && matrices_.depth < kFewChannels && most_taps_ > 1;
  }

  void run(Workers& workers) {
    const Size positions = result_size_[0] * result_size_[1] * result_size_[2];
    advise_huge_pages(result_, sizeof(T) * layer_.batch * positions * result_pixel_);
    matrices_.pack(workers);
    const auto [row_parts, column_parts] = share(workers.count());
    workers.each(row_parts * column_parts, [&](Size task) {
      const Size rows = task / column_parts, columns = task % column_parts;
      Part part{RowBlock<T>(most_taps_, layer_.groups * matrices_.depth, layer_.groups * matrices_.columns),
                {},
                {},
                {},
                {},
                columns * matrices_.panels / column_parts,
                (columns + 1) * matrices_.panels / column_parts};
      for (Size phase = 0; phase < Size(phases_.size()); ++phase)
        multiply_rows(phase, rows * walk_.rows / row_parts, (rows + 1) * walk_.rows / row_parts, part);
    });
  }

 private:
  static constexpr Size kTaskSource =
      1 << 15;                              // values that a task reads for every phase: they stay in the second cache
  static constexpr Size kDepth = 384;       // of a product at once: a panel this deep stays in the first cache
  static constexpr Size kDotsDepth = 1024;  // of dot products, whose sums across lanes take time
  static constexpr Size kFewChannels = 12;  // with fewer, the taps' channels are first gathered into one row
  static constexpr Size kFewColumns = 4;    // with fewer, a tile of whole vectors would be mostly empty
  static constexpr Size kFewRows = 64;      // with fewer, rearranging the kernel takes longer than it saves
  static constexpr Size kFewBlocks = 2;     // of rows, that rearrange it for themselves
  static constexpr double kSparse = 0.5;    // share of taps that read something, below which positions are taken apart

  // What one task needs: its block of rows, room for its tiles' pointers, and its panels.
  struct Part {
    RowBlock<T> block;
    std::vector<const T*> left, right;
    std::vector<T> gathered, packed;
    Size first_panel, last_panel;
  };

  static std::array<std::vector<AxisPhase>, kAxes> split(const Layer& layer, Direction direction, Size neighbours) {
    return {phases_of(layer.axes[0], direction), phases_of(layer.axes[1], direction),
            merge_neighbours(phases_of(layer.axes[2], direction), neighbours, direction)};
  }

  // Of one matrix.
  Size depth() const { return source_pixel_ / layer_.groups * (direction_ == Direction::forward ? neighbours_ : 1); }
  Size columns() const { return result_pixel_ / layer_.groups * (direction_ == Direction::forward ? 1 : neighbours_); }

  // Into how many tasks the rows and the columns are divided.
  std::pair<Size, Size> share(Size workers) const {
    const Size wanted = workers == 1 ? 1 : 4 * workers, most = std::max<Size>(walk_.rows, 1);
    const Size panels = small_groups_ >= 0 ? 1 : matrices_.panels;
    Size rows = std::clamp<Size>(wanted, 1, std::max<Size>(walk_.rows / RowBlock<T>::kRows, 1));
    rows = std::max(rows, walk_.rows / std::max(RowBlock<T>::kRows, kTaskSource / source_pixel_));
    if (storage_ == Storage::late && panels >= wanted) rows = 1;  // each rearranges its columns once
    const Size columns = std::clamp<Size>(ceil_div(wanted, rows), 1, panels);
    return {std::clamp<Size>(ceil_div(wanted, columns), rows, most), columns};
  }

  Walk choose_walk() const {
    Walk walk{{0, 0, 0}, false, layer_.batch};
    for (std::size_t a = 0; a < kAxes; ++a) {
      for (const AxisPhase& phase : by_axis_[a]) walk.most[a] = std::max(walk.most[a], phase.count);
      walk.rows *= walk.most[a];
    }
    walk.by_position = layer_.batch >= kWideRows && used_share() < kSparse;
    return walk;
  }

  // How many of all pairs of a result and a tap read a position that exists.
  double used_share() const {
    double share = 1;
    for (std::size_t a = 0; a < kAxes; ++a) {
      const Size size = direction_ == Direction::forward ? layer_.axes[a].in : layer_.axes[a].out;
      Size used = 0, all = 0;
      for (const AxisPhase& phase : by_axis_[a])
        for (const TapSource& tap : phase.taps) {
          const auto [begin, end] = inside(phase, tap, size);
          used += end - begin;
          all += phase.count;
        }
      share *= all ? double(used) / double(all) : 1;
    }
    return share;
  }

  // Which of a phase's results read a position within `size` by a tap: from, to.
  static std::pair<Size, Size> inside(const AxisPhase& phase, const TapSource& tap, Size size) {
    const Size begin = tap.offset >= 0 ? 0 : ceil_div(-tap.offset, phase.source_step);
    const Size end = tap.offset >= size ? 0 : ceil_div(size - tap.offset, phase.source_step);
    return {std::min(begin, phase.count), std::clamp(end, std::min(begin, phase.count), phase.count)};
  }

  Storage choose_storage() const {
    if (small_groups_ >= 0) return direction_ == Direction::forward ? Storage::late : Storage::by_group;
    const Size rows = walk_.by_position ? layer_.batch : walk_.rows;  // that use the same matrices
    if (direction_ == Direction::transposed && (columns() < kFewColumns || rows <= kFewRows) && depth() >= kLanes<T>)
      return Storage::dots;
    // Rearranging is quicker for C, as it is no transposition.
    const Size few_blocks = direction_ == Direction::forward ? kFewBlocks : 1;
    return rows <= few_blocks * RowBlock<T>::kRows ? Storage::late : Storage::packed;
  }

  // A phase's results from `begin` to `end`, counted as if it had the most of all phases.
  void multiply_rows(Size phase, Size begin, Size end, Part& part) const {
    const auto& [m0, m1, m2] = walk_.most;
    const auto& axes = phases_[phase].axes;
    const Size run = walk_.by_position ? layer_.batch : m2;  // the innermost, taken together
    for (Size row = begin; row < end;) {
      const Size first = row % run, count = std::min(end - row, run - first);
      Size outer = row / run;
      row += count;
      if (walk_.by_position) {
        const std::array<Size, kAxes> j{outer / (m1 * m2), outer / m2 % m1, outer % m2};
        if (j[0] < axes[0]->count && j[1] < axes[1]->count && j[2] < axes[2]->count) {
          add_images(phase, j, first, count, part);
          multiply_block(phase, part);
        }
      } else {
        const Size j1 = outer % m1, j0 = outer / m1 % m0, image = outer / (m1 * m0);
        if (j0 < axes[0]->count && j1 < axes[1]->count)
          add_line(phase, image, {j0, j1, first}, std::min(count, axes[2]->count - first), part);
      }
    }
    multiply_block(phase, part);
  }

  // Results on a line along the last axis.
  void add_line(Size phase_index, Size image, std::array<Size, kAxes> j, Size count, Part& part) const {
    const Phase& phase = phases_[phase_index];
    const AxisPhase& last = *phase.axes[2];
    while (count > 0) {
      const Size taken = std::min(count, part.block.free());
      part.block.add_results(result_at(phase, image, j), last.step * result_pixel_, taken);
      each_source(phase, j, [&](Size tap, Size at0, Size at1, const TapSource& t2, bool exists) {
        if (!exists) return part.block.add_zeros(tap);
        auto [begin, end] = inside(last, t2, source_size_[2]);
        begin = std::clamp(begin - j[2], Size(0), taken);
        end = std::clamp(end - j[2], begin, taken);
        const Size at2 = last.source_step * j[2] + t2.offset;
        part.block.add_sources(tap, source_at(image, at0, at1, at2), last.source_step * source_pixel_, begin, end);
      });
      part.block.finish();
      if (part.block.free() == 0) multiply_block(phase_index, part);
      j[2] += taken;
      count -= taken;
    }
  }

  // The same position of several images.
  void add_images(Size phase_index, const std::array<Size, kAxes>& j, Size image, Size count, Part& part) const {
    const Phase& phase = phases_[phase_index];
    const Size source_image = source_size_[0] * source_size_[1] * source_size_[2] * source_pixel_;
    const Size result_image = result_size_[0] * result_size_[1] * result_size_[2] * result_pixel_;
    while (count > 0) {
      const Size taken = std::min(count, part.block.free());
      part.block.add_results(result_at(phase, image, j), result_image, taken);
      each_source(phase, j, [&](Size tap, Size at0, Size at1, const TapSource& t2, bool exists) {
        const Size at2 = phase.axes[2]->source_step * j[2] + t2.offset;
        if (!exists || at2 < 0 || at2 >= source_size_[2]) return part.block.add_zeros(tap);
        part.block.add_sources(tap, source_at(image, at0, at1, at2), source_image, 0, taken);
      });
      part.block.finish();
      if (part.block.free() == 0) multiply_block(phase_index, part);
      image += taken;
      count -= taken;
    }
  }

  // Calls add(tap, position on the first axis, on the second, tap on the third, whether these two exist).
  template <typename Add>
  void each_source(const Phase& phase, const std::array<Size, kAxes>& j, Add add) const {
    Size tap = 0;
    for (const TapSource& t0 : phase.axes[0]->taps) {
      const Size at0 = phase.axes[0]->source_step * j[0] + t0.offset;
      for (const TapSource& t1 : phase.axes[1]->taps) {
        const Size at1 = phase.axes[1]->source_step * j[1] + t1.offset;
        const bool exists = at0 >= 0 && at0 < source_size_[0] && at1 >= 0 && at1 < source_size_[1];
        for (const TapSource& t2 : phase.axes[2]->taps) add(tap++, at0, at1, t2, exists);
      }
    }
  }

  T* result_at(const Phase& phase, Size image, const std::array<Size, kAxes>& j) const {
    Size at = image;
    for (std::size_t a = 0; a < kAxes; ++a)
      at = at * result_size_[a] + phase.axes[a]->first + phase.axes[a]->step * j[a];
    return result_ + at * result_pixel_;
  }

  const T* source_at(Size image, Size at0, Size at1, Size at2) const {
    const Size at = ((image * source_size_[0] + at0) * source_size_[1] + at1) * source_size_[2] + at2;
    return source_ + at * source_pixel_;
  }

  void multiply_block(Size phase, Part& part) const {
    if (part.block.rows() == 0) return;
    const std::vector<Size> used = part.block.complete(phases_[phase].taps.size());
    if (small_groups_ >= 0) {
      multiply_small_groups(phase, used, part);
      return part.block.clear();
    }
    for (Size group = 0; group < layer_.groups; ++group) {
      if (used.empty())
        write_zeros(group, part);
      else if (gathers_ && 2 * used.size() >= phases_[phase].taps.size())  // else most of a row would be zeros
        multiply_gathered(phase, group, part);
      else
        multiply_taps(phase, group, used, part);
    }
    part.block.clear();
  }

  void write_zeros(Size group, const Part& part) const {
    const Size first = group * matrices_.columns;
    const Size begin = first + part.first_panel * matrices_.panel;
    const Size end = first + std::min(part.last_panel * matrices_.panel, matrices_.columns);
    for (Size row = 0; row < part.block.rows(); ++row)
      std::fill(part.block.results()[row] + begin, part.block.results()[row] + end, T(0));
  }

  void multiply_small_groups(Size phase, const std::vector<Size>& used, Part& part) const {
    constexpr Size step = RowBlock<T>::kRows;
    part.left.resize(used.size() * step);
    part.right.resize(used.size());
    for (Size i = 0; i < Size(used.size()); ++i) {
      std::copy_n(part.block.sources(used[i]), step, part.left.data() + i * step);
      part.right[i] = matrices_.by_channel(phases_[phase].taps[used[i]]);
    }
    SmallGroups<T> p{part.left.data(),  step,          part.right.data(),   source_pixel_,
                     Size(used.size()), source_pixel_, part.block.results()};
    for (Size row = 0; row < part.block.rows(); row += kSmallGroupRows) tiles<T>().small_groups[small_groups_](p, row);
  }

  void multiply_taps(Size phase, Size group, const std::vector<Size>& used, Part& part) const {
    const Size most = storage_ == Storage::dots ? kDotsDepth : kDepth;
    const Size parts = ceil_div(matrices_.depth, most), at_once = std::max<Size>(most / matrices_.depth, 1);
    part.left.resize(at_once * RowBlock<T>::kRows);
    part.right.resize(at_once);
    if (storage_ == Storage::late)
      part.packed.resize(at_once * std::min(most, matrices_.depth) * KernelMatrices<T>::kPanel);
    RowsTimesPanel<T> p{};
    p.left = part.left.data();
    p.left_step = RowBlock<T>::kRows;
    for (Size first = 0; first < Size(used.size()); first += at_once) {
      p.taps = std::min<Size>(at_once, used.size() - first);
      for (Size tap = 0; tap < p.taps; ++tap)
        std::copy_n(part.block.sources(used[first + tap]), p.left_step, part.left.data() + tap * p.left_step);
      for (Size depth_part = 0; depth_part < parts; ++depth_part) {
        const Size from = depth_part * matrices_.depth / parts;
        p.left_offset = group * matrices_.depth + from;
        p.channels = (depth_part + 1) * matrices_.depth / parts - from;
        for (Size panel = part.first_panel; panel < part.last_panel; ++panel) {
          for (Size tap = 0; tap < p.taps; ++tap)
            part.right[tap] = matrix(phase, group, panel, used[first + tap], from, p.channels, tap, part);
          multiply_panel(p, group, panel, part);
        }
        p.add = true;
      }
    }
  }

  // The tap-th tap's panel, its rows from `from` on.
  const T* matrix(Size phase, Size group, Size panel, Size tap, Size from, Size rows, Size slot, Part& part) const {
    if (storage_ != Storage::late) return matrices_.at(phase, group, panel, tap, from);
    T* const to = part.packed.data() + slot * rows * KernelMatrices<T>::kPanel;
    matrices_.pack(phase, group, panel, tap, from, from + rows, to);
    return to;
  }

  // All taps' channels of a row side by side, as one tap with many: for few channels.
  void multiply_gathered(Size phase, Size group, Part& part) const {
    const Size taps = phases_[phase].taps.size(), length = taps * matrices_.depth;
    const Size rows = ceil_div(part.block.rows(), RowBlock<T>::kUnit) * RowBlock<T>::kUnit;
    part.gathered.resize(rows * length);
    part.left.resize(RowBlock<T>::kRows);
    part.right.resize(1);
    for (Size row = 0; row < rows; ++row) part.left[row] = part.gathered.data() + row * length;
    for (Size tap = 0; tap < taps; ++tap)
      for (Size row = 0; row < rows; ++row) {
        const T* from = part.block.sources(tap)[row] + group * matrices_.depth;
        T* to = part.gathered.data() + row * length + tap * matrices_.depth;
        for (Size c = 0; c < matrices_.depth; ++c) to[c] = from[c];
      }
    RowsTimesPanel<T> p{};
    p.left = part.left.data();
    p.left_step = RowBlock<T>::kRows;
    p.taps = 1;
    const Size parts = ceil_div(length, kDepth);
    for (Size depth_part = 0; depth_part < parts; ++depth_part) {
      const Size from = depth_part * length / parts;
      p.left_offset = from;
      p.channels = (depth_part + 1) * length / parts - from;
      for (Size panel = part.first_panel; panel < part.last_panel; ++panel) {
        part.right[0] = matrices_.at(phase, group, panel, 0, from);
        multiply_panel(p, group, panel, part);
      }
      p.add = true;
    }
  }

  void multiply_panel(RowsTimesPanel<T>& p, Size group, Size panel, const Part& part) const {
    p.right = part.right.data();
    p.right_step = matrices_.step(panel);
    p.columns = matrices_.width(panel);
    p.result = part.block.results();
    p.result_offset = group * matrices_.columns + panel * matrices_.panel;
    const auto [tile, rows] = tile_for(p.columns);
    for (Size row = 0; row < part.block.rows(); row += rows) tile(p, row);
  }

  std::pair<typename Tiles<T>::Multiply, Size> tile_for(Size columns) const {
    const Tiles<T>& all = tiles<T>();
    if (storage_ == Storage::dots) {
      if (columns == 1) return {all.dots_1, 6};
      return {columns == 2 ? all.dots_2 : all.dots_3, 4};
    }
    if (columns <= kLanes<T>) return {all.multiply_narrow, kNarrowRows};
    return {all.multiply_wide, kWideRows};
  }

  const Layer& layer_;
  const Direction direction_;
  const T* const source_;
  T* const result_;
  const int small_groups_;  // their kind, or -1
  const Size neighbours_;   // on the last axis, taken together
  const Size source_pixel_, result_pixel_;
  const std::array<std::vector<AxisPhase>, kAxes> by_axis_;
  const std::vector<Phase> phases_;
  const Walk walk_;
  const Storage storage_;
  KernelMatrices<T> matrices_;
  std::array<Size, kAxes> source_size_, result_size_;
  Size most_taps_ = 0;
  bool gathers_;
};

template <typename T>
void image_product(const Layer& layer, Direction direction, const T* source, const T* kernel, T* result,
                   Workers& workers) {
  ImageProduct<T>(layer, direction, source, kernel, result).run(workers);
}

}  // namespace jtconv

// Lines: rows of an image along its last axis, one channel each, with zeros where their padding is.
//
// With few channels a vector is filled with neighbours on the last axis. A tap then reads a line some columns further
// on. Where results are `period` positions of the source apart, a row is cut into a line for each remainder, so that
// every tap still reads neighbours. Narrow rows of several images share a line.

#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "layer.h"
#include "line_microkernels.h"
#include "memory.h"
#include "phases.h"

namespace jtconv {

constexpr Size kMaxLineColumns = 1024;     // of a line: several lines stay in the first-level cache
constexpr Size kRowProducts = 1 << 10;     // multiplications in the time that it takes to prepare a row, however short
constexpr Size kMinSplitColumns = 4;       // with fewer, values are copied one by one
constexpr Size kMaxLinesValues = 1 << 16;  // of the lines of a tile of rows: they stay in the second-level cache
constexpr Size kMinLineColumns = 128;      // with fewer, several images share a line

// How results, `count` for each image, are laid out on lines.
struct LineColumns {
  Size images = 1;   // of a line
  Size columns = 0;  // of one image on a line
  Size pitch = 0;    // columns from one image to the next
  Size chunks = 1;   // lines for all of an image's results

  // Columns of a line, with those between images.
  Size width(Size image_count, Size column_count) const { return (image_count - 1) * pitch + column_count; }
};

// `reach`: columns beyond its own that a result reads. `lines`: of a tile of rows.
inline LineColumns plan_columns(Size batch, Size count, Size reach, Size lines) {
  LineColumns plan;
  const Size most = std::clamp<Size>(kMaxLinesValues / lines, kMinLineColumns, kMaxLineColumns);
  plan.chunks = std::max<Size>(ceil_div(count, most), 1);
  plan.columns = ceil_div(count, plan.chunks);
  plan.pitch = plan.columns + reach;
  if (plan.chunks == 1 && plan.columns < kMinLineColumns)
    plan.images = std::clamp<Size>(2 * kMinLineColumns / plan.pitch, 1, std::max<Size>(batch / 2, 1));
  return plan;
}

// The lines of one row: value `column` of remainder r is at position first + period * column + r.
struct RowLines {
  std::array<Size, kAxes> size{};  // of an image
  Size channels = 1;               // at a position
  Size period = 1, first = 0;
  std::vector<bool> used;  // remainders that any tap reads
  bool uses_all = true;
  Size reach = 0;
  Size step = 0;  // from one line to the next: all channels of remainder 0, then of remainder 1, …

  Size lines() const { return period * channels; }
};

// Multiplications that take as long as the layer: its own, and those in the time that rows take.
inline Size line_work(const Layer& layer) {
  const auto& axes = layer.axes;
  const Size rows = layer.batch * (axes[0].in * axes[1].in + axes[0].out * axes[1].out);
  const Size pairs = layer.groups * layer.in_ch * layer.out_ch;
  return layer.batch * layer.out_size() * layer.taps() * pairs + kRowProducts * rows;
}

// Lines of rows that are read again and again: the latest of `planes` times `rows` of them, by position.
template <typename T>
class LineWindow {
 public:
  LineWindow(const RowLines& form, const LineColumns& columns, const T* source, Size planes, Size rows)
      : form_(form),
        columns_(columns),
        source_(source),
        planes_(planes),
        rows_(rows),
        row_size_(form.lines() * form.step),
        lines_(planes * rows * row_size_),
        held_(planes * rows, -1) {}

  // Begins with other images and columns.
  void start(Range images, Range columns) {
    const bool as_before = columns.begin == range_.begin && columns.end == range_.end;
    if (as_before && images.begin == images_.begin) return;
    const bool same_zeros = as_before && images.end - images.begin == images_.end - images_.begin;
    images_ = images;
    range_ = columns;
    std::fill(held_.begin(), held_.end(), -1);
    if (same_zeros) return;
    plan_copies();
    fill_zeros();
  }

  // The lines of a row, which must exist.
  const T* row(Size at0, Size at1) {
    const Size slot = at0 % planes_ * rows_ + at1 % rows_, number = at0 * form_.size[1] + at1;
    T* const to = lines_.get() + slot * row_size_;
    if (held_[slot] != number) {
      held_[slot] = number;
      fill(number, to);
    }
    return to;
  }

 private:
  struct Copy {
    Size from, to;
  };

  // Finds the columns that hold a position for every remainder, and the values beside them, which are copied singly.
  void plan_copies() {
    const Size period = form_.period, channels = form_.channels, at = form_.first + period * range_.begin;
    const Size read = range_.end - range_.begin + form_.reach;
    begin_ = std::clamp<Size>(ceil_div(std::max<Size>(-at, 0), period), 0, read);
    end_ = std::clamp<Size>(std::max<Size>(form_.size[2] - at, 0) / period, begin_, read);
    if (end_ - begin_ < kMinSplitColumns) end_ = begin_;
    first_ = (at + period * begin_) * channels;
    copies_.clear();
    for (Size column = 0; column < read; ++column) {
      if (column == begin_ && begin_ < end_) column = end_;
      for (Size r = 0; r < period && column < read; ++r) {
        const Size position = at + period * column + r;
        if (!form_.used[r] || position < 0 || position >= form_.size[2]) continue;
        for (Size c = 0; c < channels; ++c)
          copies_.push_back({position * channels + c, (r * channels + c) * form_.step + column});
      }
    }
  }

  // Zeros where a row has no values; no row will write there.
  void fill_zeros() {
    const bool one = images_.end - images_.begin == 1;
    T* const all_end = lines_.get() + planes_ * rows_ * row_size_;
    for (T* line = lines_.get(); line < all_end; line += form_.step) {
      std::fill(line, line + (one ? begin_ : 0), T(0));
      std::fill(line + (one ? end_ : 0), line + form_.step, T(0));
    }
  }

  void fill(Size number, T* to) const {
    const Size step = form_.size[0] * form_.size[1] * form_.size[2] * form_.channels;
    const T* row = source_ + images_.begin * step + number * form_.size[2] * form_.channels;
    for (Size image = images_.begin; image < images_.end; ++image, row += step, to += columns_.pitch) {
      for (const Copy& copy : copies_) to[copy.to] = row[copy.from];
      if (begin_ == end_) continue;
      if (form_.uses_all) {
        split(row, 0, form_.lines(), to);
      } else {
        for (Size r = 0; r < form_.period; ++r)
          if (form_.used[r]) split(row, r * form_.channels, form_.channels, to);
      }
    }
  }

  // Writes `lines` of the row's lines, from the one numbered `line` on, where all have values.
  void split(const T* row, Size line, Size lines, T* to) const {
    line_microkernels<T>().split(row + first_ + line, form_.lines(), lines, end_ - begin_,
                                 to + line * form_.step + begin_, form_.step);
  }

  const RowLines& form_;
  const LineColumns& columns_;
  const T* const source_;
  const Size planes_, rows_, row_size_;
  Scratch<T> lines_;
  std::vector<Size> held_;  // the row in each slot
  Range images_{0, 0}, range_{0, 0};
  Size begin_ = 0, end_ = 0, first_ = 0;  // columns that hold values of all lines; where a row has the first
  std::vector<Copy> copies_;
};

// A tap on the last axis: the column and the remainder that it reads.
struct LineRead {
  Size tap, remainder, column;
};

// For each phase, what its taps read, where results of a phase are `period` positions of the source apart.
inline std::vector<std::vector<LineRead>> line_reads(const std::vector<AxisPhase>& phases, RowLines& form) {
  form.period = phases.empty() ? 1 : phases[0].source_step;
  Size least = 0;
  bool any = false;
  for (const AxisPhase& phase : phases)
    for (const TapSource& tap : phase.taps) least = any ? std::min(least, tap.offset) : tap.offset, any = true;
  form.first = least;
  form.used.assign(form.period, false);
  form.reach = 0;
  std::vector<std::vector<LineRead>> reads;
  for (const AxisPhase& phase : phases) {
    reads.emplace_back();
    for (const TapSource& tap : phase.taps) {
      const Size distance = tap.offset - least;
      reads.back().push_back({tap.tap, distance % form.period, distance / form.period});
      form.used[distance % form.period] = true;
      form.reach = std::max(form.reach, distance / form.period);
    }
  }
  form.uses_all = std::find(form.used.begin(), form.used.end(), false) == form.used.end();
  return reads;
}

// The length of a line: a multiple of cache lines, and an odd one, so that lines spread over the cache's sets.
template <typename T>
Size line_step(Size width, Size reach) {
  const Size unit = 64 / sizeof(T);
  return (ceil_div(width + kLanes<T> + reach, unit) | 1) * unit;
}

}  // namespace jtconv

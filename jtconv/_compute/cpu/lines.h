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
constexpr Size kMaxLinesValues = 1 << 16;  // of the lines of a tile of rows: they stay in the second-level cache
constexpr Size kMinLineColumns = 128;   // with fewer, several images share a line

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
    if (images.begin == images_.begin && images.end == images_.end && columns.begin == range_.begin) return;
    images_ = images;
    range_ = columns;
    read_ = columns.end - columns.begin + form_.reach;
    at_ = form_.first + form_.period * columns.begin;
    begin_ = std::clamp<Size>(ceil_div(std::max<Size>(-at_, 0), form_.period), 0, read_);
    end_ = std::clamp<Size>(std::max<Size>(form_.size[2] - at_, 0) / form_.period, begin_, read_);
    std::fill(held_.begin(), held_.end(), -1);
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
  void fill(Size number, T* to) const {
    const Size step = form_.size[0] * form_.size[1] * form_.size[2] * form_.channels;
    const T* row = source_ + images_.begin * step + number * form_.size[2] * form_.channels;
    Size begin = 0;
    for (Size image = images_.begin; image < images_.end; ++image, row += step, begin += columns_.pitch) {
      fill_image(row, to + begin);
      const Size end = image + 1 == images_.end ? form_.step : begin + columns_.pitch;
      if (begin + read_ == end) continue;
      for (T* line = to; line < to + row_size_; line += form_.step) std::fill(line + begin + read_, line + end, T(0));
    }
  }

  // The lines of one image: `read_` columns. Of those that hold a position for every remainder, all at once.
  void fill_image(const T* row, T* to) const {
    const Size period = form_.period, channels = form_.channels;
    const T* const from = row + (at_ + period * begin_) * channels;
    if (begin_ < end_ && form_.uses_all)
      line_microkernels<T>().split(from, form_.lines(), form_.lines(), end_ - begin_, to + begin_, form_.step);
    for (Size r = 0; r < period; ++r) {
      if (!form_.used[r]) continue;
      T* const lines = to + r * channels * form_.step;
      if (begin_ < end_ && !form_.uses_all)
        line_microkernels<T>().split(from + r * channels, form_.lines(), channels, end_ - begin_, lines + begin_,
                                     form_.step);
      fill_edge(row, r, {0, begin_}, lines);
      fill_edge(row, r, {end_, read_}, lines);
    }
  }

  // Columns at the row's ends, where some remainders have a position and others have padding.
  void fill_edge(const T* row, Size remainder, Range columns, T* lines) const {
    for (Size column = columns.begin; column < columns.end; ++column) {
      const Size position = at_ + form_.period * column + remainder;
      const bool exists = position >= 0 && position < form_.size[2];
      for (Size c = 0; c < form_.channels; ++c)
        lines[c * form_.step + column] = exists ? row[position * form_.channels + c] : T(0);
    }
  }

  const RowLines& form_;
  const LineColumns& columns_;
  const T* const source_;
  const Size planes_, rows_, row_size_;
  Scratch<T> lines_;
  std::vector<Size> held_;  // the row in each slot
  Range images_{0, 0}, range_{0, 0};
  Size read_ = 0;              // columns of an image that any tap reads
  Size at_ = 0;                // position of the first of them
  Size begin_ = 0, end_ = 0;  // those that hold a position for every remainder
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

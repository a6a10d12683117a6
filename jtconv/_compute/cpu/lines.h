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

constexpr Size kMaxLineColumns = 1024;  // of a line: several lines stay in the first-level cache
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

// `reach`: columns beyond its own that a result reads.
inline LineColumns plan_columns(Size batch, Size count, Size reach) {
  LineColumns plan;
  plan.chunks = std::max<Size>(ceil_div(count, kMaxLineColumns), 1);
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
  Size reach = 0;
  Size step = 0;  // from one line to the next: all channels of remainder 0, then of remainder 1, …

  Size lines() const { return period * channels; }
};

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
    for (Size image = images_.begin; image < images_.end; ++image, to += columns_.pitch) {
      const bool last = image + 1 == images_.end;
      const Size length = last ? form_.step - (image - images_.begin) * columns_.pitch : columns_.pitch;
      const Size read = std::min(length, range_.end - range_.begin + form_.reach);
      const T* row = source_ + (image * form_.size[0] * form_.size[1] + number) * form_.size[2] * form_.channels;
      for (Size r = 0; r < form_.period; ++r)
        if (form_.used[r])
          for (Size c = 0; c < form_.channels; ++c)
            fill_line(row + c, r, read, length, to + (r * form_.channels + c) * form_.step);
    }
  }

  // Fills a line with zeros from column `read` on, to be `length` long.
  void fill_line(const T* row, Size remainder, Size read, Size length, T* to) const {
    const Size period = form_.period, at = form_.first + period * range_.begin + remainder;
    const Size begin = std::clamp<Size>(ceil_div(std::max<Size>(-at, 0), period), 0, read);
    const Size end = std::clamp<Size>(ceil_div(std::max<Size>(form_.size[2] - at, 0), period), begin, read);
    std::fill(to, to + begin, T(0));
    if (begin < end)
      line_microkernels<T>().split(row + (at + period * begin) * form_.channels, period * form_.channels, end - begin,
                                   to + begin);
    std::fill(to + end, to + length, T(0));
  }

  const RowLines& form_;
  const LineColumns& columns_;
  const T* const source_;
  const Size planes_, rows_, row_size_;
  Scratch<T> lines_;
  std::vector<Size> held_;  // the row in each slot
  Range images_{0, 0}, range_{0, 0};
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
  return reads;
}

// The length of a line: a multiple of cache lines, and an odd one, so that lines spread over the cache's sets.
template <typename T>
Size line_step(Size width, Size reach) {
  const Size unit = 64 / sizeof(T);
  return (ceil_div(width + kLanes<T> + reach, unit) | 1) * unit;
}

}  // namespace jtconv

// The rows of an image as lines, of which a task holds as many as it reads again.

#pragma once

#include <algorithm>
#include <vector>

#include "line_microkernels.h"
#include "lines.h"
#include "memory.h"

namespace jtconv {

constexpr Size kMinSplitColumns = 4;  // with fewer, values are copied one by one

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
    const Size slot0 = at0 < planes_ ? at0 : at0 % planes_, slot1 = at1 < rows_ ? at1 : at1 % rows_;
    const Size slot = slot0 * rows_ + slot1, number = at0 * form_.size[1] + at1;
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

}  // namespace jtconv

// The kernel as the products of lines read it.

#pragma once

#include <vector>

#include "line_plan.h"
#include "memory.h"

namespace jtconv {

// The kernel by group, result channel, phase of the last axis, tap on the first two, source channel, tap on the last:
// what one row of results reads of one row of the source is contiguous.
template <typename T>
class LineWeights {
 public:
  LineWeights(const LinePlan& plan, const T* kernel)
      : plan_(plan), taps_(plan.layer.axes[0].taps * plan.layer.axes[1].taps) {
    Size before = 0;
    for (const auto& reads : plan.reads) {
      begins_.push_back(before);
      before += taps_ * Size(reads.size()) * plan.source_ch;
    }
    size_ = before;
    weights_ = Scratch<T>(plan.layer.groups * plan.result_ch * size_);
    T* to = weights_.get();
    for (Size channel = 0; channel < plan.layer.groups * plan.result_ch; ++channel)
      for (const auto& reads : plan.reads)
        for (Size taps = 0; taps < taps_; ++taps)
          for (Size c = 0; c < plan.source_ch; ++c)
            for (const LineRead& read : reads)
              *to++ = kernel[index(channel, taps * plan.layer.axes[2].taps + read.tap, c)];
  }

  const T* of(Size channel, Size phase, Size taps) const {
    return weights_.get() + channel * size_ + begins_[phase] + taps * Size(plan_.reads[phase].size()) * plan_.source_ch;
  }

 private:
  // Of the entry for a channel of all result channels, a tap, and a source channel of the same group.
  Size index(Size channel, Size tap, Size c) const {
    const Layer& layer = plan_.layer;
    const Size group = channel / plan_.result_ch, own = channel % plan_.result_ch;
    const bool forward = plan_.direction == Direction::forward;
    const Size in = forward ? c : own, out = forward ? own : c;
    return (tap * layer.in_ch + in) * layer.kernel_row() + group * layer.out_ch + out;
  }

  const LinePlan& plan_;
  const Size taps_;
  Size size_ = 0;
  std::vector<Size> begins_;
  Scratch<T> weights_{0};
};

}  // namespace jtconv

// C and its transpose by lines: a row of results is a sum of rows of the source, moved and scaled.

#pragma once

#include <algorithm>
#include <vector>

#include "line_plan.h"
#include "line_weights.h"
#include "line_window.h"
#include "memory.h"
#include "parallel.h"

namespace jtconv {

// The work of one task, with its buffers.
template <typename T>
class LineTask {
 public:
  LineTask(const LinePlan& plan, const LineWeights<T>& weights, const T* source, T* result)
      : plan_(plan),
        weights_(weights),
        result_(result),
        window_(plan.form, plan.columns, source, plan.planes, plan.source_rows(plan.band)),
        joined_(plan.tile_rows * plan.result_lines() * plan.result_step) {
    for (const auto& reads : plan.reads) {
      reads_.emplace_back();
      for (Size c = 0; c < plan.source_ch; ++c)
        for (const LineRead& read : reads)
          reads_.back().push_back((read.remainder * plan.form.channels + c) * plan.form.step + read.column);
    }
  }

  // Computes rows [begin, end) of every phase, of a plane of every phase of the first axis.
  void compute(Range images, Range columns, Size plane, Range rows) {
    window_.start(images, columns);
    images_ = images;
    columns_ = columns;
    for (const AxisPhase& p0 : plan_.phases[0]) {
      if (plane >= p0.count) continue;
      for (Size row = rows.begin; row < rows.end; row += plan_.tile_rows)
        for (Size p1 = 0; p1 < Size(plan_.phases[1].size()); ++p1) {
          const Size count = std::min({plan_.tile_rows, rows.end - row, plan_.phases[1][p1].count - row});
          if (count > 0) compute_tile(p0, plane, p1, row, count);
        }
    }
  }

 private:
  struct Source {
    const T* lines;
    const RowTerms* terms;
    Size tap0;
    int begin, end;
  };

  void compute_tile(const AxisPhase& p0, Size plane, Size p1, Size row, Size count) {
    find_sources(p0, plane, p1, row, count);
    const Size width = plan_.columns.width(images_.end - images_.begin, columns_.end - columns_.begin);
    const bool direct = plan_.result_lines() == 1 && images_.end - images_.begin == 1;
    const Size all = plan_.layer.groups * plan_.result_ch;
    for (Size group = 0; group < plan_.layer.groups; ++group)
      for (Size c = 0; c < plan_.result_ch; c += plan_.at_once)
        for (Size p2 = 0; p2 < plan_.result_period; ++p2) {
          LineProduct<T> p;
          const Size channels = std::min(plan_.at_once, plan_.result_ch - c), first = group * plan_.result_ch + c;
          set_terms(group, first, channels, p2, p);
          p.columns = width;
          for (Size r = 0; r < count; ++r)
            for (Size b = 0; b < channels; ++b)
              p.result[r * channels + b] =
                  direct ? row_at(images_.begin, p0, plane, p1, row + r)
                         : joined_.get() + (r * plan_.result_lines() + p2 * all + first + b) * plan_.result_step;
          line_microkernels<T>().product[count * channels - 1](p);
        }
    if (!direct)
      for (Size r = 0; r < count; ++r)
        join_row(p0, plane, p1, row + r, joined_.get() + r * plan_.result_lines() * plan_.result_step);
  }

  // The rows of the source that the tile reads, from where they exist.
  void find_sources(const AxisPhase& p0, Size plane, Size p1, Size row, Size count) {
    sources_.clear();
    for (const TapSource& tap : p0.taps) {
      const Size at0 = p0.source_step * plane + tap.offset;
      if (at0 < 0 || at0 >= plan_.source_size[0]) continue;
      for (const RowTerms& terms : plan_.row_terms[p1]) {
        const Size at1 = plan_.phases[1][p1].source_step * row + terms.delta;
        const int end = std::min<int>(terms.end, count);
        if (at1 < 0 || at1 >= plan_.source_size[1] || terms.begin >= end) continue;
        sources_.push_back({window_.row(at0, at1), &terms, tap.tap, terms.begin, end});
      }
    }
  }

  void set_terms(Size group, Size first, int channels, Size p2, LineProduct<T>& p) {
    const Size line = group * plan_.source_ch * plan_.form.step, taps1 = plan_.layer.axes[1].taps;
    terms_.resize(sources_.size());
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      const Source& source = sources_[s];
      LineTerms<T>& terms = terms_[s];
      terms.source = source.lines + line;
      terms.begin = source.begin * channels;
      terms.end = source.end * channels;
      for (int r = source.begin; r < source.end; ++r)
        for (int b = 0; b < channels; ++b)
          terms.weights[r * channels + b] = weights_.of(first + b, p2, source.tap0 * taps1 + source.terms->taps[r]);
    }
    p.terms = terms_.data();
    p.term_count = terms_.size();
    p.reads = reads_[p2].data();
    p.read_count = reads_[p2].size();
  }

  // Puts the lines of a row of results where they belong, side by side.
  void join_row(const AxisPhase& p0, Size plane, Size p1, Size row, const T* from) const {
    const Size lines = plan_.result_lines(), pixel = plan_.layer.groups * plan_.result_ch;
    const Size begin = columns_.begin * plan_.result_period;
    const Size values = (std::min(columns_.end * plan_.result_period, plan_.result_size[2]) - begin) * pixel;
    for (Size image = images_.begin; image < images_.end; ++image, from += plan_.columns.pitch) {
      T* const to = row_at(image, p0, plane, p1, row);
      const Size whole = values / lines;
      line_microkernels<T>().join(from, plan_.result_step, lines, whole, to);
      for (Size m = 0; m < values - whole * lines; ++m) to[whole * lines + m] = from[m * plan_.result_step + whole];
    }
  }

  T* row_at(Size image, const AxisPhase& p0, Size plane, Size p1, Size row) const {
    const auto& size = plan_.result_size;
    const AxisPhase& second = plan_.phases[1][p1];
    const Size at0 = p0.first + p0.step * plane, at1 = second.first + second.step * row;
    const Size position = ((image * size[0] + at0) * size[1] + at1) * size[2] + columns_.begin * plan_.result_period;
    return result_ + position * plan_.layer.groups * plan_.result_ch;
  }

  const LinePlan& plan_;
  const LineWeights<T>& weights_;
  T* const result_;
  LineWindow<T> window_;
  Scratch<T> joined_;
  std::vector<std::vector<Size>> reads_;  // by phase of the last axis: where each tap reads, from a row's first line
  std::vector<Source> sources_;
  std::vector<LineTerms<T>> terms_;
  Range images_{0, 0}, columns_{0, 0};
};

template <typename T>
void line_product(const Layer& layer, Direction direction, const T* source, const T* kernel, T* result,
                  ThreadPool& pool) {
  const LinePlan plan = plan_lines<T>(layer, direction);
  const auto& size = plan.result_size;
  advise_huge_pages(result, sizeof(T) * layer.batch * size[0] * size[1] * size[2] * layer.groups * plan.result_ch);
  const LineWeights<T> weights(plan, kernel);
  // Units of work: images that share lines, parts of lines, planes, bands of rows.
  const Size image_groups = ceil_div(layer.batch, plan.columns.images), chunks = plan.columns.chunks;
  const Size threads = thread_count(pool), outer = image_groups * chunks * plan.counts[0];
  const Size most = threads == 1 ? 1 : kTasksPerThread * threads;
  const Size wanted = std::clamp<Size>(line_work(layer) / kMinTaskProducts, 1, most);
  Size bands = ceil_div(plan.counts[1], plan.band);
  bands = std::clamp<Size>(std::max(bands, ceil_div(wanted, outer)), 1, ceil_div(plan.counts[1], plan.tile_rows));
  const Size units = outer * bands, tasks = std::min(units, wanted);
  parallel_for(pool, tasks, [&](Size index) {
    LineTask<T> task(plan, weights, source, result);
    const Range range = part_of(units, index, tasks);
    for (Size unit = range.begin; unit < range.end; ++unit) {
      const Size plane = unit % plan.counts[0], band = unit / plan.counts[0] % bands;
      const Size chunk = unit / plan.counts[0] / bands % chunks, group = unit / plan.counts[0] / bands / chunks;
      const Range tiles = part_of(ceil_div(plan.counts[1], plan.tile_rows), band, bands);
      task.compute({group * plan.columns.images, std::min((group + 1) * plan.columns.images, layer.batch)},
                   {chunk * plan.columns.columns, std::min((chunk + 1) * plan.columns.columns, plan.counts[2])}, plane,
                   {tiles.begin * plan.tile_rows, std::min(tiles.end * plan.tile_rows, plan.counts[1])});
    }
  });
}

}  // namespace jtconv

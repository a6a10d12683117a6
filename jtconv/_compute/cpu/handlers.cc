// The functions that XLA calls: C, its transpose and the kernel's gradient.
//
// Arrays have channels last, and the kernel is the forward convolution's in all three. Before their other axes they
// have one of layers of the same sizes, which are computed one after the other.

#include <algorithm>
#include <cstdint>
#include <new>

#include "image_product.h"
#include "kernel_gradient.h"
#include "layer.h"
#include "line_choice.h"
#include "line_gradient.h"
#include "line_product.h"
#include "parallel.h"
#include "xla/ffi/api/ffi.h"

namespace jtconv {
namespace {

namespace ffi = xla::ffi;

using Sizes = ffi::Span<const std::int64_t>;
using In = ffi::AnyBuffer;
using Out = ffi::Result<ffi::AnyBuffer>;

Layer layer_of(In::Dimensions x, In::Dimensions kernel, In::Dimensions y, Sizes strides, Sizes lows, Sizes dilation,
               Size groups) {
  const std::size_t axes = kernel.size() - 3;
  Layer layer{x[1], groups, kernel[axes + 1], kernel[axes + 2] / groups, {}};
  for (std::size_t a = 0; a < axes; ++a)  // at the end, as the last axis is contiguous
    layer.axes[kAxes - axes + a] = {x[a + 2], y[a + 2], kernel[a + 1], strides[a], dilation[a], lows[a]};
  std::stable_partition(layer.axes.begin(), layer.axes.end(), [](const Axis& axis) { return axis.is_trivial(); });
  return layer;
}

// Calls compute(first, second, result) with the arrays of one layer after the other.
template <typename T, typename Compute>
void for_each_layer(In first, In second, Out result, Compute compute) {
  const std::int64_t layers = first.dimensions()[0];
  const auto size = [layers](auto& array) { return static_cast<std::int64_t>(array.element_count()) / layers; };
  for (std::int64_t i = 0; i < layers; ++i)
    compute(first.typed_data<T>() + i * size(first), second.typed_data<T>() + i * size(second),
            result->template typed_data<T>() + i * size(*result));
}

// Calls run(T{}) for the arrays' type.
template <typename Run>
ffi::Error by_type(ffi::DataType type, Run run) {
  try {
    if (type == ffi::F32) {
      run(float{});
    } else if (type == ffi::F64) {
      run(double{});
    } else {
      return ffi::Error::InvalidArgument("jtconv's CPU kernels take float32 and float64");
    }
  } catch (const std::bad_alloc&) {
    return ffi::Error(ffi::ErrorCode::kResourceExhausted, "jtconv's CPU kernels: out of memory");
  }
  return ffi::Error::Success();
}

ffi::Error product(Direction direction, const Layer& layer, ffi::ThreadPool& pool, In source, In kernel, Out result) {
  return by_type(source.element_type(), [&](auto zero) {
    using T = decltype(zero);
    const auto compute = by_lines<T>(layer, direction) ? line_product<T> : image_product<T>;
    for_each_layer<T>(source, kernel, result, [&](const T* from, const T* weights, T* to) {
      compute(layer, direction, from, weights, to, pool);
    });
  });
}

ffi::Error handle_forward(ffi::ThreadPool pool, In x, In kernel, Out y, Sizes strides, Sizes lows, Sizes dilation,
                          std::int64_t groups) {
  const Layer layer = layer_of(x.dimensions(), kernel.dimensions(), y->dimensions(), strides, lows, dilation, groups);
  return product(Direction::forward, layer, pool, x, kernel, y);
}

ffi::Error handle_transposed(ffi::ThreadPool pool, In y, In kernel, Out x, Sizes strides, Sizes lows, Sizes dilation,
                             std::int64_t groups) {
  const Layer layer = layer_of(x->dimensions(), kernel.dimensions(), y.dimensions(), strides, lows, dilation, groups);
  return product(Direction::transposed, layer, pool, y, kernel, x);
}

ffi::Error handle_kernel_gradient(ffi::ThreadPool pool, In x, In y, Out kernel, Sizes strides, Sizes lows,
                                  Sizes dilation, std::int64_t groups) {
  const Layer layer = layer_of(x.dimensions(), kernel->dimensions(), y.dimensions(), strides, lows, dilation, groups);
  return by_type(x.element_type(), [&](auto zero) {
    using T = decltype(zero);
    const auto compute = gradient_by_lines<T>(layer) ? line_gradient<T> : kernel_gradient<T>;
    for_each_layer<T>(x, y, kernel, [&](const T* inputs, const T* outputs, T* gradient) {
      compute(layer, inputs, outputs, gradient, pool);
    });
  });
}

auto binding() {
  return ffi::Ffi::Bind()
      .Ctx<ffi::ThreadPool>()
      .Arg<ffi::AnyBuffer>()
      .Arg<ffi::AnyBuffer>()
      .Ret<ffi::AnyBuffer>()
      .Attr<Sizes>("strides")
      .Attr<Sizes>("lows")
      .Attr<Sizes>("dilation")
      .Attr<std::int64_t>("groups");
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(jtconv_forward, handle_forward, binding());
XLA_FFI_DEFINE_HANDLER_SYMBOL(jtconv_transposed, handle_transposed, binding());
XLA_FFI_DEFINE_HANDLER_SYMBOL(jtconv_kernel_gradient, handle_kernel_gradient, binding());

}  // namespace jtconv

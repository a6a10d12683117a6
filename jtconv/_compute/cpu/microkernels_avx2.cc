// The microkernels with AVX2 and fused multiply-add.

#if defined(__x86_64__)
#define JTCONV_AVX2
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#include "line_microkernels_impl.h"
#include "microkernels_impl.h"

namespace jtconv {

extern const Microkernels<float> kMicrokernelsAvx2Float;
extern const Microkernels<double> kMicrokernelsAvx2Double;
const Microkernels<float> kMicrokernelsAvx2Float = all_microkernels<float>();
const Microkernels<double> kMicrokernelsAvx2Double = all_microkernels<double>();

extern const LineMicrokernels<float> kLineMicrokernelsAvx2Float;
extern const LineMicrokernels<double> kLineMicrokernelsAvx2Double;
const LineMicrokernels<float> kLineMicrokernelsAvx2Float = all_line_microkernels<float>();
const LineMicrokernels<double> kLineMicrokernelsAvx2Double = all_line_microkernels<double>();

}  // namespace jtconv

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif

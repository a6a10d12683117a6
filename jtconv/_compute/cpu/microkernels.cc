// The microkernels for every processor of the architecture (SSE2, NEON), and the choice of a set.

#include "line_microkernels_impl.h"
#include "microkernels_impl.h"

namespace jtconv {

#if defined(__x86_64__)
extern const Microkernels<float> kMicrokernelsAvx2Float;
extern const Microkernels<double> kMicrokernelsAvx2Double;
extern const LineMicrokernels<float> kLineMicrokernelsAvx2Float;
extern const LineMicrokernels<double> kLineMicrokernelsAvx2Double;

static const bool kHasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif

static const Microkernels<float> kMicrokernelsFloat = all_microkernels<float>();
static const Microkernels<double> kMicrokernelsDouble = all_microkernels<double>();
static const LineMicrokernels<float> kLineMicrokernelsFloat = all_line_microkernels<float>();
static const LineMicrokernels<double> kLineMicrokernelsDouble = all_line_microkernels<double>();

template <>
const Microkernels<float>& microkernels() {
#if defined(__x86_64__)
  if (kHasAvx2) return kMicrokernelsAvx2Float;
#endif
  return kMicrokernelsFloat;
}

template <>
const Microkernels<double>& microkernels() {
#if defined(__x86_64__)
  if (kHasAvx2) return kMicrokernelsAvx2Double;
#endif
  return kMicrokernelsDouble;
}

template <>
const LineMicrokernels<float>& line_microkernels() {
#if defined(__x86_64__)
  if (kHasAvx2) return kLineMicrokernelsAvx2Float;
#endif
  return kLineMicrokernelsFloat;
}

template <>
const LineMicrokernels<double>& line_microkernels() {
#if defined(__x86_64__)
  if (kHasAvx2) return kLineMicrokernelsAvx2Double;
#endif
  return kLineMicrokernelsDouble;
}

}  // namespace jtconv

// The microkernels for every processor of the architecture (SSE2, NEON), and the choice of a set.

#include "microkernels_impl.h"

namespace jtconv {

#if defined(__x86_64__)
extern const Microkernels<float> kMicrokernelsAvx2Float;
extern const Microkernels<double> kMicrokernelsAvx2Double;

static const bool kHasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif

static const Microkernels<float> kMicrokernelsFloat = all_microkernels<float>();
static const Microkernels<double> kMicrokernelsDouble = all_microkernels<double>();

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

}  // namespace jtconv

// The tiles with what every processor of the architecture has (SSE2, NEON), and the choice.

#include "tiles_impl.h"

namespace jtconv {

#if defined(__x86_64__)
extern const Tiles<float> kTilesAvx2Float;
extern const Tiles<double> kTilesAvx2Double;

static const bool kHasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif

static const Tiles<float> kTilesFloat = all_tiles<float>();
static const Tiles<double> kTilesDouble = all_tiles<double>();

template <>
const Tiles<float>& tiles() {
#if defined(__x86_64__)
  if (kHasAvx2) return kTilesAvx2Float;
#endif
  return kTilesFloat;
}

template <>
const Tiles<double>& tiles() {
#if defined(__x86_64__)
  if (kHasAvx2) return kTilesAvx2Double;
#endif
  return kTilesDouble;
}

}  // namespace jtconv

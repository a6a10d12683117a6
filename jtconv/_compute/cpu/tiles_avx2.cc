// The tiles with AVX2 and fused multiply-add.

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#include "tiles_impl.h"

namespace jtconv {

extern const Tiles<float> kTilesAvx2Float;
extern const Tiles<double> kTilesAvx2Double;
const Tiles<float> kTilesAvx2Float = all_tiles<float>();
const Tiles<double> kTilesAvx2Double = all_tiles<double>();

}  // namespace jtconv

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif

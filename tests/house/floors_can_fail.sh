#!/bin/sh
# SPDX-License-Identifier: MIT
#
# floors_can_fail.sh: small trees, each with one include, of which floors.sh must refuse some and accept others.
set -eu
floors=$(cd "$(dirname "$0")" && pwd)/floors.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cases=0
wrong=0

# expect accepted|refused FILE LINE
expect() {
  mkdir -p "$tree/src/$(dirname "$2")"
  printf '%s\n' "$3" >"$tree/src/$2"
  if sh "$floors" "$tree/src" >"$tree/said" 2>&1; then verdict=accepted; else verdict=refused; fi
  cases=$((cases + 1))
  if [ $verdict != "$1" ]; then
    printf '%s with %s was %s\n' "$2" "$3" $verdict
    cat "$tree/said"
    wrong=$((wrong + 1))
  fi
  rm -rf "$tree/src"
}

expect accepted lib/include/weft/a.h '#include <stdint.h>'
expect accepted lib/include/weft/a.h '#include <weft/base.h>'
expect refused lib/include/weft/a.h '#include <unistd.h>'
expect refused lib/include/weft/a.h '#include "lib/ctx.h"'
expect refused lib/include/weft/a.h '#include <xxhash.h>'
expect refused lib/include/weft/a.h '#  include <simde/x86/avx2.h>'
expect accepted alloc/a.c '#include "alloc/os.h"'
expect accepted alloc/a.c '#include <sys/mman.h>'
expect refused alloc/a.c '#include "simd/kernels.h"'
expect refused alloc/a.c '#include "lib/ctx.h"'
expect refused alloc/a.c '#include "../lib/ctx.h"'
expect accepted simd/kernels/a.h '#include <simde/x86/avx2.h>'
expect accepted simd/isa_table.c '#include <immintrin.h>'
expect accepted simd/cpu.c '#include <cpuid.h>'
expect refused simd/cpu.c '#include <immintrin.h>'
expect refused simd/dispatch.c '#include <xxhash.h>'
expect refused simd/kernels/a.h '#include <weft/base.h>'
expect refused simd/dispatch.c '#include "alloc/slab.h"'
expect accepted codecs/rle.c '#include "simd/kernels.h"'
expect accepted codecs/rle.c '#include "codecs/rle.h"'
expect accepted codecs/rle_encode.c '#include "codecs/rle.h"'
expect refused codecs/rle.c '#include "codecs/dict.h"'
expect refused codecs/rle_encode.c '#include "codecs/dict.h"'
expect refused codecs/rle.c '#include "simd/vec.h"'
expect refused codecs/rle.c '#include "lib/ctx.h"'
expect accepted lib/a.c '#include "simd/dispatch.h"'
expect refused lib/a.c '#include <immintrin.h>'
expect refused lib/a.c '#include "cli/table.h"'
expect refused lib/a.c '#if defined(__x86_64__)'
expect accepted cli/a.c '#include <jansson.h>'
expect accepted cli/a.c '#include "table.h"'
expect accepted bench/a.c '#include <xxhash.h>'
expect refused cli/a.c '#include "lib/ctx.h"'
expect refused bench/a.c '#include "simd/kernels.h"'
expect refused examples/a.c '#include <immintrin.h>'
expect refused tests/consumer/a.c '#include "alloc/slab.h"'
printf '%d small trees, %d judged wrongly\n' $cases $wrong
[ $wrong -eq 0 ]

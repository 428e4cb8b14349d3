#!/bin/sh
# SPDX-License-Identifier: MIT
#
# floors.sh SOURCE-FOLDER: reads every #include of every folder and holds it against the floors: who may include whom.
# Prints each arrow that runs up or across, and how many were read; fails when there is one. Above simd/, a conditional on
# an architecture fails too.
set -eu
cd "$1"

sources() {
  for folder; do
    [ ! -d "$folder" ] || find "$folder" -name '*.[ch]' -type f
  done | sort
}

! sources lib alloc codecs cli bench examples tests/consumer |
  xargs grep -HnE '^[[:space:]]*#[[:space:]]*(el)?if.*__(x86_64|i386|amd64|aarch64|arm|ARM_|SSE|AVX|riscv|powerpc)' ||
  { printf 'a conditional on an architecture above simd/\n'; exit 1; }

sources lib simd alloc codecs cli bench examples tests/consumer | xargs grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]' |
  sed 's/^\([^:]*\):\([0-9]*\):[^<"]*\([<"]\)\([^>"]*\).*/\1 \2 \3 \4/' |
  awk '
    # What an include names: one of our folders, weft (a public header), simde, xxhash, intrinsics, or outside.
    function folder_of(file, quote, name,   dir) {
      if (name ~ /^weft\//) return "weft"
      if (name ~ /^simde[\/-]/) return "simde"
      if (name ~ /^(xxhash|xxh3)\.h$/) return "xxhash"
      if (name ~ /(intrin|arm_neon|arm_sve|altivec|cpuid)\.h$/) return "intrinsics"
      if (quote == "<") return (name in libc) ? "libc" : "outside"
      if (name ~ /\.\.\//) return "a path with .."
      if (name ~ /\//) { dir = name; sub(/\/.*/, "", dir); return dir }
      dir = file; sub(/\/.*/, "", dir); return dir # beside the file that includes it
    }
    # The rules: the folders that a file may include, itself aside.
    function allowed(file) {
      if (file ~ /^lib\/include\/weft\//) return "weft libc"
      if (file ~ /^simd\/(isa_(table|codecs)\.c|vec\.h|kernels\/)/) return "simd libc simde xxhash intrinsics"
      if (file == "simd/cpu.c") return "simd libc cpuid"
      if (file == "simd/dispatch.c") return "simd libc pthread.h"
      if (file ~ /^simd\//) return "simd libc"
      if (file == "alloc/annotate.h") return "libc sanitizer/asan_interface.h valgrind/memcheck.h"
      if (file ~ /^alloc\//) return "alloc weft libc system"
      if (file ~ /^codecs\//) return "alloc simd/kernels.h weft libc"
      if (file ~ /^lib\//) return "lib codecs alloc simd weft libc system"
      return "weft libc system outside xxhash " substr(file, 1, index(file, "/") - 1)
    }
    function may(file, folder, name,   rules, n, i) {
      if (file ~ /^codecs\// && folder == "codecs") return pair(file, name)
      n = split(allowed(file), rules, " ")
      for (i = 1; i <= n; i++) {
        if (rules[i] == folder || rules[i] == name) return 1
        if (rules[i] == "system" && folder == "outside" && name ~ system_header) return 1
        if (rules[i] == "cpuid" && name == "cpuid.h") return 1
      }
      return 0
    }
    # Codecs do not include each other: a codec, and what encodes for it, sees its own header and those that all of them share.
    function pair(file, name,   own) {
      own = file; sub(/^codecs\//, "", own); sub(/(_encode)?\.[ch]$/, "", own)
      sub(/^codecs\//, "", name); sub(/\.h$/, "", name)
      return name == own || name ~ /^(codec|tree)$/
    }
    BEGIN {
      n = split("assert ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic " \
                "stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype", list, " ")
      for (i = 1; i <= n; i++) libc[list[i] ".h"]
      system_header = "^(sys/[a-z]+|linux/[a-z_]+|unistd|fcntl|pthread|sched|dirent|getopt|poll|windows)\\.h$"
    }
    {
      read++
      if (!may($1, folder_of($1, $3, $4), $4)) {
        printf "%s:%s: may not include %s\n", $1, $2, $4
        wrong++
      }
    }
    END {
      printf "%d includes read, %d against the floors\n", read, wrong
      exit wrong > 0 || read == 0
    }'

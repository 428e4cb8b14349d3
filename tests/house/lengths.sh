#!/bin/sh
# SPDX-License-Identifier: MIT
#
# lengths.sh SOURCE-FOLDER LINES: no source file has more lines than that.
set -eu
cd "$1"
find lib simd alloc codecs cli bench examples tests -type f \( -name '*.[ch]' -o -name '*.cc' \) -exec wc -l {} + |
  awk -v most="$2" '
    $2 == "total" { next }
    { files++ }
    $1 > most { printf "%s has %d lines\n", $2, $1; long++ }
    END {
      printf "%d files, %d of them longer than %d lines\n", files, long, most
      exit long > 0 || files < 100
    }'

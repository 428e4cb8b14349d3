#!/bin/sh
# SPDX-License-Identifier: MIT
#
# lengths.sh SOURCE-FOLDER LINES COLUMNS: no source file has more lines than that, and no line more columns (comments,
# which clang-format leaves as they are, among them), but where clang-format is off.
set -eu
cd "$1"
find lib simd alloc codecs cli bench examples tests -type f \( -name '*.[ch]' -o -name '*.cc' \) -exec awk -v lines="$2" -v columns="$3" '
  FNR == 1 { files++; off = 0 }
  /clang-format off/ { off = 1 }
  /clang-format on/ { off = 0 }
  FNR == lines + 1 { printf "%s has more than %d lines\n", FILENAME, lines; wrong++ }
  length > columns && !off { printf "%s:%d has %d columns\n", FILENAME, FNR, length; wrong++ }
  END {
    printf "%d files, %d too long or too wide\n", files, wrong
    exit wrong > 0 || files < 100
  }' {} +

#!/bin/sh
# SPDX-License-Identifier: MIT
#
# headers.sh INCLUDE-FOLDER COMPILER FLAG...: each public header compiles alone, and twice over, with no warning.
set -eu
include=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read=0
wrong=0
for header in "$include"/weft/*.h; do
  name=weft/$(basename "$header")
  case $* in *c++*) source=$work/alone.cc ;; *) source=$work/alone.c ;; esac
  printf '#include <%s>\n#include <%s>\nint weft_header_alone;\n' "$name" "$name" >"$source"
  "$@" -Wall -Wextra -Wpedantic -Wundef -Werror -fsyntax-only -I"$include" "$source" || {
    printf '%s does not compile alone with %s\n' "$name" "$*"
    wrong=$((wrong + 1))
  }
  read=$((read + 1))
done
printf '%d headers compiled, %d wrongly\n' $read $wrong
[ $read -gt 1 ] && [ $wrong -eq 0 ]

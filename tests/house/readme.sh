#!/bin/sh
# SPDX-License-Identifier: MIT
#
# readme.sh README COMPILER-AND-FLAGS...: each block of C in the README is a program that compiles without a warning and, where
# a block of text follows, prints that. LIBRARY (with what it needs) is linked; EMULATOR, which may be empty, runs it.
#
# readme.sh --console README: each line after "$ " in a block named console prints what stands below it. `weft` is on PATH.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# blocks README: every fenced block to a file NNN.LANGUAGE, in order.
blocks() {
  awk -v dir="$work" '
    /^```/ && !open { open = 1; file = sprintf("%s/%03d.%s", dir, ++n, substr($0, 4)); printf "" >file; next }
    /^```/ { open = 0; close(file); next }
    open { print >file }' "$1"
}

console() {
  blocks "$1"
  ran=0
  for block in "$work"/*.console; do
    [ -e "$block" ] || continue
    : >"$work/printed"
    grep '^\$ ' "$block" | cut -c3- >"$work/commands"
    while IFS= read -r command; do
      printf '$ %s\n' "$command" >>"$work/printed"
      sh -c "$command" >>"$work/printed" 2>&1 </dev/null || printf 'ended with %d\n' $? >>"$work/printed"
      ran=$((ran + 1))
    done <"$work/commands"
    diff "$block" "$work/printed" || { printf 'the README says (<), this was printed (>)\n'; exit 1; }
  done
  printf '%d commands printed what the README says\n' $ran
  [ $ran -gt 0 ]
}

programs() {
  blocks "$1"
  shift
  ran=0
  for block in "$work"/*.c; do
    [ -e "$block" ] || continue
    # Linked apart: link-time optimisation would hold the library's code against the warnings too.
    "$@" -Wall -Wextra -Werror -c -o "$work/program.o" "$block"
    "$@" -o "$work/program" "$work/program.o" ${LIBRARY} # unquoted: they are words
    ${EMULATOR:-} "$work/program" >"$work/printed"
    number=$(basename "$block" .c)
    expected=$(printf '%s/%03d.text' "$work" $((${number#"${number%%[1-9]*}"} + 1)))
    if [ -e "$expected" ]; then
      diff "$expected" "$work/printed" || { printf 'the README says (<), this was printed (>)\n'; exit 1; }
    fi
    ran=$((ran + 1))
  done
  printf '%d programs compiled and ran\n' $ran
  [ $ran -gt 0 ]
}

if [ "$1" = --console ]; then console "$2"; else programs "$@"; fi

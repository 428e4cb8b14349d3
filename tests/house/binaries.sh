#!/bin/sh
# SPDX-License-Identifier: MIT
#
# binaries.sh FACT ARGUMENT...: holds what was built, read with binutils, against a rule. The facts and what they are given
# stand in tests/house/CMakeLists.txt; the rules are below, one function a fact. NM, READELF and STRIP name the tools.
set -eu
export LC_ALL=C
fact=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  printf '%s\n' "$@"
  exit 1
}

# nothing WHAT FILE: fails with the file's lines, if it has any.
nothing() {
  [ ! -s "$2" ] || fail "$1:" "$(cat "$2")"
}

# The names of nm's third column, less glibc's version suffixes.
names() {
  awk '{ name = $NF; sub(/@.*/, "", name); print name }' | sort -u
}

# kernel_object SYMBOL OBJECT...: one global symbol, and machine code (link-time optimisation could move the code of one
# instruction set into that of another).
kernel_object() {
  symbol=$1
  shift
  "$NM" -g --defined-only "$@" | awk 'NF == 3 { print $3 }' >"$work/symbols"
  [ "$(cat "$work/symbols")" = "$symbol" ] ||
    fail "global symbols should be $symbol alone and are:" "$(cat "$work/symbols")"
  "$READELF" -SW "$@" >"$work/sections"
  grep -q '\.text' "$work/sections" || fail "no machine code in $*"
  ! grep 'gnu\.lto' "$work/sections" || fail "intermediate code for link-time optimisation in $*"
}

# calls_nothing_unwanted LIBRARY CONFIGURATION: memory comes from the slab, nothing prints, nothing ends the process, no
# thread is started. Asserts (not in a release build) end in __assert_fail.
calls_nothing_unwanted() {
  "$NM" -D --undefined-only "$1" | names >"$work/undefined"
  grep -q . "$work/undefined" || fail "no undefined symbols read from $1"
  memory='malloc|calloc|realloc|reallocarray|free|cfree|aligned_alloc|posix_memalign|memalign|p?valloc|s?brk'
  memory="$memory|strn?dup|v?asprintf|getline|getdelim|open_memstream"
  printing='v?f?printf|v?f?wprintf|v?dprintf|puts|fputs|putc|fputc|putchar|fwrite|perror|write|writev|std(in|out|err)'
  printing="$printing|v?syslog|v?warnx?|v?errx?|error"
  ending='abort|exit|_exit|_Exit|quick_exit|at_quick_exit|raise|kill|tgkill|pthread_exit|pthread_kill|err'
  [ "$2" = Debug ] || ending="$ending|__assert_fail|__assert"
  threads='pthread_create|thrd_create|clone|fork|vfork|system|popen|posix_spawnp?|exec[lv]p?e?'
  for set in "$memory" "$printing" "$ending" "$threads"; do
    grep -E "^(__|_IO_)?($set)(64|_unlocked|_chk)?\$" "$work/undefined" >>"$work/unwanted" || true
  done
  nothing 'the library calls' "$work/unwanted"
}

# The public functions by the headers, each with the place of its declaration and whether a comment stands above it. One
# comment may serve declarations that follow each other with no blank line.
declarations() {
  awk '
    /^#/ { next }
    /\*\/[[:space:]]*$/ && !inside { commented = 1; next }
    /^[[:space:]]*$/ && !inside { commented = 0; next }
    /^WEFT_API/ { inside = 1; text = ""; place = FILENAME ":" FNR }
    inside {
      text = text " " $0
      if ($0 ~ /;/) {
        sub(/\(.*/, "", text); sub(/^.*[ *]/, "", text)
        print text, commented ? "documented" : "bare", place
        inside = 0
      }
      next
    }
    !/^[[:space:]]*(\/\*|\*| )/ { commented = 0 }' "$1"/weft/*.h
}

# exports LIBRARY MAP INCLUDE-FOLDER: what the library exports, what the map lists and what the headers declare are the same.
exports() {
  "$NM" -D --defined-only "$1" | awk '$2 != "A"' | names >"$work/exported"
  sed -n '/global:/,/local:/s/^ *\(weft_[a-z0-9_]*\);.*/\1/p' "$2" | sort >"$work/mapped"
  declarations "$3" | cut -d' ' -f1 | sort >"$work/declared"
  [ "$(wc -l <"$work/declared")" -gt 10 ] || fail "only these declarations were found:" "$(cat "$work/declared")"
  diff "$work/declared" "$work/mapped" || fail 'the headers declare (<) and the map lists (>) different functions'
  diff "$work/declared" "$work/exported" || fail 'the headers declare (<) and the library exports (>) different functions'
}

# documented INCLUDE-FOLDER: a comment above each public function.
documented() {
  declarations "$1" >"$work/all"
  [ "$(wc -l <"$work/all")" -gt 10 ] || fail "only these declarations were found:" "$(cat "$work/all")"
  grep ' bare ' "$work/all" >"$work/bare" || true
  nothing 'declared with no comment above' "$work/bare"
}

# prefixed STATIC-LIBRARY: nothing of ours can collide with a program's own names.
prefixed() {
  "$NM" -g --defined-only "$1" | awk 'NF == 3 { print $3 }' >"$work/symbols"
  grep -q '^weft_ctx_create$' "$work/symbols" || fail "weft_ctx_create was not found in $1"
  grep -v '^weft_' "$work/symbols" >"$work/foreign" || true
  nothing 'global symbols that do not begin with weft_' "$work/foreign"
}

# small LIBRARY BYTES
small() {
  "$STRIP" -o "$work/stripped" "$1"
  bytes=$(wc -c <"$work/stripped")
  printf '%s bytes stripped, at most %s allowed\n' "$bytes" "$2"
  [ "$bytes" -le "$2" ]
}

# needs_libc_alone LIBRARY: ld.so is libc's too; thread-local variables refer to it.
needs_libc_alone() {
  "$READELF" -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' >"$work/needed"
  grep -q '^libc\.so\.6$' "$work/needed" || fail "libc.so.6 is not among what $1 needs:" "$(cat "$work/needed")"
  grep -vE '^(libc\.so\.6|ld-linux.*\.so\.[0-9]+)$' "$work/needed" >"$work/more" || true
  nothing "$1 needs more than libc" "$work/more"
}

# soname LIBRARY NAME
soname() {
  is=$("$READELF" -dW "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
  [ "$is" = "$2" ] || fail "the SONAME is \"$is\" and should be $2"
}

"$fact" "$@"

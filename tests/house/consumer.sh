#!/bin/sh
# SPDX-License-Identifier: MIT
#
# consumer.sh SOURCE-FOLDER BUILD-FOLDER CONFIGURATION: installs the build to a folder of its own, then builds and runs a copy
# of tests/consumer against it: once by find_package, once by pkg-config, shared and static, in C and in C++. CC and CXX
# name the compilers, CMAKE the cmake, CMAKE_GENERATOR the generator. What is installed is then moved, and must be found there too.
set -eu
source=$1
build=$2
config=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset DESTDIR CPATH LIBRARY_PATH LD_LIBRARY_PATH || true

run() {
  printf '+ %s\n' "$*"
  "$@"
}

by_find_package() {
  run "$CMAKE" -S "$work/project" -B "$work/by-cmake" -DCMAKE_PREFIX_PATH="$1" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" >"$work/log" || { cat "$work/log"; exit 1; }
  run "$CMAKE" --build "$work/by-cmake" >"$work/log" || { cat "$work/log"; exit 1; }
  for program in consumer_c consumer_cxx consumer_static; do
    run "$work/by-cmake/$program"
  done
  rm -rf "$work/by-cmake"
}

by_pkg_config() {
  pc=$(find "$1" -name weft.pc)
  PKG_CONFIG_PATH=$(dirname "$pc")
  export PKG_CONFIG_PATH
  libdir=$(dirname "$PKG_CONFIG_PATH")
  case $(pkg-config --variable=includedir weft) in
    "$1"/*) ;;
    *) printf 'weft.pc leads to %s\n' "$(pkg-config --variable=includedir weft)" && exit 1 ;;
  esac
  # Unquoted: they are words for the compiler.
  run "$CC" -std=c11 -Wall -Wextra -Werror $(pkg-config --cflags weft) -o "$work/c" "$work/project/main.c" \
    $(pkg-config --libs weft)
  run "$CXX" -std=c++17 -Wall -Wextra -Werror $(pkg-config --cflags weft) -o "$work/cxx" "$work/project/main.cc" \
    $(pkg-config --libs weft)
  run "$CC" -std=c11 $(pkg-config --static --cflags weft) -o "$work/static" "$work/project/main.c" \
    "$libdir/libweft.a" $(pkg-config --static --libs-only-other weft)
  LD_LIBRARY_PATH=$libdir run "$work/c"
  LD_LIBRARY_PATH=$libdir run "$work/cxx"
  run "$work/static"
}

cp -R "$source/tests/consumer" "$work/project"
run "$CMAKE" --install "$build" --config "$config" --prefix "$work/prefix" >"$work/log" || { cat "$work/log"; exit 1; }
by_find_package "$work/prefix"
by_pkg_config "$work/prefix"
mv "$work/prefix" "$work/moved prefix"
by_find_package "$work/moved prefix"

# What was installed, and nothing of the inside with it.
for header in "$source"/lib/include/weft/*.h; do
  cmp "$header" "$work/moved prefix/include/weft/$(basename "$header")"
done
[ "$(find "$work/moved prefix/include" -type f | wc -l)" -eq "$(ls "$source"/lib/include/weft/*.h | wc -l)" ]
find "$work/moved prefix" -name LICENSE | grep -q .
find "$work/moved prefix" -name NOTICE | grep -q .
printf 'the consumer was built by find_package and by pkg-config, and ran\n'

#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The packed file of ./run-demo: the joined table of demo_joins.sh as compressed columns, verified, described, and turned back into
# the very same bytes; size and times beside those of gzip and zstd.
#     demo_pack.sh WEFT FOLDER       WEFT: the command, by its absolute path; FOLDER: where joined.csv is
set -eu
weft=$1
cd "$2"
export LC_ALL=C

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# ms COMMAND...: runs it again and again until that has taken a second; what one run took.
ms() {
  runs=0 begin=$(now_ms)
  while :; do
    "$@"
    runs=$((runs + 1))
    spent=$(($(now_ms) - begin))
    [ $spent -lt 1000 ] || break
  done
  echo $((spent / runs))
}

# All to stdout: with --output, weft would wait for the disk too.
weft_pack() { "$weft" pack $table.csv --no-progress >$table.weft; }
weft_unpack() { "$weft" unpack $table.weft --no-progress >back.csv; }
gzip_pack() { gzip -6 -c $table.csv >$table.gz; }
gzip_unpack() { gzip -dc $table.gz >back.csv; }
zstd_pack() { zstd -q -$level -c $table.csv >$table.zst; }
zstd_unpack() { zstd -q -dc $table.zst >back.csv; }

# row NAME PACK UNPACK FILE: one line of the comparison; what came back must be what went in.
row() {
  packed_in=$(ms "$2")
  unpacked_in=$(ms "$3")
  cmp $table.csv back.csv >&2 || {
    printf 'run-demo: %s does not give back what it was given\n' "$1" >&2
    exit 1
  }
  bytes=$(wc -c <"$4")
  printf '  %-8s %9d bytes, %5s, packed in %5d ms, unpacked in %5d ms\n' "$1" "$bytes" \
    "$(awk -v a="$bytes" -v b="$whole" 'BEGIN { printf "%.1f %%", 100 * a / b }')" "$packed_in" "$unpacked_in"
}

# show TABLE WHAT
show() {
  table=$1
  whole=$(wc -c <$table.csv)
  printf '\n%s, %d bytes of CSV, packed and unpacked again; each run repeated to fill a second\n' "$2" "$whole"
  row weft weft_pack weft_unpack $table.weft
  row 'gzip -6' gzip_pack gzip_unpack $table.gz
  for level in 1 3; do
    row "zstd -$level" zstd_pack zstd_unpack $table.zst
  done
  "$weft" verify $table.weft --no-progress
  printf '  the four give back the same bytes, and weft verify finds its file whole\n'
}

show joined 'the joined table'
"$weft" cat joined.weft --columns package,section,version,size -o columns.csv
show columns 'its columns without the paths, which have no codec of their own yet'
printf '\n'
"$weft" describe joined.weft --svg joined.svg | sed 's/^\(.\)/  \1/'
printf '\n  and as a picture: %s\n' "$PWD/joined.svg"

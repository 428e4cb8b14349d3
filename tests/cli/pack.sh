#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft pack and unpack: every field of a table comes back, whatever type its column got.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tables.sh"
: "${JSON_GET:?the reader of JSON}"

pack() { # ARGUMENT...: into t.weft, without a word
  exits 0 "$WEFT" pack "$@" -o t.weft
  silent
  nothing
}

get() { # PATH: of what describe says of t.weft
  "$WEFT" describe --json t.weft | "$JSON_GET" "$1"
}

# The table in t.csv, written as weft writes tables, comes back byte for byte.
comes_back() {
  pack t.csv
  exits 0 "$WEFT" verify t.weft
  exits 0 "$WEFT" unpack t.weft
  same t.csv out.txt
}

# A column of these fields gets this type, and comes back.
becomes() { # TYPE FIELD...
  printf '%s\n' column "${@:2}" | sed 's/^$/""/' >t.csv
  comes_back
  [ "$(get columns/0/type)" = "$1" ] || bad "'${*:2}' became $(get columns/0/type), not $1"
}

fact "whole numbers get the narrowest type that holds them all"
becomes u8 0 1 255
becomes u16 0 256
becomes u16 65535
becomes u32 65536
becomes u32 4294967295
becomes u64 4294967296
becomes u64 18446744073709551615
becomes i8 -128 127
becomes i16 -129
becomes i16 -1 128
becomes i16 -32768 32767
becomes i32 -32769
becomes i32 -1 2147483647
becomes i64 -2147483649
becomes i64 -1 2147483648
becomes i64 -9223372036854775808 9223372036854775807

fact "numbers that no type prints as they stand stay text"
for field in 007 00 -0 +1 ' 1' '1 ' 1e3 1E5 1. .5 0x10 1_000 1.50 1.0 0.10 1e20 1e+020 01.5 -01 18446744073709551616 Inf NaN -nan 1.5e300 \
  -9223372036854775809 12345678901234567.5 0.1000000000000000055511151231257827 - + . e5 nan1 inf. '½'; do
  becomes "$([ "$field" = -0 ] && echo f64 || echo string)" "$field"
  becomes string 1 2 "$field" 3.25x
done
becomes string 1 18446744073709551615 -1
becomes string 9007199254740993 1.5

fact "doubles whose shortest text stands there become f64"
becomes f64 1.5
becomes f64 1.5 2 -3 0 -0 1000000
becomes f64 0.1 0.2 0.30000000000000004 123456.789 -0.001 0.0001 1e-05 1.25e-300 1e+20 1.7976931348623157e+308 2.2250738585072014e-308
becomes f64 123456789012345 999999999999999 0.5
becomes f64 nan inf -inf 1
becomes f64 1e+15 0.25
becomes f64 5e-324 4e-320 1.5e-310
becomes string 1000000000000000 0.25

fact "random doubles come back, in any number of digits"
for digits in 1 2 5 9 12 14 15 16 17; do
  { echo x; awk -v digits=$digits 'BEGIN { srand(digits); for (i = 0; i < 3000; i++)
      printf "%.*g\n", digits, (rand() - 0.5) * 10 ^ int(rand() * (digits + 20) - 20) }'; } >t.csv
  comes_back
  [ $digits -gt 15 ] || [ "$(get columns/0/type)" = f64 ] || bad "$digits digits became $(get columns/0/type)"
done

fact "a table of no rows keeps its header, and one of thousands of columns comes back"
printf 'a,"b,c","say ""d""","e\nf"\n' >t.csv
comes_back
[ "$(get rows)" = 0 ] && [ "$(get chunks)" = 0 ] || bad "rows $(get rows)"
becomes string ''
{ seq -s, 2000; seq -s, 2001 4000; } >t.csv
comes_back

fact "empty fields are the nulls of numbers, and empty strings, and print alike"
printf 'n,s,r,none\n1,a,,\n,,0.5,\n3,"b ""c""",,\n' >t.csv
comes_back
for i in 0:1 1:0 2:2 3:0; do
  [ "$(get columns/${i%:*}/nulls)" = ${i#*:} ] || bad "column $i: $(get columns/${i%:*}/nulls) nulls"
done
[ "$(get columns/0/type) $(get columns/2/type) $(get columns/3/type)" = 'u8 f64 string' ] || bad "types"

fact "--null makes nulls of fields that are its text, and prints them so"
printf 'n,s\n1,a\nNULL,NULL\n3,""\n' >t.csv
pack t.csv --null NULL
[ "$(get columns/0/nulls)$(get columns/1/nulls)$(get columns/0/type)" = 11u8 ] || bad "$(get columns/0/type)"
exits 0 "$WEFT" unpack --null NULL t.weft
prints $'n,s\n1,a\nNULL,NULL\n3,'
printf 'n,s\n1,a\n,\n3,""\n' >t.csv
pack t.csv --null ''
[ "$(get columns/0/nulls)$(get columns/1/nulls)" = 11 ] || bad "$(get columns/1/nulls)"
exits 0 "$WEFT" unpack --null '' t.weft
same t.csv out.txt
printf 'n,m\n1,1\n"",\n3,3\n' >t.csv
pack t.csv --null ''
[ "$(get columns/0/type)$(get columns/1/type)" = stringu8 ] || bad "an empty string became a number"
printf 'n,m\n1,1\n,NULL\n' >t.csv
pack t.csv --null NULL
[ "$(get columns/0/type)$(get columns/1/type)" = stringu8 ] || bad "an empty field beside a named null became one"

fact "random tables come back, as SQLite reads them, of every chunk size and either delimiter"
seed=1
for rows in 1 2 63 64 1023 1024 1025 5000; do
  for format in 'csv:,' tsv:$'\t'; do
    seed=$((seed + 1))
    random_table $rows $((rows / 3 + 5)) $seed "${format#*:}" a b c >"t.${format%:*}"
    pack "t.${format%:*}" --chunk-rows 1024
    exits 0 "$WEFT" unpack t.weft -o "back.${format%:*}"
    { import "t.${format%:*}" "${format#*:}" t a b c; import "back.${format%:*}" "${format#*:}" back a b c; compare t back a b c; } | ask
    alike "$rows rows, seed $seed, ${format%:*}"
    "$WEFT" unpack --tsv t.weft >pipe.tsv
    exits 0 bash -c 'cat t.weft | "$WEFT" unpack --tsv -'
    same pipe.tsv out.txt
  done
done

fact "fields of any bytes come back: NUL, what is no UTF-8, a megabyte"
{
  printf 'a,b\n'
  for ((i = 0; i < 300; i++)); do
    random_bytes 40 $i | tr -d '",\r\n'
    printf ',%d\n' $i
  done
  printf 'nul\0inside,-1\n'
  head -c 1000000 /dev/zero | tr '\0' x
  printf ',7\n'
} >t.csv
comes_back

fact "a byte order mark, CRLF and blank lines are no part of the fields"
printf '\xef\xbb\xbfa,b\r\n1,x\r\n\r\n2,"y\r\nz"\r\n' >t.csv
pack t.csv
exits 0 "$WEFT" unpack t.weft
prints $'a,b\n1,x\n2,"y\r\nz"'

{ echo id,time,name,price,few,gaps; awk 'BEGIN { srand(7); for (i = 0; i < 40000; i++)
  printf "%d,%d,user %d,%.17g,%s,%s\n", i, 1600000000 + i * 7 + int(rand() * 5), int(rand() * 5000), rand() * 100,
    substr("redgreblu", 1 + 3 * int(rand() * 3), 3), rand() < 0.3 ? "" : int(rand() * 1000) }'; } >large.csv

fact "the file is the same whatever the tables of kernels and the way that the input comes in"
for rows in 1024 8192 1048576; do
  exits 0 "$WEFT" pack large.csv --chunk-rows $rows --threads 1 -o one.weft
  exits 0 "$WEFT" pack --csv --chunk-rows $rows -o many.weft - <large.csv
  same one.weft many.weft
  exits 0 bash -c 'cat large.csv | "$WEFT" pack --csv --chunk-rows '$rows' >many.weft'
  same one.weft many.weft
  for isa in $(isas); do
    exits 0 "$WEFT" pack large.csv --chunk-rows $rows --isa "$isa" -o many.weft
    same one.weft many.weft
    exits 0 "$WEFT" unpack many.weft --isa "$isa"
    same large.csv out.txt
  done
done

fact "a chunk ends where its text gets large, and at the same row whatever way it comes in"
head -c 140000 /dev/zero | tr '\0' x >field
{ echo n,long; for ((i = 0; i < 1300; i++)); do printf '%d,' $i; cat field; echo; done; } >huge.csv
exits 0 "$WEFT" pack huge.csv -o t.weft
[ "$(get chunks) $(get columns/0/chunks/0/rows)" = '2 1024' ] || bad "$(get chunks) chunks, the first of $(get columns/0/chunks/0/rows) rows"
exits 0 bash -c 'cat huge.csv | "$WEFT" pack --csv -o many.weft'
same t.weft many.weft
exits 0 "$WEFT" unpack t.weft -o back.csv
same huge.csv back.csv
rm huge.csv back.csv

fact "several tables become one, by the names of their columns"
printf 'a,b\n1,x\n300,y\n' >one.csv
printf 'b\ta\nz\t-5\n' >two.tsv
pack one.csv two.tsv one.csv
exits 0 "$WEFT" unpack t.weft
prints $'a,b\n1,x\n300,y\n-5,z\n1,x\n300,y'
[ "$(get columns/0/type)" = i16 ] || bad "type $(get columns/0/type)"
exits 0 bash -c 'cat one.csv | "$WEFT" pack - two.tsv one.csv --csv -o t.weft; true'
mentions "two.tsv:1: the header has 1 fields, and stdin 2"
printf 'a,c\n1,2\n' >other.csv
exits 1 "$WEFT" pack one.csv other.csv -o no.weft
says "weft: other.csv:1: no column 'b' among the 2 of the header"
printf 'a,b,c\n1,2,3\n' >other.csv
exits 1 "$WEFT" pack one.csv other.csv -o no.weft
says "weft: other.csv:1: the header has 3 fields, and one.csv 2"
[ ! -e no.weft ] || bad "the output is there"

fact "--names takes the place of the header, whose names may then be empty or twice"
printf ',x,x\n1,2,3\n' >t.csv
pack t.csv --names 'i,"a,b",c'
exits 0 "$WEFT" unpack t.weft
prints $'i,"a,b",c\n1,2,3'
exits 1 "$WEFT" pack t.csv --names 'a,,c' -o no.weft
says 'weft: t.csv: column 2 of 3 has no name in --names'
exits 1 "$WEFT" pack t.csv --names a,b -o no.weft
says 'weft: t.csv:1: the header has 3 fields, and --names 2'

fact "a column without a name is called by its place"
printf ',b,\n1,2,3\n' >t.csv
printf ',b,\n4,5,6\n' >other.csv
pack t.csv other.csv --type 'column 3=i64'
exits 0 "$WEFT" unpack t.weft
prints $'column 1,b,column 3\n1,2,3\n4,5,6'
printf ',column 1\n1,2\n' >t.csv
exits 1 "$WEFT" pack t.csv -o no.weft
says "weft: t.csv: columns 1 and 2 of 2 are both named 'column 1': give all by --names"
printf 'a,n\xe9\n1,2\n' >t.csv
exits 1 "$WEFT" pack t.csv -o no.weft
says 'weft: t.csv: column 2 of 2 has a name that is no UTF-8: give all by --names'

fact "a name that is there twice, is no UTF-8 or has a zero byte is told before the rows are read"
for names in x,x $'\xff,y' 'a\0b,c'; do
  { printf "$names\n"; echo ragged; } >t.csv
  exits 1 "$WEFT" pack t.csv -o no.weft
  grep -q ragged err.txt && bad "said $(cat err.txt)"
  mentions 'weft: t.csv: '
done

fact "the summary counts rows, columns, chunks and bytes"
exits 0 "$WEFT" pack large.csv --chunk-rows 8192 --threads 3 --json -o t.weft
[ "$("$JSON_GET" rows <out.txt) $("$JSON_GET" columns <out.txt) $("$JSON_GET" chunks <out.txt)" = '40000 6 5' ] || bad "$(cat out.txt)"
[ "$("$JSON_GET" bytes <out.txt) $("$JSON_GET" output_bytes <out.txt)" = "$(stat -c %s large.csv) $(stat -c %s t.weft)" ] ||
  bad "$(cat out.txt)"
exits 0 bash -c '"$WEFT" pack large.csv --json 2>summary >t.weft'
[ "$("$JSON_GET" output_bytes <summary)" = "$(stat -c %s t.weft)" ] || bad "$(cat summary)"
exits 0 "$WEFT" pack large.csv --stats -o t.weft
mentions 'output rows      40000'

fact "a packed table of numbers is smaller than gzip makes it"
cut -d, -f 1,2,5,6 large.csv >t.csv
comes_back
[ "$(stat -c %s t.weft)" -lt "$(gzip -6 -c t.csv | wc -c)" ] || bad "$(stat -c %s t.weft) bytes"

finish

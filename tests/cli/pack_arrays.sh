#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft pack --raw and weft unpack --raw: arrays of little-endian values, there and back.
. "$(dirname "$0")/lib.sh"
: "${JSON_GET:?the reader of JSON}"

fact "arrays of every type come back, bit for bit"
for rows in 1 7 1024 3000; do
  for type in i8:1 i16:2 i32:4 i64:8 u8:1 u16:2 u32:4 u64:8 f32:4 f64:8 bytes:3:3 bytes:16:16; do
    width=${type##*:} name=${type%:*}
    random_bytes $((rows * width)) $((rows + width)) | head -c $((rows * width)) >"in.${name/:/}"
    exits 0 "$WEFT" pack --raw "x.y=$name:in.${name/:/}" -o t.weft --chunk-rows 1024
    silent
    exits 0 "$WEFT" verify t.weft
    rm -rf back
    exits 0 "$WEFT" unpack t.weft --raw back
    nothing
    silent
    same "in.${name/:/}" "back/x.y.${name/:/}"
    [ "$(ls -A back)" = "x.y.${name/:/}" ] || bad "back holds $(ls -A back)"
  done
done

fact "values are read least significant byte first, and printed as numbers"
printf '\1\0\0\0\377\377\377\377' >i32
printf '\0\0\0\0\0\0\370\77\0\0\0\0\0\0\360\377' >f64
printf 'abcd' >two
exits 0 "$WEFT" pack --raw a=i32:i32 --raw b=f64:f64 --raw c=bytes:2:two -o t.weft
exits 0 "$WEFT" unpack t.weft
prints $'a,b,c\n1,1.5,ab\n-1,-inf,cd'
exits 0 bash -c '"$WEFT" pack --raw a=u8:- --raw b=bytes:1:two >t.weft <two'
exits 0 "$WEFT" unpack t.weft
prints $'a,b\n97,a\n98,b\n99,c\n100,d'

fact "the file of arrays is the same whatever the threads"
random_bytes 80000 3 | head -c 80000 >noise
exits 0 "$WEFT" pack --raw a=u16:noise --raw b=i16:noise --chunk-rows 2048 --threads 1 -o one.weft
for threads in 2 5; do
  exits 0 "$WEFT" pack --raw a=u16:noise --raw b=i16:noise --chunk-rows 2048 --threads $threads -o t.weft
  same one.weft t.weft
done
exits 0 "$WEFT" unpack t.weft --raw back --columns b
same noise back/b.i16
[ ! -e back/a.u16 ] || bad "a was not asked for"

fact "strings become their bytes, where each begins, and which are null"
printf 's,n\nab,1\nNULL,NULL\n,3\ncde,4\n' >t.csv
exits 0 "$WEFT" pack t.csv --null NULL -o t.weft
rm -rf back
exits 0 "$WEFT" unpack t.weft --raw back
[ "$(cat back/s.string)" = abcde ] || bad "$(cat back/s.string)"
[ "$(od -An -td1 -v back/s.offsets | tr -s ' \n' ' ')" = " 0 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0 5 0 0 0 0 0 0 0 " ] ||
  bad "$(od -An -td1 back/s.offsets)"
[ "$(od -An -tu1 back/s.validity back/n.validity back/n.u8 | tr -s ' \n' ' ')" = ' 13 13 1 0 3 4 ' ] ||
  bad "$(od -An -tu1 back/s.validity back/n.validity back/n.u8)"
{ echo s; awk 'BEGIN { for (i = 0; i < 3001; i++) print i % 3 == 0 ? "" : "t" i }'; } >t.csv
exits 0 "$WEFT" pack t.csv --null '' --chunk-rows 1024 --type string -o t.weft
exits 0 "$WEFT" unpack t.weft --raw back
[ "$(stat -c %s back/s.offsets) $(stat -c %s back/s.validity)" = "$((3002 * 8)) 376" ] || bad "$(ls -l back)"
[ "$(od -An -tu1 -v -w1 back/s.validity | tr -s ' \n' ' ' | cut -c 1-31)" = ' 182 109 219 182 109 219 182 10' ] || bad "$(od -An -tu1 back/s.validity | head -n 2)"

fact "arrays that do not fit are told"
refused() { # MESSAGE OPTION...
  exits 1 "$WEFT" pack "${@:2}" -o no.weft
  says "weft: $1"
  [ ! -e no.weft ] || bad "the output is there"
}
refused 'i32: has more than the 1 values of f64' --raw b=bytes:16:f64 --raw a=i32:i32
refused 'f64: has fewer than the 2 values of i32' --raw a=i32:i32 --raw b=bytes:16:f64
refused 'two: ends with 1 bytes behind 1 values of type bytes:3' --raw a=bytes:3:two
refused 'two: ends with 4 bytes behind 0 values of type u64' --raw a=u64:two
exits 1 "$WEFT" pack --raw a=u8:two --raw a=u8:two -o no.weft
mentions 'weft: --raw: ' a
exits 3 "$WEFT" pack --raw a=u8:gone -o no.weft
says 'weft: gone: No such file or directory'

fact "arrays are not read from a pipe column by column, nor written under names that no file can have"
exits 2 bash -c 'cat t.weft | "$WEFT" unpack --raw back2 -'
says 'weft: stdin: --raw reads the file column by column, which a pipe does not allow'
[ ! -e back2 ] || bad "the folder is there"
printf '../up\n1\n' >t.csv
exits 0 "$WEFT" pack t.csv -o t.weft
exits 1 "$WEFT" unpack t.weft --raw back2
says "weft: t.weft: column '../up': no file can have a name with a slash in it"
exits 2 "$WEFT" unpack t.weft --raw back2 -o x
says "weft: unpack: --raw writes arrays: it goes with none of --output, --null, --csv, --tsv; 'weft unpack --help' tells more"
exits 1 "$WEFT" unpack t.weft --raw back2 --columns z
says "weft: t.weft: no column 'z' among the 1"
exits 3 bash -c '"$WEFT" pack --raw a=u16:noise -o t.weft; ulimit -f 10; "$WEFT" unpack t.weft --raw back3'
says 'weft: back3/a.u16: File too large'
[ -z "$(ls -A back3)" ] || bad "left $(ls -A back3)"

finish

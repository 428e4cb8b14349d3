#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What weft pack can be asked for, what it refuses, and what it leaves behind when something fails.
. "$(dirname "$0")/lib.sh"
: "${JSON_GET:?the reader of JSON}"

more="'weft pack --help' tells more"
printf 'a,b,c\n1,x,0.5\n2,y,1.5\n' >t.csv
mkdir d

get() { # PATH: of what describe says of d/t.weft
  "$WEFT" describe --json d/t.weft | "$JSON_GET" "$1"
}

leaves() { # NAME...: the folder d holds these and nothing else
  local is
  is=$(ls -A d | tr '\n' ' ')
  [ "$is" = "${*:+$* }" ] || bad "d holds '$is', not '$*'"
}

fact "--type says what a column is, or all that have no other"
exits 0 "$WEFT" pack t.csv --type a=i64 --type f32 --type b=string -o d/t.weft
[ "$(get columns/0/type) $(get columns/1/type) $(get columns/2/type)" = 'i64 string f32' ] || bad "$(get columns/0/type)"
exits 0 "$WEFT" unpack d/t.weft
same t.csv out.txt
printf 'n,f,k\n+007,1.50,ab\n-0,1e3,cd\n ,,\n' | tr -d ' ' >loose.csv
exits 0 "$WEFT" pack loose.csv --type n=i8 --type f=f64 --type k=bytes:2 -o d/t.weft
exits 0 "$WEFT" unpack d/t.weft
prints $'n,f,k\n7,1.5,ab\n0,1000,cd\n,,'
[ "$(get columns/2/type) $(get columns/2/nulls)" = 'bytes:2 1' ] || bad "$(get columns/2/type)"

refused() { # TYPE FIELD WHAT
  printf 'x,v\n1,2\n"two\nlines",2\n3,"%s"\n' "$2" >bad.csv
  exits 1 "$WEFT" pack bad.csv --type "v=$1" -o d/no.weft
  says "weft: bad.csv:5: column 'v' of type $1: '$2' $3"
}

fact "a field that is not of the type that is asked for is told, with file, line, column and text"
rm d/t.weft
refused u8 256 'is outside the type'
refused u8 -1 'is outside the type'
refused i8 128 'is outside the type'
refused i8 -129 'is outside the type'
refused u64 18446744073709551616 'is outside the type'
refused i64 9223372036854775808 'is outside the type'
refused i64 -9223372036854775809 'is outside the type'
refused i64 99999999999999999999999999 'is outside the type'
for field in x 1.0 1e3 0x1 ' 1' - + --1 ½; do
  refused i64 "$field" 'is no whole number'
done
for field in x . e1 1e 1..2 ' 1' 0x1p3 infinity '1 '; do
  refused f64 "$field" 'is no number'
done
refused f64 1e999 'is more than a double holds'
refused f32 1e39 'is more than a float holds'
refused bytes:1 ab 'has another length'
leaves

fact "the ends of every type are values of it"
for type in i8:-128:127 i16:-32768:32767 i32:-2147483648:2147483647 i64:-9223372036854775808:9223372036854775807 \
  u8:0:255 u16:0:65535 u32:0:4294967295 u64:0:18446744073709551615 f32:-3.4028235e+38:1e-45 f64:-1.7976931348623157e+308:0.1; do
  IFS=: read -r name least most <<<"$type"
  printf 'v\n%s\n%s\n' "$least" "$most" >ends.csv
  exits 0 "$WEFT" pack ends.csv --type "$name" -o d/t.weft
  exits 0 "$WEFT" unpack d/t.weft
  same ends.csv out.txt
  [ "$(get columns/0/type)" = $name ] || bad "$name became $(get columns/0/type)"
done

fact "--codec has a column encoded so, or all that have no other"
{ echo a,b; awk 'BEGIN { for (i = 0; i < 40000; i++) print int(i / 10) % 7 ",word " i % 5 }'; } >c.csv
exits 0 "$WEFT" pack c.csv --codec a=dict,rle,bitpack --codec raw --codec b=dict,for -o d/t.weft
[ "$(get columns/0/chunks/0/codecs/0) $(get columns/0/chunks/0/codecs/1) $(get columns/0/chunks/0/codecs/2)" = 'dict rle bitpack' ] ||
  bad "$(get columns/0/chunks/0/codecs/0)"
[ "$(get columns/1/chunks/0/codecs/0) $(get columns/1/chunks/0/codecs/1)" = 'dict for' ] || bad "$(get columns/1/chunks/0/codecs/0)"
exits 0 "$WEFT" unpack d/t.weft
same c.csv out.txt
for codec in raw bitpack for delta rle dict auto rle,for,raw; do
  exits 0 "$WEFT" pack c.csv --codec a=$codec -o d/t.weft
  [ $codec = auto ] || [ "$(get columns/0/chunks/0/codecs/0)" = ${codec%%,*} ] || bad "$codec gave $(get columns/0/chunks/0/codecs/0)"
  exits 0 "$WEFT" unpack d/t.weft
  same c.csv out.txt
done
exits 1 "$WEFT" pack c.csv --codec b=delta -o d/no.weft
mentions "weft: c.csv: column 'b': "

fact "--sorted-dictionary, --no-zones and --metadata reach the file"
{ echo w; printf '%s\n' b a c b a c a a b c | sed 's/.*/word & word &/'; } >w.csv
exits 0 "$WEFT" pack w.csv --codec dict --sorted-dictionary -o d/t.weft
LC_ALL=C grep -qa 'word a word aword b word bword c word c' d/t.weft || bad "not sorted"
exits 0 "$WEFT" pack w.csv --codec dict -o d/t.weft
LC_ALL=C grep -qa 'word b word bword a word aword c word c' d/t.weft || bad "not in order of first sight"
exits 0 "$WEFT" pack c.csv --no-zones -o d/t.weft
exits 0 "$WEFT" describe d/t.weft
grep -q zone_ out.txt && bad "there are zones"
exits 0 "$WEFT" pack c.csv --metadata 'made by=the test=1' --metadata empty= -o d/t.weft
exits 0 "$WEFT" describe d/t.weft
grep -q zone_max out.txt || bad "there are no zones"
[ "$(get metadata/0/key)|$(get metadata/0/value)|$(get metadata/1/key)|$(get metadata/1/value)" = 'made by|the test=1|empty|' ] ||
  bad "$(get metadata/0/key)"

fact "wrong options are told"
rm d/t.weft
wrong() { # MESSAGE OPTION...
  exits 2 "$WEFT" pack "${@:2}" -o d/no.weft
  says "weft: pack: $1; $more"
}
types='i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, bytes:N, string'
wrong "--type 'a=int': 'int' is none of $types" --type a=int t.csv
wrong "--type 'bytes:0': 'bytes:0' is none of $types" --type bytes:0 t.csv
wrong "--type 'bytes:1048577': 'bytes:1048577' is none of $types" --type bytes:1048577 t.csv
wrong "--codec 'a=dict,zip': 'zip' is no codec" --codec a=dict,zip t.csv
wrong "--codec 'a=': '' is no codec" --codec a= t.csv
wrong "--codec 'dict,rle,for,raw': at most 3 codecs stand one upon another" --codec dict,rle,for,raw t.csv
wrong "--metadata 'x' is not KEY=VALUE" --metadata x t.csv
for rows in 0 1000 1049600; do
  wrong "--chunk-rows '$rows' is no multiple of 1024 from 1024 to 1048576" --chunk-rows $rows t.csv
done
wrong "--threads 0: at least one thread does the work" --threads 0 t.csv
wrong "--threads '1025' is no whole number from 0 to 1024, decimal or 0x hexadecimal" --threads 1025 t.csv
wrong "t: is it --csv or --tsv? The name does not end in either" t
wrong "'t.csv' is a table, and --raw reads arrays: they do not go into one file" --raw a=i8:x t.csv
wrong "--type, --names, --null, --csv and --tsv are for tables, and not for --raw" --raw a=i8:x --csv
for raw in a a=i8 a=string:x =i8 a=bytes:x a=bytes:0:x; do
  wrong "--raw '$raw' is not NAME=TYPE:FILE, with a type such as i64, f32 or bytes:16" --raw $raw
done
exits 1 "$WEFT" pack t.csv --type z=i8 -o d/no.weft
says "weft: t.csv: --type: no column 'z' among the 3"
exits 1 "$WEFT" pack t.csv --codec z=rle -o d/no.weft
says "weft: t.csv: --codec: no column 'z' among the 3"
leaves

fact "bad tables are told as the other commands tell them, and leave no file"
printf 'a,b\n1,2\n3\n' >ragged.csv
printf 'a,b\n1,"2\n' >open.csv
: >empty.csv
for case in 'ragged.csv:3: the row has 1 fields, the header 2' 'open.csv:2: the quote that opens field 2 is not closed' \
  'empty.csv:1: no header: the input has no record'; do
  exits 1 "$WEFT" pack "${case%%:*}" -o d/no.weft
  says "weft: $case"
done
exits 3 "$WEFT" pack gone.csv -o d/no.weft
says 'weft: gone.csv: No such file or directory'
leaves

fact "a failure leaves the file that was there; a file that cannot be written is told before the input is read"
echo old >d/out
echo old >old
{ echo a,b; seq 5000 | sed 's/$/,x/'; echo ragged; } >late.csv
exits 1 "$WEFT" pack late.csv -o d/out --chunk-rows 1024 --threads 2
says 'weft: late.csv:5002: the row has 1 fields, the header 2'
same old d/out
exits 3 "$WEFT" pack t.csv -o nowhere/out
says 'weft: nowhere/out: No such file or directory'
{ echo a; awk 'BEGIN { srand(5); for (i = 0; i < 60000; i++) print int(rand() * 2 ^ 31) int(rand() * 2 ^ 31) }'; } >noise.csv
exits 3 bash -c 'ulimit -f 100; "$WEFT" pack noise.csv -o d/out --chunk-rows 1024'
says 'weft: d/out: File too large'
same old d/out
leaves out
exits 3 bash -c '"$WEFT" pack noise.csv >/dev/full'
says 'weft: stdout: No space left on device'
exits 0 bash -c 'trap "" PIPE; "$WEFT" pack noise.csv --chunk-rows 1024 | true; [ "${PIPESTATUS[0]}" -eq 3 ]'
silent

fact "a pipe whose types are to be found is kept in TMPDIR, and only such a one"
for keep in "" "--chunk-rows 1024"; do
  # shellcheck disable=SC2086 # an option and its value, or none
  exits 3 env TMPDIR=nowhere bash -c "cat t.csv | \"$WEFT\" pack --csv - $keep -o d/no.weft"
  says 'weft: nowhere: a temporary file: No such file or directory'
done
exits 0 env TMPDIR=nowhere bash -c "cat t.csv | \"$WEFT\" pack --csv --type string - -o d/t.weft"
exits 0 env TMPDIR=nowhere "$WEFT" pack t.csv -o d/t.weft
exits 0 env TMPDIR=nowhere bash -c "\"$WEFT\" pack --csv - -o d/t.weft <t.csv"
exits 0 "$WEFT" unpack d/t.weft
same t.csv out.txt
mkdir temporary
exits 0 env TMPDIR=temporary bash -c "cat late.csv | sed '\$d' | head -n 4000 | \"$WEFT\" pack --csv - --chunk-rows 1024 -o d/t.weft"
[ -z "$(ls -A temporary)" ] || bad "left $(ls -A temporary)"
rm d/t.weft

fact "wherever memory ends, packing and unpacking end with a message or their file, and leave nothing half done"
{ echo n,s; awk 'BEGIN { for (i = 0; i < 20000; i++) print i "," "word " i % 300 }'; } >medium.csv
"$WEFT" pack medium.csv -o want.weft --chunk-rows 8192
ends=0
for ((limit = 300; limit < 9000; limit += 300)); do
  rm -f d/t.weft
  code=0
  "$WEFT" pack medium.csv -o d/t.weft --chunk-rows 8192 --threads 2 --memory-limit ${limit}K >out.txt 2>err.txt || code=$?
  if [ $code -eq 0 ]; then
    same want.weft d/t.weft
  else
    ends=$((ends + 1))
    [ $code -eq 3 ] && grep -q '^weft: ' err.txt || bad "${limit}K: exit code $code: $(head -c 300 err.txt)"
    leaves out
  fi
  code=0
  "$WEFT" unpack want.weft --memory-limit ${limit}K >out.txt 2>err.txt || code=$?
  [ $code -eq 3 ] || { [ $code -eq 0 ] && cmp -s out.txt medium.csv; } || bad "${limit}K: exit code $code: $(head -c 300 err.txt)"
done
[ $ends -gt 3 ] && [ -e d/t.weft ] || bad "$ends limits were reached"

finish

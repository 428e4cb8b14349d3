#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What is done with a packed file: cat, unpack, describe, verify; whole, from a pipe, and damaged.
. "$(dirname "$0")/lib.sh"
: "${JSON_GET:?the reader of JSON}"

{ echo 'n,s,f,"a <b> & ""c"""'; awk 'BEGIN { srand(11); for (i = 0; i < 9000; i++)
  printf "%s,name %d,%s,%d\n", i % 50 == 7 ? "" : i, int(rand() * 100), int(i / 100) / 4, i * i }'; } >t.csv
"$WEFT" pack t.csv -o t.weft --chunk-rows 2048 --metadata 'from=a test' || exit 1

lines() { # FIRST LAST FILE: the header and rows FIRST to LAST - 1
  awk -v first="$1" -v last="$2" 'NR == 1 || (NR - 2 >= first && NR - 2 < last)' "$3"
}

fact "cat prints the rows and columns that are asked for, over the borders of chunks, from a file and from a pipe"
for range in 0:1 0:0 5:5 2047:2049 2048:4096 4095:8193 8999:9000 8999:20000 9000:9001 20000: 3000: :3 : 2040:2041; do
  first=${range%:*} last=${range#*:}
  lines "${first:-0}" "${last:-99999}" t.csv >want.csv
  exits 0 "$WEFT" cat t.weft --rows $range
  silent
  same want.csv out.txt
  exits 0 bash -c 'cat t.weft | "$WEFT" cat --rows '$range' -'
  same want.csv out.txt
  exits 0 "$WEFT" cat --rows $range <t.weft
  same want.csv out.txt
done
cut -d, -f 3,1 t.csv | awk -F, '{ print $2 "," $1 "," $2 }' >want.csv
exits 0 "$WEFT" cat t.weft --columns f,n,f
same want.csv out.txt
exits 0 "$WEFT" unpack t.weft --columns f,n,f
same want.csv out.txt
exits 0 "$WEFT" cat t.weft --columns '"a <b> & ""c"""' --rows 3:5
prints $'"a <b> & ""c"""\n9\n16'

fact "cat reads no more of a file than it needs"
size=$(stat -c %s t.weft)
offset=$("$WEFT" describe --json t.weft | "$JSON_GET" columns/0/chunks/3/offset)
damaged() { # OFFSET: t.weft with one bit flipped there, in bad.weft
  cp t.weft bad.weft
  local byte
  byte=$(od -An -tu1 -j "$1" -N 1 t.weft | tr -d ' ')
  # shellcheck disable=SC2059 # the format is the byte
  printf "\\x$(printf %x $((byte ^ 1 << $1 % 8)))" | dd of=bad.weft bs=1 seek="$1" conv=notrunc status=none
}
damaged $((offset + 1))
lines 0 6144 t.csv >want.csv
exits 0 "$WEFT" cat bad.weft --rows :6144
same want.csv out.txt
exits 0 bash -c "head -c $((offset + 5)) t.weft | \"$WEFT\" cat --rows :6144"
same want.csv out.txt
exits 1 "$WEFT" cat bad.weft --rows 6143:6145
mentions "weft: bad.weft: column \"n\" of chunk 3, from offset $offset on: "
exits 0 bash -c '"$WEFT" cat bad.weft --rows 7000: --columns s'

fact "what cat and unpack cannot do is told"
exits 1 "$WEFT" cat t.weft --columns s,x
says "weft: t.weft: no column 'x' among the 4"
for rows in 5 a:b 5:4 -1:3 1:2:3 ' 1:2' 99999999999999999999:; do
  exits 2 "$WEFT" cat t.weft --rows "$rows"
  says "weft: cat: --rows '$rows' is not A:B, two row numbers of which the first is not above the second; 'weft cat --help' tells more"
done
for command in cat unpack describe; do
  exits 2 "$WEFT" $command t.weft u.weft
  says "weft: $command: one FILE is read, and 'u.weft' is another; 'weft $command --help' tells more"
done
exits 3 "$WEFT" unpack gone.weft
says 'weft: gone.weft: No such file or directory'
exits 3 bash -c '"$WEFT" unpack t.weft >/dev/full'
says 'weft: stdout: No space left on device'
echo old >old
cp old out
exits 1 "$WEFT" unpack bad.weft -o out
same old out
ls -A | grep -q '^\.weft-' && bad "a temporary file is left"

fact "unpack writes TSV where that is asked for, or the output's name says so"
tr , '\t' <t.csv | sed '1s/.*/n\ts\tf\t"a <b> \& ""c"""/' >want.tsv
exits 0 "$WEFT" unpack --tsv t.weft
same want.tsv out.txt
exits 0 "$WEFT" unpack -o back.tsv t.weft
same want.tsv back.tsv
exits 0 "$WEFT" unpack --csv -o back.tsv t.weft
same t.csv back.tsv

fact "verify is silent for files that are whole, and counts them when asked"
exits 0 "$WEFT" verify t.weft
nothing
silent
exits 0 bash -c 'cat t.weft | "$WEFT" verify'
nothing
silent
exits 0 bash -c 'cat t.weft | "$WEFT" verify t.weft - --json'
[ "$("$JSON_GET" files <out.txt) $("$JSON_GET" bad_files <out.txt) $("$JSON_GET" rows <out.txt) $("$JSON_GET" chunks <out.txt)" = \
  '2 0 18000 10' ] || bad "$(cat out.txt)"
[ "$("$JSON_GET" bytes <out.txt)" = $((size * 2)) ] || bad "$(cat out.txt)"

fact "verify goes on to the other files, tells each that is not whole, and ends with the first failure's code"
exits 1 "$WEFT" verify --json bad.weft gone.weft t.weft
[ "$("$JSON_GET" bad_files <out.txt) $("$JSON_GET" rows <out.txt)" = "2 $((6144 + 9000))" ] || bad "$(cat out.txt)"
mentions "weft: bad.weft: column \"n\" of chunk 3, from offset $offset on: " 'weft: gone.weft: No such file or directory'
exits 3 "$WEFT" verify gone.weft bad.weft

fact "no byte of a file's goes to the terminal as a control character"
printf 'a\x1b[2Jb,a\x1b[2Jb\n1,2\n' >odd.csv
exits 1 "$WEFT" pack odd.csv -o odd.weft
says "weft: odd.csv: columns 1 and 2 of 2 are both named 'a?[2Jb': give all by --names"
printf 'a\xc2\x9b2Jb\xc2\xa7,a\xc2\x9b2Jb\xc2\xa7\n1,2\n' >odd.csv
exits 1 "$WEFT" pack odd.csv -o odd.weft
says "weft: odd.csv: columns 1 and 2 of 2 are both named 'a??2Jb§': give all by --names"
printf 'a\x1bb\xc2\x9bc§\n1\n' >odd.csv
exits 0 "$WEFT" pack odd.csv -o odd.weft
exits 0 "$WEFT" describe odd.weft
grep -q '^a?b??c§ ' out.txt || bad "$(cat out.txt)"

fact "a bit that is flipped anywhere is found, in a file and in a pipe, and nothing else happens"
awk 'BEGIN { print "n,s"; for (i = 0; i < 40; i++) print i * i "," "x" i % 3 }' >small.csv
"$WEFT" pack small.csv -o t.weft
small=$(stat -c %s t.weft)
for ((at = 0; at < small; at += 3 * thin)); do
  damaged $at
  exits 1 "$WEFT" verify bad.weft
  grep -q '^weft: bad.weft: ' err.txt || bad "$at: said $(cat err.txt)"
done
for ((at = 1; at < small; at += 29 * thin)); do
  damaged $at
  exits 1 bash -c '"$WEFT" verify - <bad.weft'
  exits 1 bash -c 'cat bad.weft | "$WEFT" verify -'
  grep -q '^weft: stdin: ' err.txt || bad "$at: said $(cat err.txt)"
  for command in unpack 'cat --rows 3:30 --columns s' describe 'describe --json'; do
    code=0
    # shellcheck disable=SC2086 # a command and its options
    "$WEFT" $command bad.weft >out.txt 2>err.txt || code=$?
    [ $code -le 1 ] || bad "$at: $command: exit code $code: $(cat err.txt)"
  done
done

fact "a file that is cut off anywhere is told, from a disk and from a pipe"
for ((bytes = 0; bytes < small; bytes += 7 * thin)); do
  head -c $bytes t.weft >bad.weft
  for command in verify unpack describe; do
    exits 1 "$WEFT" $command bad.weft
    grep -q '^weft: bad.weft: ' err.txt || bad "$bytes: $command said $(cat err.txt)"
  done
  exits 1 bash -c 'cat bad.weft | "$WEFT" verify'
done
{ cat t.weft; echo more; } >bad.weft
exits 1 "$WEFT" verify bad.weft
mentions 'or there are bytes behind its end'
: >bad.weft
exits 1 "$WEFT" cat bad.weft
says 'weft: bad.weft: offset 0: the file is empty'
echo 'this is no packed file, and no table either' >bad.weft
exits 1 "$WEFT" unpack bad.weft
mentions 'weft: bad.weft: '
exits 3 "$WEFT" verify .
says 'weft: .: Is a directory'

fact "a file that is cut short while it is read ends with a message"
awk 'BEGIN { print "n"; srand(3); for (i = 0; i < 300000; i++) print int(rand() * 2 ^ 31) }' >numbers.csv
"$WEFT" pack numbers.csv --chunk-rows 65536 -o short.weft
mkfifo slow
"$WEFT" unpack short.weft >slow 2>err.txt &
{ sleep 0.5; : >short.weft; cat >/dev/null; } <slow
code=0
wait $! || code=$?
[ $code -eq 3 ] || bad "exit code $code"
says 'weft: short.weft: was cut short, or could not be read, while it was used'

fact "describe tells types, nulls, sizes, codecs, metadata; from a pipe too"
"$WEFT" pack t.csv -o t.weft --chunk-rows 2048 --metadata $'from=a\ntest' --codec s=dict,bitpack
exits 0 "$WEFT" describe t.weft
cp out.txt words
grep -qE '^rows +9000 in 5 chunks$' words || bad "$(head -n 3 words)"
grep -qE "^bytes +$(stat -c %s t.weft) for [0-9]+ of values decoded " words || bad "$(head -n 3 words)"
grep -qF 'metadata  from = a?test' words || bad "$(head -n 3 words)"
grep -qE '^n +u16 .*, 180 null$' words || bad "$(grep ^n words)"
grep -A 3 -E '^s +string ' words | tr -s ' \n' ' ' | grep -qE 'values: dict [0-9]+ dictionary: strings [0-9]+ ends: [a-z]+ [0-9]+' ||
  bad "$(cat words)"
exits 0 bash -c 'cat t.weft | "$WEFT" describe'
same words out.txt
exits 0 "$WEFT" describe --json t.weft
"$JSON_GET" columns/3/name <out.txt | grep -qxF 'a <b> & "c"' || bad "$(head -c 300 out.txt)"
sum=0
for ((i = 0; i < 5; i++)); do
  sum=$((sum + $("$JSON_GET" columns/3/chunks/$i/rows <out.txt)))
done
[ $sum -eq 9000 ] || bad "$sum rows in the chunks"
[ "$("$JSON_GET" columns/3/chunks/4/max <out.txt)" = $((8999 * 8999)) ] || bad "max $("$JSON_GET" columns/3/chunks/4/max <out.txt)"
[ "$("$JSON_GET" columns/1/chunks/4/min <out.txt)" = 'name 0' ] || bad "min $("$JSON_GET" columns/1/chunks/4/min <out.txt)"
[ "$("$JSON_GET" columns/0/nulls <out.txt)" = 180 ] || bad "nulls"

fact "the parts that describe counts add up to the column"
for ((column = 0; column < 4; column++)); do
  bytes=0 total=$("$JSON_GET" columns/$column/bytes <out.txt)
  for ((i = 0; i < $("$JSON_GET" columns/$column/streams/length <out.txt); i++)); do
    bytes=$((bytes + $("$JSON_GET" columns/$column/streams/$i/bytes <out.txt)))
  done
  [ $bytes -gt $((total / 2)) ] && [ $bytes -lt $total ] || bad "column $column: $bytes of $total"
done

fact "a least or greatest string that is no text is told in hexadecimal, and one that is cut is told to be"
{ printf 's,cut,text,n\n\xff\x01,'; printf 'é%.0s' {1..20}; printf ',b,1\n\xe9A,'; printf 'x%.0s' {1..31}; printf 'ö,a,2\n'; } >odd.csv
"$WEFT" pack odd.csv -o odd.weft || bad "not packed"
exits 0 "$WEFT" describe --json odd.weft
has() { # COLUMN KEY VALUE
  local is
  is=$("$JSON_GET" "columns/$1/chunks/0/$2" <out.txt 2>/dev/null) || is=none
  [ "$is" = "$3" ] || bad "column $1: $2 is '$is', not '$3'"
}
has 0 min none
has 0 min_hex e941
has 0 max_hex ff01
has 0 min_cut false
has 1 min "$(printf 'x%.0s' {1..31})"
has 1 min_cut true
has 1 min_hex none
has 1 max "$(printf 'é%.0s' {1..16})"
has 1 max_cut true
has 2 min a
has 2 max b
has 2 max_hex none
has 3 max 2
has 3 max_cut none

fact "the picture is well-formed, has every column by its name, and appears whole or not at all"
exits 0 "$WEFT" describe t.weft --svg picture.svg
same words out.txt
grep -qF 'a &#60;b&#62; &#38; &#34;c&#34;' picture.svg || bad "no name"
[ "$(tail -n 1 picture.svg)" = '</svg>' ] || bad "no end"
[ "$(grep -c '<text class="name"\|class="name"' picture.svg)" -ge 4 ] || bad "no columns"
[ "$(grep -o '<g>' picture.svg | wc -l)" = "$(grep -o '</g>' picture.svg | wc -l)" ] || bad "groups"
if command -v xmllint >/dev/null; then
  exits 0 xmllint --noout picture.svg
fi
printf '\xff\n' | tr -d '\n' >name
exits 3 "$WEFT" describe t.weft --svg nowhere/p.svg
says 'weft: nowhere/p.svg: No such file or directory'
nothing
exits 3 bash -c '"$WEFT" describe t.weft >/dev/full'
says 'weft: stdout: No space left on device'
exits 0 bash -c 'echo a | "$WEFT" pack --csv - | "$WEFT" describe - --svg "$(cat name).svg"'
grep -q '&#xFFFD;\|stdin' ./*.svg || bad "no title"

finish

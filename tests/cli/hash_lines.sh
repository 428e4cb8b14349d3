#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft hash on lines: every hash is the one that stock xxHash gives.
. "$(dirname "$0")/lib.sh"
need xxhsum xxhash

random_bytes 300000 1 >random
for ((i = 0; i < 300; i++)); do head -c "$i" random | tr -d '\n'; echo; done >lengths
{ cat lengths; seq 100000; cat lengths; } >mixed

# What the witness says of the lines of a file, in weft's options.
agrees() { # ALGO SEED FILE [OPTION...]
  local algo=$1 seed=$2 file=$3
  shift 3
  "$XXH_LINES" --seed "$seed" "$algo" <"$file" >witness.txt || bad "the witness failed"
  exits 0 "$WEFT" hash --algo "$algo" --seed "$seed" "$@" "$file"
  silent
  same witness.txt out.txt
}

for isa in $(isas); do
  for algo in xxh3 xxh128 xxh64 xxh32; do
    fact "$algo on $isa gives each line stock xxHash's hash, whatever its length"
    agrees $algo 0 lengths --isa "$isa"
    agrees $algo 0x9e3779b1 mixed --isa "$isa"
    fact "$algo on $isa takes any byte but the line end as data"
    agrees $algo 0 random --isa "$isa"
  done
done

fact "xxh3, xxh128 and xxh64 take seeds of 64 bits"
agrees xxh3 0xfedcba9876543210 mixed
agrees xxh128 0xfedcba9876543210 mixed
agrees xxh64 18446744073709551615 mixed

fact "a seed may be decimal or hexadecimal"
exits 0 "$WEFT" hash -s 255 lengths
mv out.txt decimal
exits 0 "$WEFT" hash -s 0xFf lengths
same decimal out.txt

fact "a line hashes as xxhsum hashes a file of the same bytes"
printf 'The quick brown fox jumps over the lazy dog' >fox
exits 0 "$WEFT" hash --algo xxh64 fox
prints "$(xxhsum -H1 fox | cut -d' ' -f1)  $(cat fox)"
exits 0 "$WEFT" hash --algo xxh32 fox
prints "$(xxhsum -H0 fox | cut -d' ' -f1)  $(cat fox)"
exits 0 "$WEFT" hash --algo xxh128 fox
prints "$(xxhsum -H2 fox | cut -d' ' -f1)  $(cat fox)"
exits 0 "$WEFT" hash --algo xxh3 fox
prints "$(xxhsum -H3 fox | sed 's/.* = //')  $(cat fox)"

fact "xxh3 with seed 0 is the default"
exits 0 "$WEFT" hash --algo xxh3 --seed 0 fox
mv out.txt named
exits 0 "$WEFT" hash fox
same named out.txt

fact "without a file, and for -, stdin is read"
exits 0 "$WEFT" hash <lengths
"$XXH_LINES" xxh3 <lengths >witness.txt
same witness.txt out.txt
exits 0 "$WEFT" hash - <lengths
same witness.txt out.txt

fact "an empty file has no rows"
: >empty
exits 0 "$WEFT" hash empty
nothing
silent

fact "an empty line is a row"
printf '\n' >blank
agrees xxh3 7 blank
rows 1 out.txt

fact "a last line without an end counts, and is printed with one"
printf 'a\nb' >open_end
exits 0 "$WEFT" hash open_end
"$XXH_LINES" xxh3 <open_end >witness.txt
same witness.txt out.txt
rows 2 out.txt

fact "a last line that ends adds no empty row behind it"
printf 'a\nb\n' >closed_end
exits 0 "$WEFT" hash closed_end
same witness.txt out.txt

fact "a carriage return is a byte of its line"
printf 'a\r\nb\r\n' >crlf
agrees xxh3 0 crlf
[ "$(tr -cd '\r' <out.txt | wc -c)" -eq 2 ] || bad "the carriage returns are gone"

fact "files are hashed one after another, and the last line of one is not joined to the next"
exits 0 "$WEFT" hash open_end blank open_end
{ for f in open_end blank open_end; do "$XXH_LINES" xxh3 <$f; done; } >witness.txt
same witness.txt out.txt

fact "lines of one byte, more than a batch, all come out"
yes a | head -n 300000 >ones
agrees xxh3 0 ones
rows 300000 out.txt

fact "empty lines, more than a batch, all come out"
head -c 200000 /dev/zero | tr '\0' '\n' >blanks
agrees xxh3 3 blanks
rows 200000 out.txt

fact "a line many times longer than a block is one row"
{ echo before; head -c 20000000 /dev/zero | tr '\0' 'x'; printf '\nbehind\n'; } >long
agrees xxh3 1 long
agrees xxh64 1 long
rows 3 out.txt

fact "a line that ends exactly where a block does is whole, and so are its neighbours"
for size in 262143 262144 262145 524287 524288; do
  { head -c $((size - 1)) /dev/zero | tr '\0' 'y'; printf '\nz\n'; } >edge
  agrees xxh3 0 edge
done

fact "stdin that comes in small pieces gives the same rows"
exits 0 bash -c '{ printf ab; sleep 0.1; printf "c\nd"; sleep 0.1; printf "\n"; } | "$WEFT" hash'
printf 'abc\nd\n' | "$XXH_LINES" xxh3 >witness.txt
same witness.txt out.txt

fact "a row is answered before its reader sends the next"
mkfifo request answer
"$WEFT" hash <request >answer &
exec 7>request 8<answer
echo first >&7
if read -r -t 20 line <&8; then
  [ "$line" = "$(echo first | "$XXH_LINES" xxh3)" ] || bad "answered '$line'"
else
  bad "no answer in 20 seconds"
fi
exec 7>&- 8<&-
wait

fact "with --zero NUL ends lines, in and out, and a line feed is data"
printf 'a\nb\0c\0d' >nuls
exits 0 "$WEFT" hash -0 nuls
tr '\0' '\n' <out.txt | tail -n 2 >last
printf 'c\nd\n' | "$XXH_LINES" xxh3 >witness.txt
same witness.txt last
[ "$(tr -cd '\0' <out.txt | wc -c)" -eq 3 ] || bad "there are not three NULs"
printf 'a\nb' >first
[ "$(head -c 16 out.txt)" = "$(xxhsum -H3 first | sed 's/.* = //')" ] || bad "the line feed was not hashed"

fact "with --hash-only nothing stands behind the hash"
exits 0 "$WEFT" hash -q mixed
"$XXH_LINES" xxh3 <mixed | cut -c1-16 >witness.txt
same witness.txt out.txt

# Little-endian bytes as the hex lines they stand for.
hex_of_binary() { # BYTES
  od -An -v -tx1 -w"$1" | awk '{ line = ""; for (i = NF; i > 0; i--) line = line $i; print line }'
}

fact "with --binary the same hashes are written as little-endian bytes"
for algo in xxh3 xxh128 xxh64 xxh32; do
  case $algo in xxh32) width=4 ;; xxh128) width=16 ;; *) width=8 ;; esac
  exits 0 "$WEFT" hash -q --algo $algo mixed
  mv out.txt hex
  exits 0 "$WEFT" hash -b --algo $algo mixed
  hex_of_binary "$width" <out.txt >from_binary
  same hex from_binary
done

fact "--stats tells the rows and bytes hashed, on stderr"
exits 0 "$WEFT" hash --stats mixed
total=$(wc -l <mixed)
text=$(($(wc -c <mixed) - total))
grep -qE "^rows +$total\$" err.txt || bad "no $total rows in: $(cat err.txt)"
grep -qE "^bytes +$text\$" err.txt || bad "no $text bytes in: $(cat err.txt)"
vector=$(awk '/^vector rows/ { print $3 }' err.txt)
scalar=$(awk '/^scalar rows/ { print $3 }' err.txt)
[ $((vector + scalar)) -eq "$total" ] || bad "vector and scalar rows are not $total in: $(cat err.txt)"

fact "the scalar table does no row in vector code"
exits 0 "$WEFT" hash --stats --isa scalar mixed
grep -qE '^vector rows +0$' err.txt || bad "vector rows in: $(cat err.txt)"

finish

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft hash on CSV and TSV: the right fields reach the hash, and keys of several columns chain as documented.
. "$(dirname "$0")/lib.sh"

# The rows of a table of plain fields, as xxh_lines takes them: fields N,... of every record but the header.
fields() { # N,... FILE
  tail -n +2 "$2" | cut -d, -f"$1"
}

# 30,000 rows of plain fields, empty ones and long ones among them.
awk 'BEGIN { srand(7); print "id,name,city,note"
  for (i = 0; i < 30000; i++) {
    note = ""; for (k = int(rand() * 12); k > 0; k--) note = note sprintf("%x ", rand() * 1e9)
    printf "%d,%s,%s,%s\n", i, rand() < 0.2 ? "" : "name-" int(rand() * 500), "c" int(rand() * 9), note } }' >plain.csv

for isa in $(isas); do
  for algo in xxh3 xxh128 xxh64 xxh32; do
    fact "$algo on $isa hashes one column as lines of its fields"
    exits 0 "$WEFT" hash --isa "$isa" --algo $algo --column name plain.csv
    fields 2 plain.csv | "$XXH_LINES" $algo >witness.txt
    same witness.txt out.txt
    fact "$algo on $isa makes one hash of several columns as documented"
    exits 0 "$WEFT" hash --isa "$isa" --algo $algo --seed 42 --column name,city,note plain.csv
    fields 2,3,4 plain.csv | "$XXH_LINES" --seed 42 --fields , $algo >witness.txt
    same witness.txt out.txt
  done
done

fact "columns make the key in the order in which they are named"
exits 0 "$WEFT" hash --column note,id plain.csv
awk -F, 'NR > 1 { print $4 "," $1 }' plain.csv | "$XXH_LINES" --fields , xxh3 >witness.txt
same witness.txt out.txt

fact "a column named twice is hashed twice"
exits 0 "$WEFT" hash --column city,id,city plain.csv
awk -F, 'NR > 1 { print $3 "," $1 "," $3 }' plain.csv | "$XXH_LINES" --fields , xxh3 >witness.txt
same witness.txt out.txt

fact "without --column all columns are the key"
exits 0 "$WEFT" hash --csv plain.csv
fields 1-4 plain.csv | "$XXH_LINES" --fields , xxh3 >witness.txt
same witness.txt out.txt

fact "with neither --column nor --csv the lines of a .csv file are hashed, the header too"
exits 0 "$WEFT" hash plain.csv
"$XXH_LINES" xxh3 <plain.csv >witness.txt
same witness.txt out.txt

fact "a table in quotes gives the same hashes as one without"
awk -F, '{ printf "\"%s\"", $1; for (i = 2; i <= NF; i++) printf ",\"%s\"", $i; print "" }' plain.csv >quoted.csv
for columns in name name,city,note id; do
  exits 0 "$WEFT" hash --column $columns plain.csv
  mv out.txt unquoted.txt
  exits 0 "$WEFT" hash --column $columns quoted.csv
  same unquoted.txt out.txt
done

fact "records that end in CRLF or CR give the same hashes as those that end in LF"
exits 0 "$WEFT" hash --column name,note plain.csv
mv out.txt lf.txt
for table in plain quoted; do
  sed 's/$/\r/' $table.csv >crlf.csv
  exits 0 "$WEFT" hash --column name,note crlf.csv
  same lf.txt out.txt
  tr '\n' '\r' <$table.csv >cr.csv
  exits 0 "$WEFT" hash --column name,note cr.csv
  same lf.txt out.txt
done

fact "a table that comes through a pipe in odd pieces gives the same hashes"
for table in plain quoted; do
  exits 0 bash -c 'dd bs=61 status=none if='$table'.csv | "$WEFT" hash --csv --column name,note'
  same lf.txt out.txt
done

fact "the last record need not end its line"
for table in plain quoted; do
  head -c -1 $table.csv >open.csv
  exits 0 "$WEFT" hash --column name,note open.csv
  same lf.txt out.txt
done

fact "tabs separate the fields of a .tsv file, and with --tsv"
tr ',' '\t' <plain.csv >plain.tsv
tr ',' '\t' <lf.txt >lf_tabs.txt
exits 0 "$WEFT" hash --column name,note plain.tsv
same lf_tabs.txt out.txt
exits 0 "$WEFT" hash --tsv --column name,note <plain.tsv
same lf_tabs.txt out.txt

fact "an option goes before the ending of a name"
cp plain.tsv tabs.csv
exits 0 "$WEFT" hash --tsv --column name,note tabs.csv
same lf_tabs.txt out.txt

fact "each file has a header of its own, with the column anywhere"
printf 'k,v\n1,one\n' >first.csv
printf 'a,b,k\nx,y,2\n' >second.csv
exits 0 "$WEFT" hash --column k first.csv second.csv
printf '1\n2\n' | "$XXH_LINES" xxh3 >witness.txt
same witness.txt out.txt

# Hashes alone: $1 is a table, the rest the keys expected, each an argument.
hashes_of() { # TABLE COLUMNS KEY...
  printf "$1" >table.csv
  exits 0 "$WEFT" hash -q --column "$2" table.csv
  shift 2
  { for key; do printf '%s\0' "$key"; done; } >keys
  "$WEFT" hash -0 -q <keys | tr '\0' '\n' >witness.txt # lines with any byte: shown by hash_lines
  same witness.txt out.txt
}

fact "quotes hold delimiters, line breaks and doubled quotes"
hashes_of 'a,b\n"x,y",1\n"x\ny",2\n"x\r\ny",3\n"say ""hi""",4\n"""",5\n' a 'x,y' $'x\ny' $'x\r\ny' 'say "hi"' '"'

fact "blanks and tabs belong to their field"
hashes_of 'a,b\n x ,1\n\ty\t,2\n" z ",3\n' a ' x ' $'\ty\t' ' z '

fact "an empty field is the empty string, in quotes or not"
hashes_of 'a,b\n,1\n"",2\n' a '' ''

fact "a NUL is a byte of its field"
printf 'a,b\nx\0y,1\n' >nul.csv
exits 0 "$WEFT" hash -q --column a nul.csv
printf 'x\0y\n' | "$XXH_LINES" xxh3 | cut -c1-16 >witness.txt
same witness.txt out.txt

fact "a byte order mark is no part of the first name"
hashes_of '\xef\xbb\xbfa,b\nx,1\n' a x
exits 0 bash -c '{ printf "\xef"; sleep 0.1; printf "\xbb\xbfa,b\n"; sleep 0.1; printf "x,1\n"; } | "$WEFT" hash -q --csv -c a'
same witness.txt out.txt

fact "names with commas and quotes can be asked for, as the header has them"
printf 'plain,"a,b","say ""x"""\n1,2,3\n' >names.csv
exits 0 "$WEFT" hash --column '"say ""x""","a,b"' names.csv
printf '3,2\n' | "$XXH_LINES" --fields , xxh3 >witness.txt
same witness.txt out.txt

fact "an empty name can be asked for"
printf ',b\n1,2\n' >empty_name.csv
exits 0 "$WEFT" hash --column '' empty_name.csv
printf '1\n' | "$XXH_LINES" xxh3 >witness.txt
same witness.txt out.txt

fact "a header without rows gives none"
printf 'a,b\n' >header.csv
exits 0 "$WEFT" hash --column a header.csv
nothing
silent

fact "blank lines are skipped, and are rows where the table has one column"
hashes_of '\n\na,b\n\nx,1\n\r\n\ny,2\n\n' a x y
hashes_of '\na\n\nx\n\r\ny\n' a '' x '' y

fact "the key is printed as a record of its own, quoted where it must be"
printf 'a,b\n"x,y",1\n"say ""hi""",2\nplain,3\n"two\nlines",4\n' >table.csv
exits 0 "$WEFT" hash --column a,b table.csv
cut -c19- <<'END' >want.txt
                  "x,y",1
                  "say ""hi""",2
                  plain,3
                  "two
                  lines",4
END
sed -E 's/^[0-9a-f]{16}  //' out.txt >text.txt
same want.txt text.txt

fact "without --null no field is null"
hashes_of 'a,b\nNULL,1\n' a NULL

fact "--null names the text that leaves the seed as it is"
exits 0 "$WEFT" hash --seed 42 --null c3 --column name,city,note plain.csv
fields 2,3,4 plain.csv | "$XXH_LINES" --seed 42 --fields , --null c3 xxh3 >witness.txt
same witness.txt out.txt
exits 0 "$WEFT" hash --seed 42 --null c3 --algo xxh32 --column city quoted.csv
fields 3 plain.csv | "$XXH_LINES" --seed 42 --null c3 xxh32 >witness.txt
same witness.txt out.txt

fact "to xxh128 a null hashes to the seed, and takes part"
for columns in name,city,note city; do
  exits 0 "$WEFT" hash --seed 42 --null c3 --algo xxh128 --column $columns plain.csv
  numbers=$([ $columns = city ] && echo 3 || echo 2,3,4)
  fields "$numbers" plain.csv | "$XXH_LINES" --seed 42 --fields , --null c3 xxh128 >witness.txt
  same witness.txt out.txt
done
[ "$(grep -cE '^0{30}2a  c3$' out.txt)" -gt 1000 ] || bad "no null hashes to the seed"

fact "--null '' makes fields null that are empty without quotes, and those alone"
printf 'a,b\n,7\n"",7\n7,\n' >nulls.csv
exits 0 "$WEFT" hash --null '' --column a,b nulls.csv
seven=$(echo 7 | "$XXH_LINES" xxh3 | cut -c1-16)
empty=$(echo , | "$XXH_LINES" --fields , xxh3 | cut -c1-16)
chained=$(echo ,7 | "$XXH_LINES" --fields , xxh3 | cut -c1-16)
[ "$seven" != "$chained" ] && [ "$empty" != "$seven" ] || bad "the witness tells nothing apart"
prints "$seven  ,7
$chained  \"\",7
$seven  7,"

fact "nulls are kept apart over blocks and batches"
exits 0 "$WEFT" hash --seed 9 --null '' --column name,note plain.csv
awk -F, 'NR > 1 { print ($2 == "" ? "-" : $2) "," ($4 == "" ? "-" : $4) }' plain.csv |
  "$XXH_LINES" --seed 9 --fields , --null - xxh3 | cut -c1-16 >witness.txt
cut -c1-16 out.txt >hashes.txt
same witness.txt hashes.txt
exits 0 bash -c 'dd bs=4093 status=none if=plain.csv | "$WEFT" hash -q --csv --seed 9 --null "" --column name,note'
same witness.txt out.txt

fact "a field many times longer than a block is hashed whole"
{ printf 'a,b\n1,"'; head -c 3000000 /dev/zero | tr '\0' 'x'; printf '"\n2,'; head -c 3000000 /dev/zero | tr '\0' 'y'; echo; } >long.csv
exits 0 "$WEFT" hash --column b,a long.csv
{ head -c 3000000 /dev/zero | tr '\0' 'x'; echo ,1; head -c 3000000 /dev/zero | tr '\0' 'y'; echo ,2; } |
  "$XXH_LINES" --fields , xxh3 >witness.txt
same witness.txt out.txt

fact "a CRLF that two blocks share ends one record, and one line"
for size in 262139 262140 262141; do
  { printf 'a\r\n'; head -c $size /dev/zero | tr '\0' 'x'; printf '\r\ny\r\n'; } >shared.csv
  exits 0 "$WEFT" hash --column a shared.csv
  tail -n +2 shared.csv | tr -d '\r' | "$XXH_LINES" xxh3 >witness.txt
  same witness.txt out.txt
  echo 1,2 >>shared.csv
  exits 1 "$WEFT" hash --column a shared.csv
  says 'weft: shared.csv:4: the row has 2 fields, the header 1'
  { printf 'a\r\n"'; head -c $((size - 1)) /dev/zero | tr '\0' 'x'; printf '\r\ny"\r\n1,2'; } >shared.csv
  exits 1 "$WEFT" hash --column a shared.csv
  says 'weft: shared.csv:4: the row has 2 fields, the header 1'
done

fact "a table of a thousand columns can be a key"
awk 'BEGIN { for (r = 0; r < 300; r++) { for (i = 0; i < 1000; i++) printf "%s%d", i ? "," : "", r * i; print "" } }' >wide.csv
exits 0 "$WEFT" hash --csv wide.csv
fields 1-1000 wide.csv | "$XXH_LINES" --fields , xxh3 >witness.txt
same witness.txt out.txt

fact "with --zero the records of the output end in NUL"
printf 'a,b\n"two\nlines",4\n' >table.csv
exits 0 "$WEFT" hash -0 --column a table.csv
[ "$(tail -c +17 out.txt | tr '\0' '@')" = "  \"two
lines\"@" ] || bad "printed $(tr '\0' '@' <out.txt)"

finish

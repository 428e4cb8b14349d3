#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft partition: rows are in the parts where published hashes of ClickHouse and Spark, and stock libxxhash, put them; and no
# file is there before all are.
. "$(dirname "$0")/lib.sh"
: "${JSON_GET:?the reader of JSON}"
more="'weft partition --help' tells more"

leaves() { # FOLDER NAME...: it holds these and nothing else
  local is
  is=$(ls -A "$1" | tr '\n' ' ')
  [ "$is" = "${*:2}${2:+ }" ] || bad "$1 holds '$is', not '${*:2}'"
}

# Sets `part` to the part that a hash has, a number of 64 bits in any form that bash reads.
part_of() { # RULE HASH N
  local h=$(($2)) n=$3
  if [ "$1" = spark ]; then
    part=$(((h % n + n) % n))
  else
    part=$((((h >> 32 & 0xffffffff) % n * (4294967296 % n) + (h & 0xffffffff)) % n))
  fi
}

# One key, written as CSV, is in the part that its hash has.
lands() { # RULE KEYS ROW HASH [OPTION...]
  local rule=$1 keys=$2 row=$3 part is
  part_of "$rule" "$4" 41
  printf 'a,b,c\n%s\n' "$row" >one.csv
  rm -rf d
  exits 0 "$WEFT" partition -n 41 --by "$rule" --key "$keys" -o d one.csv "${@:5}"
  is=$(wc -l d/part-* | awk '$1 == 2 { print $2 }')
  [ "$is" = "d/part-$part.csv" ] || bad "$rule $keys $row: is in $is, not part $part"
}

fact "ClickHouse: one argument hashes as its bytes (values of its test 00803_xxhash)"
lands clickhouse a ABC,, 0xe66ae7354fcfee98
lands clickhouse a foo,, 3728699739546630719
lands clickhouse a=string '"",,' 17241709254077376921
lands clickhouse a=bytes:3 bar,, 5234164152756840025
lands clickhouse a=u8 3,, 2244420788148980662
lands clickhouse a=u8 0,, 16804241149081757544
lands clickhouse a=i8 1,, 9962287286179718960
lands clickhouse a=u16 2,, 6482051057365497128
lands clickhouse a=u32 3,, 13361037350151369407
lands clickhouse a=u32 123456,, 9049736899514479480
lands clickhouse a=i64 -154477,, 1162348840373071858
lands clickhouse a=f32 1.2684,, 6662491266811474554

fact "ClickHouse: several arguments are combined in their order (values of the same test)"
lands clickhouse a=u8,b=u8,c=u8 1,2,3 13728743482242651702
lands clickhouse a=u8,b=u8,c=u8 1,3,2 10226792638577471533
lands clickhouse a=u8,c=u8,b=u8 1,2,3 10226792638577471533

fact "ClickHouse: a null key has no part, and is told"
printf 'a,b\n1,x\n,y\n' >null.csv
exits 1 "$WEFT" partition -n 4 --by clickhouse --key a=u8 -o none null.csv
says "weft: null.csv:3: column 'a' is null, whose hash in ClickHouse is null and in no part"
[ ! -e none ] || bad "the folder is there"
exits 1 "$WEFT" partition -n 4 --by clickhouse --key b --null y -o none null.csv
says "weft: null.csv:3: column 'b' is null, whose hash in ClickHouse is null and in no part"

fact "Spark: strings, as its documentation has them"
lands spark a ABC,DEF, 4105715581806190027
lands spark a,b ABC,DEF, 3233247871021311208

fact "Spark: every type (values of the tests of DataFusion Comet, which were taken from Spark)"
for type in i8 i16 i32; do
  lands spark a=$type 1,, 0xa309b38455455929
  lands spark a=$type 0,, 0x3229fbc4681e48f3
  lands spark a=$type -1,, 0x1bfdda8861c06e45
done
lands spark a=i8 127,, 0x77cc15d9f9f2cdc2
lands spark a=i16 -128,, 0x39bc22b9e94d81d0
lands spark a=i32 2147483647,, 0x14f0ac009c21721c
lands spark a=i32 -2147483648,, 0x1cc7cb8d034769cd
lands spark a=i64 1,, 0x9ed50fd59358d232
lands spark a=i64 -1,, 0x358ae035bfb46fd2
lands spark a=i64 9223372036854775807,, 0xd2f1c616ae7eb306
lands spark a=i64 -9223372036854775808,, 0x88608019c494c1f4
lands spark a=f32 1,, 0x9b92689757fcdbd
lands spark a=f32 -1.0,, 0xa2becc0e61bb3823
lands spark a=f32 99999999999.99999999999,, 0x8f20ab82d4f3687f
lands spark a=f64 1.0,, 0xe1fd6e07fee8ad53
lands spark a=f64 -99999999999.99999999999,, 0xc5e60e7b75d9b232
for zero in 0.0 -0.0; do
  lands spark a=f32 $zero,, 0x3229fbc4681e48f3
  lands spark a=f64 $zero,, 0xb71b47ebda15746c
done
lands spark a hello,, 0xc3629e6318d53932
lands spark a '"",,' 0x98b1582b0977e704
lands spark a=bytes:6 天地,, 0xfcba5f61ac666c61
lands spark a abcde,, 0xf241303e4a90f299

fact "Spark: every NaN is Java's"
printf 'x\nnan\n-nan\n' | tr -d - >nan.csv
exits 0 "$WEFT" partition -n 97 --by spark --key x=f32 -o d nan.csv
want=$(printf '2143289344\n' | "$XXH_LINES" --seed 42 --fields , --types w xxh64)
part_of spark "0x${want:0:16}" 97
rows 3 "d/part-$part.csv"

fact "Spark: a null leaves the seed: alone it is 42, and (null, ABC) is ABC"
lands spark a=i64 ,x,y 42
lands spark a,b NULL,ABC, 4105715581806190027 --null NULL
lands spark b,a,c=i32 NULL,ABC,NULL 4105715581806190027 --null NULL

# Rows of random keys in each part, beside libxxhash on the same fields. Parts end up with the rows in their order.
rows_of() { # RULE KEYS N WITNESS-OPTION...
  local rule=$1 keys=$2 n=$3 part
  shift 3
  rm -rf d want
  mkdir want
  exits 0 "$WEFT" partition -n "$n" --by "$rule" --key "$keys" -o d random.csv
  silent
  tail -n +2 random.csv | "$XXH_LINES" --fields , "$@" | while IFS= read -r line; do
    part_of "$rule" "0x${line:0:16}" "$n"
    printf '%s %s\n' $part "${line:18}"
  done | awk '{ to = "want/" $1; sub(/^[0-9]+ /, ""); print >to }'
  for ((part = 0; part < n; part++)); do
    { head -n 1 random.csv; [ ! -e want/$part ] || cat want/$part; } >want.txt
    cmp -s want.txt d/part-$part.csv || { bad "$rule $keys: part $part of $n has other rows"; break; }
  done
}

awk 'BEGIN {
  srand(7); print "s,b,w,q,d"
  for (i = 0; i < 1500; i++)
    printf "key %d %s,%d,%d,%d,%.17g\n", rand() * 500, substr("abcdefghijklmnopqrstuvwxyz0123456789", 1, rand() * 36),
      rand() * 256 - 128, rand() * 4294967295 - 2147483648, (rand() - 0.5) * 1e15, (rand() - 0.5) * exp(rand() * 60)
}' >random.csv

fact "random rows are where libxxhash puts them, by all rules, on one part and many"
for n in 1 7 32; do
  rows_of weft s,b=i8,w=i32,q=i64,d=f64 $n --types sbwqd xxh3
  rows_of spark s,b=i8,w=i32,q=i64,d=f64 $n --types swwqd --seed 42 xxh64
done
rows_of spark s,b=i16,w=i32,q=i64,d=f32 31 --types swwqf --seed 42 xxh64
cut -d, -f1 random.csv >keys.csv
mv keys.csv random.csv
rows_of clickhouse s 31 xxh64
rows_of weft s 3 xxh3

fact "without --by, the part is the hash that weft hash prints, modulo N"
exits 0 "$WEFT" partition -n 3 --key s -o e random.csv
for part in 0 1 2; do same d/part-$part.csv e/part-$part.csv; done

fact "the tables of kernels agree"
for isa in $(isas); do
  exits 0 "$WEFT" partition -n 3 --key s -o e random.csv --isa "$isa"
  for part in 0 1 2; do same d/part-$part.csv e/part-$part.csv; done
done

fact "more rows than are gathered at once keep their order"
{ echo n,k; seq 1500000 | awk '{ print $1 "," $1 % 1000 }'; } >long.csv
exits 0 "$WEFT" partition -n 5 --key k -o long long.csv
total=0
for part in 0 1 2 3 4; do
  tail -n +2 long/part-$part.csv | sort -nc -t, -k1,1 2>order.txt || bad "part $part: $(cat order.txt)"
  total=$((total + $(wc -l <long/part-$part.csv) - 1))
done
[ $total -eq 1500000 ] || bad "$total rows of 1500000"
rm -rf long long.csv

fact "fields keep their quotes where they must have them, and several tables are one"
printf 'k,v\na,"x, y"\nb,"say ""z"""\n,"two\nlines"\n' >first.csv
printf 'v\tk\nplain\ta\nlast\tb\n' >second.tsv
exits 0 "$WEFT" partition -n 1 --key k -o q first.csv second.tsv
printf 'k,v\na,"x, y"\nb,"say ""z"""\n,"two\nlines"\na,plain\nb,last\n' >want.csv
same want.csv q/part-0.csv
leaves q part-0.csv

fact "a table from stdin is split too, in TSV where it is one"
exits 0 "$WEFT" partition --tsv -n 2 --key k -o t - <second.tsv
leaves t part-0.tsv part-1.tsv
cat t/part-0.tsv t/part-1.tsv | grep -v '^v' | sort >got.txt
printf 'last\tb\nplain\ta\n' >want.txt
same want.txt got.txt

fact "{} in the name stands for the number, and the folder must be there"
mkdir p
exits 0 "$WEFT" partition -n 3 --key k -o 'p/x{}y.txt' first.csv
leaves p x0y.txt x1y.txt x2y.txt
exits 0 "$WEFT" partition -n 2 --key k -o '{}.csv' first.csv
[ -f 0.csv ] && [ -f 1.csv ] || bad "0.csv and 1.csv are not there"
exits 3 "$WEFT" partition -n 3 --key k -o 'no/{}' first.csv
says 'weft: no/0: No such file or directory'

fact "a part without rows has the header, and so has every part of a table without rows"
printf 'k,v\n' >empty.csv
exits 0 "$WEFT" partition -n 2 --key k -o none empty.csv
same empty.csv none/part-0.csv
same empty.csv none/part-1.csv

fact "two columns of one name do no harm unless one is the key"
printf 'k,v,v\na,1,2\n' >twice.csv
exits 0 "$WEFT" partition -n 1 --key k -o w twice.csv
same twice.csv w/part-0.csv
exits 1 "$WEFT" partition -n 1 --key v -o w twice.csv
mentions "'v'"

fact "bad data leaves no file, and those that were there as they were"
mkdir old
for part in 0 1; do echo old >old/part-$part.csv; done
{ cat first.csv; echo ragged; } >ragged.csv
exits 1 "$WEFT" partition -n 2 --key k -o old ragged.csv
says 'weft: ragged.csv:6: the row has 1 fields, the header 2'
leaves old part-0.csv part-1.csv
[ "$(cat old/*)" = $'old\nold' ] || bad "they are $(cat old/*)"
exits 1 "$WEFT" partition -n 2 --key k -o new ragged.csv
[ ! -e new ] || bad "the folder is there"
exits 1 "$WEFT" partition -n 2 --key k=i8 -o new first.csv
says "weft: first.csv:2: column 'k' of type i8: 'a' is no whole number"
exits 1 "$WEFT" partition -n 2 --key z -o new first.csv
mentions "'z'"
exits 1 "$WEFT" partition -n 2 --key k -o new first.csv twice.csv
says 'weft: twice.csv:1: the header has 3 fields, and first.csv 2'
[ ! -e new ] || bad "the folder is there"

fact "bad data behind rows that are in files leaves none either"
{ echo k,v; yes a,b | head -n 1200000; echo ragged; } >late.csv
exits 1 "$WEFT" partition -n 2 --key k -o new late.csv
says 'weft: late.csv:1200002: the row has 1 fields, the header 2'
[ ! -e new ] || bad "the folder is there"
exits 1 "$WEFT" partition -n 2 --key k -o old late.csv
leaves old part-0.csv part-1.csv
[ "$(cat old/*)" = $'old\nold' ] || bad "they are $(cat old/*)"
rm late.csv

fact "thousands of parts hold every row once, and those without a row the header"
{ echo n,k; seq 3000 | awk '{ print $1 "," $1 % 700 }'; } >many.csv
exits 0 "$WEFT" partition -n 4096 --key k -o many many.csv
# shellcheck disable=SC2012 # names are ours
[ "$(ls -A many | wc -l)" -eq 4096 ] || bad "$(ls -A many | wc -l) files"
cat many/part-*.csv >all.csv
rows 7096 all.csv
grep -v '^n,k$' all.csv | sort -n >got.txt
tail -n +2 many.csv >want.txt
same want.txt got.txt
[ "$(head -qn 1 many/part-*.csv | sort | uniq -c | xargs)" = '4096 n,k' ] || bad "not all have the header, once"
rm -rf many

fact "a disk that is full leaves no file, and those that were there as they were"
exits 3 bash -c 'ulimit -f 1; "$WEFT" partition -n 2 --key k -o old many.csv'
grep -qxE 'weft: old/part-[01]\.csv: File too large' err.txt || bad "it said: $(cat err.txt)"
leaves old part-0.csv part-1.csv
[ "$(cat old/*)" = $'old\nold' ] || bad "they are $(cat old/*)"

fact "a folder in the way of a file is told before anything is written"
mkdir -p way/part-1.csv
exits 3 "$WEFT" partition -n 2 --key k -o way first.csv
says 'weft: way/part-1.csv: it is there, and is no file that could be replaced'
leaves way part-1.csv

fact "a signal leaves nothing"
mkdir s
mkfifo feed
"$WEFT" partition --csv -n 50 --key k -o s/out feed 2>err.txt &
pid=$!
exec 9>feed
{ echo k,v; yes a,b | head -n 1200000; } >&9 # more than are gathered: some are in a file
for ((i = 0; i < 100; i++)); do
  [ -n "$(find s/out -type f 2>/dev/null)" ] && break
  sleep 0.05
done
[ -n "$(find s/out -type f)" ] || bad "no file was there before the signal"
kill -TERM $pid
exec 9>&-
wait $pid
[ $? -eq 143 ] || bad "it was not the signal that ended it: $(cat err.txt)"
[ ! -e s/out ] || bad "s/out is there, with: $(ls -A s/out)"

fact "a signal leaves a folder that was there, with what it held"
mkdir s/kept
echo mine >s/kept/other
"$WEFT" partition --csv -n 50 --key k -o s/kept feed 2>err.txt &
pid=$!
exec 9>feed
echo k,v >&9
for ((i = 0; i < 100; i++)); do
  [ -n "$(find s/kept -name '.weft-*' 2>/dev/null)" ] && break
  sleep 0.05
done
kill -TERM $pid
exec 9>&-
wait $pid
[ $? -eq 143 ] || bad "it was not the signal that ended it: $(cat err.txt)"
leaves s/kept other

fact "a limit on memory ends it with a message and no file"
exits 3 bash -c 'seq 3000000 | sed "1s/.*/n/" | "$WEFT" partition --csv -n 3 --key n -o m --memory-limit 8M'
mentions 'weft: ' 'limit'
[ ! -e m ] || bad "the folder is there"

fact "--json tells how even the parts are"
exits 0 "$WEFT" partition -n 2 --key k --by spark -o q first.csv --json
for pair in by=spark rows=3 parts=2 bytes=$(wc -c <first.csv); do
  is=$("$JSON_GET" "${pair%%=*}" <out.txt)
  [ "$is" = "${pair#*=}" ] || bad "${pair%%=*} is $is, not ${pair#*=}"
done
least=$("$JSON_GET" least_rows <out.txt) most=$("$JSON_GET" most_rows <out.txt)
[ $((least + most)) -eq 3 ] || bad "least $least and most $most of 3 rows in 2 parts"

fact "wrong usage is told"
exits 2 "$WEFT" partition --key k -o d first.csv
says "weft: partition: -n is needed: how many parts there are to be; $more"
exits 2 "$WEFT" partition -n 0 --key k -o d first.csv
says "weft: partition: -n 0: rows go to one part at least; $more"
exits 2 "$WEFT" partition -n 65537 --key k -o d first.csv
says "weft: partition: -n '65537' is no whole number from 0 to 65536, decimal or 0x hexadecimal; $more"
exits 2 "$WEFT" partition -n 2 -o d first.csv
says "weft: partition: --key is needed: the columns of the key; $more"
exits 2 "$WEFT" partition -n 2 --key k first.csv
says "weft: partition: -o is needed: the folder for the files, or their name with {} in it; $more"
exits 2 "$WEFT" partition -n 2 --key k -o '{}/{}' first.csv
says "weft: partition: -o '{}/{}': {} stands for the number once, in the name of the file; $more"
exits 2 "$WEFT" partition -n 2 --key k -o d --by duck first.csv
says "weft: partition: --by 'duck' is none of clickhouse, spark, weft; $more"
exits 2 "$WEFT" partition -n 2 --key k=int -o d first.csv
says "weft: partition: --key 'k=int': 'int' is none of i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, bytes:N, string; $more"
exits 2 "$WEFT" partition -n 2 --key k=u32 --by spark -o d first.csv
says "weft: partition: --key 'k=u32': Spark has no unsigned numbers; $more"
exits 2 "$WEFT" partition -n 2 --key k -o d table
says "weft: partition: table: is it --csv or --tsv? The name does not end in either; $more"

fact "--help tells all options"
exits 0 "$WEFT" partition --help
for option in -n --key --by --output --csv --tsv --null --json --stats --no-progress --isa --memory-limit; do
  grep -qF -- "$option" out.txt || bad "$option is not there"
done

finish

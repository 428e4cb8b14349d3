#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft group: groups, counts and sums are those of SQLite, in the order of the groups' first rows.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tables.sh"
: "${JSON_GET:?the reader of JSON}"

# A random table: keys a and b from pools, a whole number or none, and one with quarters, which doubles add up exactly.
numbers_table() { # ROWS POOL SEED
  awk -v rows="$1" -v pool="$2" -v seed="$3" 'BEGIN {
    srand(seed)
    print "a,whole,b,quarters"
    for (row = 0; row < rows; row++) {
      a = int(rand() * pool); b = int(rand() * 3)
      a = a % 7 == 0 ? "\"key, " a "\"" : a % 7 == 1 ? "\"two\nlines " a "\"" : a % 7 == 2 ? "NULL" : "key number " a
      if (rand() < 0.1) a = ""
      whole = rand() < 0.1 ? (rand() < 0.5 ? "" : "NULL") : int((rand() - 0.5) * 2000000)
      form = rand() < 0.3 ? "%d" : rand() < 0.5 ? "%.2f" : "%.8e"
      quarters = rand() < 0.1 ? "" : sprintf(form, int((rand() - 0.5) * 4000000) / 4)
      print a "," whole "," (b ? b : "") "," quarters
    } }'
}

agrees_with_sqlite() { # KEYS NULL WHAT [OPTION...]
  local keys=$1 null=$2 what=$3 key columns='whole_sum quarters_sum whole_min quarters_min whole_max quarters_max' options=()
  shift 3
  [ "$null" = none ] || options=(--null "$null")
  exits 0 "$WEFT" group --by "$keys" --sum whole,quarters --min whole,quarters --max whole,quarters "${options[@]}" "$@" t.csv
  silent
  mv out.txt got.csv
  [ "$(head -n 1 got.csv)" = "$keys,count,sum_whole,sum_quarters,min_whole,min_quarters,max_whole,max_quarters" ] ||
    bad "the header is $(head -n 1 got.csv)"
  {
    import t.csv , t a whole b quarters
    import got.csv , got ${keys//,/ } count $columns
    for key in a b whole quarters; do
      [ "$null" = none ] || echo "UPDATE t SET $key = NULL WHERE $key = '$null';"
    done
    for key in whole quarters; do echo "UPDATE t SET $key = NULL WHERE $key = '';"; done
    for key in ${keys//,/ } $columns; do
      echo "UPDATE got SET $key = NULL WHERE $key = '$([ "$null" = none ] || echo "$null")';"
    done
    [ "$null" != none ] || for key in ${keys//,/ }; do echo "UPDATE got SET $key = '' WHERE $key IS NULL;"; done
    echo "CREATE TABLE want ($keys, count, ${columns// /,});"
    echo "CREATE TABLE have ($keys, count, ${columns// /,});"
    printf 'INSERT INTO want SELECT %s, count(*)' "$keys"
    for key in sum min max; do printf ', %s(CAST(whole AS INT)), %s(CAST(quarters AS REAL))' $key $key; done
    printf ' FROM t GROUP BY %s ORDER BY min(rowid);\n' "$keys"
    printf 'INSERT INTO have SELECT %s, CAST(count AS INT)' "$keys"
    for key in sum min max; do printf ', CAST(whole_%s AS INT), CAST(quarters_%s AS REAL)' $key $key; done
    echo ' FROM got ORDER BY rowid;'
    # shellcheck disable=SC2086 # several columns
    compare want have ${keys//,/ } count $columns
  } | ask
  alike "$what, --by $keys $*"
}

seed=0
for shape in '0 5' '1 1' '40 3' '3000 50' '5000 100000' '20000 300'; do
  fact "groups, counts, sums and extremes are SQLite's, in the order of first rows"
  # shellcheck disable=SC2086 # two numbers
  numbers_table $shape $((++seed)) | sed 's/NULL//g' >t.csv
  agrees_with_sqlite a none "seed $seed"
  agrees_with_sqlite b,a none "seed $seed"
  fact "nulls are equal to nulls in a group, and no numbers"
  # shellcheck disable=SC2086 # two numbers
  numbers_table $shape $((++seed)) >t.csv
  agrees_with_sqlite a NULL "seed $seed"
  agrees_with_sqlite a,b NULL "seed $seed"
done

numbers_table $((thin > 1 ? 100000 : 300000)) 200000 99 >t.csv
for isa in $(isas); do
  fact "on $isa more groups than are kept pending come out the same"
  agrees_with_sqlite a NULL "seed 99" --isa "$isa"
done
fact "a few groups of many rows come out the same"
agrees_with_sqlite b none "seed 99" --null NULL

# What a table's groups are. The first argument is the table.
gives() { # TABLE TEXT OPTION...
  local text=$2
  printf "$1" >t.csv
  shift 2
  exits 0 "$WEFT" group "$@" t.csv
  silent
  prints "$text"
}

fact "without sums the groups are counted, and are those of sort and uniq"
seq 5000 | awk '{ print ($1 * 7919) % 321 }' >keys
{ echo k; cat keys; } >k.csv
exits 0 "$WEFT" group --by k k.csv
tail -n +2 out.txt | sort >got.txt
sort keys | uniq -c | awk '{ print $2 "," $1 }' | sort >want.txt
same want.txt got.txt

fact "sums and extremes of small numbers are those of awk"
seq 5000 | awk 'BEGIN { print "k,v" } { print ($1 * 7919) % 321 "," ($1 * 31) % 1009 - 500 }' >kv.csv
exits 0 "$WEFT" group --by k --sum v --max v kv.csv
awk -F, 'NR == 1 { print "k,count,sum_v,max_v"; next }
  !($1 in n) { order[++groups] = $1; max[$1] = $2 } { n[$1]++; sum[$1] += $2; if ($2 > max[$1]) max[$1] = $2 }
  END { for (i = 1; i <= groups; i++) print order[i] "," n[order[i]] "," sum[order[i]] "," max[order[i]] }' kv.csv >want.txt
same want.txt out.txt

fact "whole numbers of 64 bits are added exactly, however large the sum, and in any order"
most=9223372036854775807 least=-9223372036854775808
gives "k,v\na,$most\na,$most\na,1\nb,$least\nb,$least\nb,-1\nc,$most\nc,$least\nd,-0\ne,+7\n" "k,count,sum_v
a,3,18446744073709551615
b,3,-18446744073709551617
c,2,-1
d,1,0
e,1,7" --by k --sum v
seq 100000 | awk 'BEGIN { print "k,v" } { print "k,9223372036854775" 807 - $1 % 800 }' >t.csv
exits 0 "$WEFT" group --by k --sum v t.csv
{ import t.csv , t k v; echo '.mode list'; echo "SELECT 'k,100000,' || decimal_sum(v) FROM t;"; } | ask
[ "$(tail -n 1 out.txt)" = "$(cat answer.txt)" ] || bad "printed $(tail -n 1 out.txt), not $(cat answer.txt)"

fact "whole numbers beyond 64 bits, points and exponents make doubles, of which sums lose nothing to their order"
gives 'k,v\na,9223372036854775808\nb,.5\nb,5.\nb,-1e-1\nc,1e300\nc,1\nc,-1e300\nd,0.1\nd,0.2\n' 'k,count,sum_v
a,1,9.223372036854776e+18
b,3,5.4
c,3,1
d,2,0.30000000000000004' --by k --sum v

fact "a whole number and a double are compared exactly"
high=9007199254740993 low=9007199254740992.0 # doubles go by twos there
gives "k,v\na,$high\na,$low\nb,-$high\nb,-$low\nc,2\nc,2.5\nc,-2\nc,-2.5\nd,$most\nd,1e300\nd,-1e300\n" 'k,count,min_v,max_v
a,2,9007199254740992,9007199254740993
b,2,-9007199254740993,-9007199254740992
c,4,-2.5,2.5
d,3,-1e+300,1e+300' --by k --min v --max v

fact "a group without a number has no sum, no least and no greatest"
gives 'k,v\na,\na,-\nb,1\n' 'k,count,sum_v,min_v,max_v
a,2,-,-,-
b,1,1,1,1' --null - --by k --sum v --min v --max v
gives 'k,v\na,\nb,1\n' 'k,count,sum_v
a,1,
b,1,1' --by k --sum v

fact "with --null '' an empty field and an empty string are two groups, and stay so"
printf 'k,v\n,1\n"",2\n,4\n' >t.csv
exits 0 "$WEFT" group --null '' --by k --sum v t.csv
prints 'k,count,sum_v
,2,5
"",1,2'

fact "names stay apart whatever they are"
gives 'count,v\n1,2\n' 'count,count_2,count_2_2,sum_v,sum_v_2
1,1,1,2,2' --by count,count --sum v,v

fact "a column may be key and number, and be summed and compared at once"
gives 'k\n1\n2\n1\n' 'k,count,sum_k,min_k
1,2,2,1
2,1,2,2' --by k --sum k --min k

fact "several files are one table, their columns anywhere, in the first one's format"
printf 'k,v\na,1\n' >first.csv
printf 'x\tv\tk\n0\t2\t"b,c"\n0\t4\ta\n' >second.tsv
exits 0 "$WEFT" group --by k --sum v first.csv second.tsv
prints 'k,count,sum_v
a,2,5
"b,c",1,2'
exits 0 "$WEFT" group --by k --sum v second.tsv first.csv
prints $'k\tcount\tsum_v\nb,c\t1\t2\na\t2\t5'

fact "without a file, and for -, stdin is read"
exits 0 "$WEFT" group --csv --by k <first.csv
prints 'k,count
a,1'
exits 0 "$WEFT" group --csv --by k first.csv - first.csv <first.csv
prints 'k,count
a,3'

fact "a table without rows has no groups"
gives 'k,v\n' 'k,count,sum_v' --by k --sum v

fact "memory grows with the groups, not with the rows"
exits 0 bash -c 'awk "BEGIN { print \"k,v\"; for (i = 0; i < 3000000; i++) print \"a key of some length: \" i % 1000 \",\" i }" |
  "$WEFT" group --csv --by k --sum v --memory-limit 16M'
rows 1001 out.txt
[ "$(awk -F, 'NR > 1 { n += $2 } END { print n }' out.txt)" -eq 3000000 ] || bad "rows are lost"

fact "200,000 rows, each a group, take seconds"
begin=$SECONDS
{ echo k,v; seq 200000 | sed 's/.*/key number &,&/'; } >large.csv
exits 0 "$WEFT" group --by k --sum v --max v large.csv
{ echo k,count,sum_v,max_v; seq 200000 | sed 's/.*/key number &,1,&,&/'; } >want.txt
same want.txt out.txt
[ $((SECONDS - begin)) -lt 20 ] || bad "$((SECONDS - begin)) seconds"

get() { # PATH FILE
  "$JSON_GET" "$1" <"$2"
}
summary_is() { # FILE
  [ "$(get rows "$1") $(get groups "$1") $(get bytes "$1")" = "5000 321 $(stat -c %s kv.csv)" ] || bad "$(cat "$1")"
  isas | grep -qxF "$(get isa "$1")" || bad "$(cat "$1")"
  [ "$(get memory_bytes "$1")" -gt 100000 ] || bad "$(cat "$1")"
}

fact "a number of threads that is none is wrong usage"
exits 2 "$WEFT" group --by k --threads 0 large.csv
mentions "--threads 0: at least one thread does the work"

fact "--json prints a summary, on stderr while rows go to stdout, else on stdout"
exits 0 "$WEFT" group --by k kv.csv --json
rows 322 out.txt
summary_is err.txt
exits 0 "$WEFT" group --by k kv.csv --json -o groups.csv
silent
summary_is out.txt
rows 322 groups.csv

fact "--stats tells the groups, on stderr"
exits 0 "$WEFT" group --by k kv.csv --stats
grep -qE '^output rows +321$' err.txt || bad "$(cat err.txt)"

finish

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft join: the rows are those that SQLite and coreutils find, in the order and form that the man page tells.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tables.sh"
: "${JSON_GET:?the reader of JSON}"
kinds='inner left right full semi anti'

# Joins left.csv and right.tsv and compares with SQLite: on one column of different names, or two, one of them of one name.
# NULL: the text of nulls, or "none".
agrees_with_sqlite() { # KIND KEYS NULL WHAT [OPTION...]
  local kind=$1 keys=$2 null=$3 what=$4 on condition options=() missing='' columns='k id x' select key order
  shift 4
  [ "$null" = none ] || { options=(--null "$null") missing=$null; }
  if [ "$keys" = 1 ]; then
    on=k=kk condition='l.k = r.kk' key="coalesce(l.k, r.kk), l.id, l.x, r.y, r.id" columns+=' y id_right'
  else
    on=k=kk,id condition='l.k = r.kk AND l.id = r.id' key="coalesce(l.k, r.kk), coalesce(l.id, r.id), l.x, r.y" columns+=' y'
  fi
  order='ORDER BY l.rowid IS NULL, l.rowid, r.rowid'
  case $kind in
    semi) select="l.k, l.id, l.x FROM l WHERE EXISTS (SELECT 1 FROM r WHERE $condition) ORDER BY l.rowid" columns='k id x' ;;
    anti) select="l.k, l.id, l.x FROM l WHERE NOT EXISTS (SELECT 1 FROM r WHERE $condition) ORDER BY l.rowid" columns='k id x' ;;
    *) select="$key FROM l ${kind^^} JOIN r ON $condition $order" ;;
  esac
  exits 0 "$WEFT" join --on $on --kind "$kind" "${options[@]}" "$@" left.csv right.tsv
  silent
  mv out.txt got.csv
  [ "$(head -n 1 got.csv)" = "${columns// /,}" ] || bad "the header is $(head -n 1 got.csv), not ${columns// /,}"
  {
    import left.csv , l k id x
    import right.tsv '\t' r kk y id
    import got.csv , got $columns
    if [ "$null" != none ]; then
      for column in k id x; do echo "UPDATE l SET $column = NULL WHERE $column = '$null';"; done
      for column in kk y id; do echo "UPDATE r SET $column = NULL WHERE $column = '$null';"; done
    fi
    echo "CREATE INDEX quick ON r (kk, id);"
    echo "CREATE TABLE want (${columns// /,});"
    echo "INSERT INTO want SELECT $select;"
    for column in $columns; do echo "UPDATE want SET $column = '$missing' WHERE $column IS NULL;"; done
    # shellcheck disable=SC2086 # several columns
    compare want got $columns
  } | ask
  alike "$what, --kind $kind --on $on $*"
}

random_pair() { # LEFT-ROWS RIGHT-ROWS POOL SEED
  random_table "$1" "$3" "$4" , k id x >left.csv
  random_table "$2" "$3" "$(($4 + 1000))" $'\t' kk y id >right.tsv
}

seed=0
for shape in '0 0 5' '0 30 5' '30 0 5' '1 1 1' '300 200 500' '500 400 60' '200 300 9' '100 100 2' '3000 20 40' '20 3000 40'; do
  # shellcheck disable=SC2086 # three numbers
  random_pair $shape $((++seed))
  for kind in $kinds; do
    fact "the rows of a $kind join are SQLite's, in LEFT's order and then RIGHT's, with duplicates, quotes and line breaks"
    agrees_with_sqlite $kind 1 none "seed $seed"
    [ $thin -gt 1 ] || agrees_with_sqlite $kind 2 none "seed $seed"
    fact "in a $kind join nulls are equal to nothing, as in SQLite"
    [ $thin -gt 1 ] || agrees_with_sqlite $kind 1 NULL "seed $seed"
    agrees_with_sqlite $kind 2 NULL "seed $seed"
  done
done

for isa in $(isas); do
  fact "a join on $isa gives the same rows, over several batches"
  random_pair 20000 15000 12000 77
  for kind in full semi anti; do
    agrees_with_sqlite $kind 1 NULL "seed 77" --isa "$isa"
  done
  agrees_with_sqlite full 2 none "seed 77" --isa "$isa"
done

# Small tables without anything to quote, sorted by their keys, for coreutils.
awk 'BEGIN { srand(5); for (i = 0; i < 400; i++) printf "%03d,l%d\n", rand() * 300, i }' | sort -t, -k1,1 -s >plain_l
awk 'BEGIN { srand(6); for (i = 0; i < 300; i++) printf "%03d,r%d\n", rand() * 300, i }' | sort -t, -k1,1 -s >plain_r
{ echo k,l; cat plain_l; } >plain_l.csv
{ echo k,r; cat plain_r; } >plain_r.csv

agrees_with_join() { # KIND JOIN-OPTION...
  local kind=$1
  shift
  exits 0 "$WEFT" join --on k --kind "$kind" plain_l.csv plain_r.csv
  tail -n +2 out.txt | sort >got.txt
  join -t, "$@" plain_l plain_r | sort >want.txt
  same want.txt got.txt
  [ -s want.txt ] || bad "join found nothing"
}

fact "on sorted tables the rows are those of join(1)"
agrees_with_join inner
agrees_with_join left -a1 -o 0,1.2,2.2
agrees_with_join right -a2 -o 0,1.2,2.2
agrees_with_join full -a1 -a2 -o 0,1.2,2.2
agrees_with_join anti -v1

fact "a semi join keeps the rows that awk keeps"
exits 0 "$WEFT" join --on k --kind semi plain_l.csv plain_r.csv
awk -F, 'NR == FNR { have[$1]; next } FNR == 1 || $1 in have' plain_r.csv plain_l.csv >want.txt
same want.txt out.txt

fact "a key that half of both tables have gives every pair"
awk 'BEGIN { print "k,l"; for (i = 0; i < 1000; i++) print i % 2 ? "same" : i "," i }' | sed 's/^same$/same,x/' >skew_l.csv
awk 'BEGIN { print "k,r"; for (i = 0; i < 600; i++) print i % 2 ? "same" : -i "," i }' | sed 's/^same$/same,y/' >skew_r.csv
exits 0 "$WEFT" join --on k skew_l.csv skew_r.csv
[ "$(grep -c '^same,x,y$' out.txt)" -eq 150000 ] || bad "$(grep -c '^same,x,y$' out.txt) pairs"

# What a small join prints. LEFT is small_l.csv, RIGHT small_r.csv.
printf 'id,name\n1,a\n2,b\n,e\n' >small_l.csv
printf 'key,name,n\n2,B,7\n3,C,8\n,E,9\n' >small_r.csv
gives() { # TEXT OPTION...
  local text=$1
  shift
  exits 0 "$WEFT" join --on id=key small_l.csv small_r.csv "$@"
  silent
  prints "$text"
}

fact "the default columns are LEFT's, then RIGHT's without its key, and a name that was there gets _right"
gives 'id,name,name_right,n
2,b,B,7
,e,E,9'

fact "without --null a field that a row lacks is empty, and the key is there for rows of RIGHT"
gives 'id,name,name_right,n
1,a,,
2,b,B,7
,e,E,9
3,,C,8' --kind full

fact "with --null TEXT a field that a row lacks is TEXT"
gives 'id,name,name_right,n
1,a,-,-
2,b,B,7
,e,E,9
3,-,C,8' --kind full --null -

fact "with --null '' an empty key is null and equals nothing"
gives 'id,name,name_right,n
1,a,,
2,b,B,7
,e,,
3,,C,8
,,E,9' --kind full --null ''

fact "with --null '' an empty string stays in quotes, so that it is no null to the next reader"
printf 'id,name\n1,""\n"",x\n' >empty_l.csv
printf 'key,v\n1,\n"",2\n' >empty_r.csv
exits 0 "$WEFT" join --null '' --on id=key empty_l.csv empty_r.csv
prints 'id,name,v
1,"",
"",x,2'

fact "a null's text that needs quotes gets them"
gives 'id,name,name_right,n
1,a,"n,a","n,a"
2,b,B,7
,e,E,9' --kind left --null n,a

fact "--columns chooses columns of either table, in its order, a column any number of times"
gives 'n,name,name_left,id,n_right
7,B,b,2,7
9,E,e,,9' --columns right.n,right.name,left.name,id,n

fact "a key column of LEFT is the key without left. before it, and LEFT's own with it"
gives 'id,id_left,key
1,1,-
2,2,2
,,
3,-,3' --kind full --null - --columns id,left.id,right.key

fact "a key of one name needs no side, though both tables have it"
printf 'id,x\n1,p\n' >same_l.csv
printf 'id,y\n2,q\n' >same_r.csv
exits 0 "$WEFT" join --on id --kind full --columns id,x,y,right.id same_l.csv same_r.csv
prints 'id,x,y,id_right
1,p,,
2,,q,2'

fact "names in --on and --columns are cut as a record, and == stands for an = in a name"
printf '"a,b",c=d\n1,2\n' >odd_l.csv
printf '"x""y",c=d,e\n1,2,3\n' >odd_r.csv
exits 0 "$WEFT" join --on '"a,b=x""y",c==d' --columns '"a,b",c=d,e' odd_l.csv odd_r.csv
prints '"a,b",c=d,e
1,2,3'

fact "a column that is called left.x is asked for as left.left.x"
printf 'left.x,x\n1,2\n' >prefix.csv
exits 0 "$WEFT" join --on x=key --kind semi --columns left.left.x,left.x prefix.csv small_r.csv
prints 'left.x,x
1,2'

fact "names stay apart whatever they are"
printf 'k,a,a_right\n1,2,3\n' >apart_l.csv
printf 'k,a,a\n1,4,5\n' >apart_r.csv
exits 0 "$WEFT" join --on k apart_l.csv apart_r.csv
prints 'k,a,a_right,a_right_right,a_right_right_right
1,2,3,4,5'

fact "LEFT tells the output's format, and each file its own"
printf 'key\tm\n2\t"a\tb"\n' >tabs.tsv
exits 0 "$WEFT" join --on id=key small_l.csv tabs.tsv
prints $'id,name,m\n2,b,a\tb'
exits 0 "$WEFT" join --on key=id tabs.tsv small_l.csv
prints $'key\tm\tname\n2\t"a\tb"\tb'

fact "a table of one column has no line that is empty, but for nulls where those are"
printf 'v\n""\n\nz\n' >one.csv
exits 0 "$WEFT" join --on v=key --kind anti one.csv tabs.tsv
prints 'v
""
""
z'
exits 0 "$WEFT" join --on v=key --kind anti --null '' one.csv tabs.tsv
prints 'v
""

z'

fact "either table may be stdin"
exits 0 "$WEFT" join --csv --on id=key - small_r.csv <small_l.csv
mv out.txt left_stdin.txt
exits 0 "$WEFT" join --csv --on id=key small_l.csv - <small_r.csv
same left_stdin.txt out.txt
rows 3 out.txt

fact "a row of LEFT is answered before its feeder sends the next"
mkfifo request answer
"$WEFT" join --csv --on id=key - small_r.csv <request >answer &
exec 7>request 8<answer
printf 'id,name\n2,first\n' >&7
for want in id,name,name_right,n 2,first,B,7; do
  if read -r -t 20 line <&8; then
    [ "$line" = "$want" ] || bad "answered '$line'"
  else
    bad "no answer in 20 seconds"
  fi
done
exec 7>&- 8<&-
wait

fact "LEFT may be much larger than the memory allowed"
exits 0 bash -c '{ echo id,x; yes 2,abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz | head -n 500000; } |
  "$WEFT" join --csv --on id=key - small_r.csv --kind anti --memory-limit 8M'
prints id,x

fact "200,000 rows on each side, all keys different, take seconds"
awk 'BEGIN { print "k,x"; for (i = 0; i < 200000; i++) print "key number " (i * 7919) % 200003 "," i }' >large_l.csv
awk 'BEGIN { print "k,y"; for (i = 0; i < 200000; i++) print "key number " (i * 104729) % 200003 "," i }' >large_r.csv
begin=$SECONDS
exits 0 "$WEFT" join --on k large_l.csv large_r.csv
[ $((SECONDS - begin)) -lt 20 ] || bad "$((SECONDS - begin)) seconds"
awk -F, 'NR == FNR { y[$1] = $2; next } FNR == 1 || $1 in y { print $0 "," y[$1] }' large_r.csv large_l.csv >want.txt
same want.txt out.txt

fact "a number of threads that is none is wrong usage"
exits 2 "$WEFT" join --on k large_l.csv large_r.csv --threads 1025
mentions "--threads '1025' is no whole number from 0 to 1024"

fact "200,000 equal keys on one side, met by none and by few, take seconds"
awk 'BEGIN { print "k,y"; for (i = 0; i < 200000; i++) print "same," i }' >equal_r.csv
begin=$SECONDS
exits 0 "$WEFT" join --on k large_l.csv equal_r.csv --kind full
rows 400001 out.txt
printf 'k,x\nsame,1\nother,2\nsame,3\n' >few.csv
exits 0 "$WEFT" join --on k few.csv equal_r.csv
rows 400001 out.txt
[ $((SECONDS - begin)) -lt 20 ] || bad "$((SECONDS - begin)) seconds"

get() { # PATH FILE
  "$JSON_GET" "$1" <"$2"
}
summary_is() { # FILE
  [ "$(get kind "$1") $(get left_rows "$1") $(get right_rows "$1") $(get output_rows "$1") $(get right_keys "$1")" = 'full 3 3 4 3' ] ||
    bad "$(cat "$1")"
  [ "$(get left_bytes "$1") $(get right_bytes "$1")" = "$(stat -c %s small_l.csv) $(stat -c %s small_r.csv)" ] || bad "$(cat "$1")"
  isas | grep -qxF "$(get isa "$1")" || bad "$(cat "$1")"
  [ "$(get memory_bytes "$1")" -gt 100000 ] && [ "$(get index_bytes "$1")" -gt 0 ] || bad "$(cat "$1")"
}

fact "--json prints a summary, on stderr while rows go to stdout, else on stdout"
exits 0 "$WEFT" join --on id=key --kind full small_l.csv small_r.csv --json
rows 5 out.txt
summary_is err.txt
exits 0 "$WEFT" join --on id=key --kind full small_l.csv small_r.csv --json -o full.csv
silent
summary_is out.txt
rows 5 full.csv

fact "--stats tells the rows in and out, on stderr"
exits 0 "$WEFT" join --on id=key --kind full small_l.csv small_r.csv --stats
grep -qE '^output rows +4$' err.txt || bad "$(cat err.txt)"
grep -qE '^rows +6$' err.txt || bad "$(cat err.txt)"

fact "--json and --stats tell the index's bytes, and how many that are for each row of RIGHT"
exits 0 "$WEFT" join --on k large_l.csv large_r.csv --kind semi --json --stats -o large.csv
bytes=$(get index_bytes out.txt) each=$(get index_bytes_per_row out.txt)
awk -v bytes="$bytes" -v each="$each" 'BEGIN { exit !(each > bytes / 200000 - 0.001 && each < bytes / 200000 + 0.001 && each < 28) }' ||
  bad "$(cat out.txt)"
grep -qxE "index bytes +$bytes" err.txt || bad "$(cat err.txt)"
grep -qxE "index bytes per row $(awk -v each="$each" 'BEGIN { printf "%.1f", each }')" err.txt || bad "$(cat err.txt)"

fact "short strings are in the index too: 16 bytes more for each row"
awk 'BEGIN { print "k,x"; for (i = 0; i < 200000; i++) printf "%08d,%d\n", (i * 7919) % 200003, i }' >short.csv
exits 0 "$WEFT" join --on k short.csv short.csv --kind semi --json -o large.csv
awk -v each="$(get index_bytes_per_row out.txt)" 'BEGIN { exit !(each > 40 && each < 44) }' || bad "$(cat out.txt)"

finish

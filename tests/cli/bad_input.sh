#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What weft does about input, arguments and settings that make no sense: the message with its numbers, and the exit code.
. "$(dirname "$0")/lib.sh"
need setpriv util-linux

more="'weft hash --help' tells more"

fact "no command, or one that there is not, is wrong usage"
exits 2 "$WEFT"
says "weft: no command; 'weft --help' lists them"
nothing
exits 2 "$WEFT" hsah
says "weft: no command 'hsah'; 'weft --help' lists them"

fact "options that there are not, lack a value or take none are wrong usage"
exits 2 "$WEFT" hash --colour
says "weft: hash: no option --colour, or more than one that begins so; $more"
exits 2 "$WEFT" hash --n x
says "weft: hash: no option --n, or more than one that begins so; $more"
exits 2 "$WEFT" hash -x
says "weft: hash: no option -x; $more"
exits 2 "$WEFT" hash --seed
says "weft: hash: option --seed needs a value; $more"
exits 2 "$WEFT" hash -s
says "weft: hash: option -s needs a value; $more"
exits 2 "$WEFT" hash --binary=3
says "weft: hash: option --binary takes no value; $more"
exits 2 "$WEFT" features -x
says "weft: features: no option -x; 'weft features --help' tells more"
exits 2 "$WEFT" features now
says "weft: features: takes no argument such as 'now'; 'weft features --help' tells more"

fact "an algorithm that there is not is wrong usage"
exits 2 "$WEFT" hash --algo md5
says "weft: hash: --algo 'md5' is none of xxh3, xxh128, xxh64, xxh32; $more"

fact "a seed out of its range, or no number, is wrong usage"
for seed in 18446744073709551616 0x10000000000000000 -1 +1 ' 1' 1x 0x 1e3 '' 99999999999999999999999; do
  exits 2 "$WEFT" hash --seed "$seed" /dev/null
  says "weft: hash: --seed '$seed' is no whole number from 0 to 18446744073709551615, decimal or 0x hexadecimal; $more"
done
for order in '--algo xxh32 --seed 4294967296' '--seed 4294967296 --algo xxh32'; do
  # shellcheck disable=SC2086 # two options with their values
  exits 2 "$WEFT" hash $order /dev/null
  says "weft: hash: --seed '4294967296' is no whole number from 0 to 4294967295, decimal or 0x hexadecimal; $more"
done
exits 0 "$WEFT" hash --seed 18446744073709551615 /dev/null
exits 0 "$WEFT" hash --seed 0xFFFFFFFF --algo xxh32 /dev/null

fact "a number of bytes that is none, is zero or passes what there is, is wrong usage"
for number in 0 -1 M 1MM 1m 0K 16777216T ''; do
  for command in hash 'join --on a x.csv' 'group --by a --csv'; do
    # shellcheck disable=SC2086 # a command and its options
    exits 2 "$WEFT" $command --memory-limit "$number" /dev/null
    mentions "weft: ${command%% *}: --memory-limit '$number' is no number of bytes"
  done
done

fact "--memory-limit is still known by its first name"
exits 0 "$WEFT" hash --max-memory 64M /dev/null
exits 3 bash -c 'head -c 100000000 /dev/zero | "$WEFT" hash --max-memory 16M'

fact "options that contradict each other are wrong usage"
exits 2 "$WEFT" hash --csv --tsv -
says "weft: hash: --csv and --tsv contradict each other; $more"
exits 2 "$WEFT" hash --csv --column a --column b -
says "weft: hash: --column is given twice: name all columns in one list; $more"
exits 2 "$WEFT" hash --null x -
says "weft: hash: --null is for tables: it needs --column, --csv or --tsv; $more"
exits 2 "$WEFT" hash --binary --hash-only -
mentions "weft: hash: --binary writes no text"

fact "a table of no known kind is wrong usage, before anything is read"
exits 2 "$WEFT" hash --column a </dev/null
says "weft: hash: stdin: is it --csv or --tsv? The name does not end in either; $more"
exits 2 "$WEFT" hash --column a no-such-file.csv data.txt
says "weft: hash: data.txt: is it --csv or --tsv? The name does not end in either; $more"

fact "a list of columns with a stray quote is wrong usage"
exits 2 "$WEFT" hash --csv --column 'a,"b' /dev/null
says "weft: --column: a quote in 'a,\"b' is not closed or stands inside a name"

fact "a table of kernels that there is not is wrong usage, in the environment and as an option"
exits 2 env WEFT_ISA=avx9000 "$WEFT" features
mentions weft: WEFT_ISA avx9000
nothing
exits 2 env WEFT_ISA=avx9000 "$WEFT" features --json
nothing
exits 2 env WEFT_ISA=avx9000 "$WEFT" hash /dev/null
mentions weft: WEFT_ISA avx9000
exits 2 "$WEFT" hash --isa mmx /dev/null
mentions weft: mmx

fact "a table of kernels that this machine cannot run is wrong usage"
exits 2 "$WEFT" features --isa "$([ "$(uname -m)" = x86_64 ] && echo neon || echo avx2)"
mentions weft: "$([ "$(uname -m)" = x86_64 ] && echo neon || echo avx2)"
nothing

fact "a file that is not there is told"
exits 3 "$WEFT" hash gone
says 'weft: gone: No such file or directory'
nothing
exits 3 "$WEFT" hash --column a gone.csv
says 'weft: gone.csv: No such file or directory'

fact "a directory is told"
mkdir folder
exits 3 "$WEFT" hash folder
says 'weft: folder: Is a directory'
exits 3 "$WEFT" hash <folder
says 'weft: stdin: Is a directory'

fact "a file that may not be read is told, to a superuser without privileges too"
echo x >secret
chmod 000 secret
if [ "$(id -u)" -eq 0 ]; then
  exits 3 setpriv --inh-caps=-all --bounding-set=-all "$WEFT" hash secret
else
  exits 3 "$WEFT" hash secret
fi
says 'weft: secret: Permission denied'

fact "a read that fails is told"
exits 3 "$WEFT" hash /proc/self/mem
says 'weft: /proc/self/mem: Input/output error'
exits 3 "$WEFT" hash --csv /proc/self/mem
says 'weft: /proc/self/mem: Input/output error'

fact "a standard input that is closed is told, and no other file takes its place"
exits 3 bash -c '"$WEFT" hash <&-'
says 'weft: stdin: Bad file descriptor'
echo one >one
exits 3 bash -c '"$WEFT" hash one - <&-'
says 'weft: stdin: Bad file descriptor'

fact "the first file that fails ends the run, after the rows of those before it"
exits 3 "$WEFT" hash one gone one
says 'weft: gone: No such file or directory'
prints "$(echo one | "$XXH_LINES" xxh3)"

# A table with something wrong on a line, and what is said of it.
refused() { # TABLE COLUMNS MESSAGE
  printf "$1" >t.csv
  exits 1 "$WEFT" hash --column "$2" t.csv
  says "weft: t.csv:$3"
}

fact "a row with too few or too many fields is told, with its line and both counts"
refused 'a,b,c\n1,2,3\n1,2\n1,2,3\n' a '3: the row has 2 fields, the header 3'
refused 'a,b\n1,2,3\n' b '2: the row has 3 fields, the header 2'
refused 'a,b\n1,2\n3' a '3: the row has 1 fields, the header 2'
refused 'a\n1\n1,2\n' a '3: the row has 2 fields, the header 1'

fact "the line of a message is the one where the record starts, line breaks in quotes counted"
refused 'a,b\n"1\n\n1",2\n\n"3"\n' a '6: the row has 1 fields, the header 2'
refused 'a,b\r\n"1\r\n\r\n1",2\r\n3\r\n' a '5: the row has 1 fields, the header 2'
refused 'a,b\r1,2\r3\r' a '3: the row has 1 fields, the header 2'
refused 'a,b\n1,"2\n\n3",4\n' a '2: the row has 3 fields, the header 2'
{ echo a,b; seq 100000 | sed 's/$/,"x\ny"/'; echo ragged; } >deep.csv
exits 1 "$WEFT" hash --column a deep.csv
says 'weft: deep.csv:200002: the row has 1 fields, the header 2'

fact "the rows before a bad one are printed, and none behind it"
{ echo a,b; seq 20000 | sed 's/$/,x/'; echo ragged; seq 20000 | sed 's/$/,x/'; } >late.csv
exits 1 "$WEFT" hash --column a late.csv
says 'weft: late.csv:20002: the row has 1 fields, the header 2'
seq 20000 | "$XXH_LINES" xxh3 >witness.txt
same witness.txt out.txt

fact "a quote that is never closed is told with the line of its record, and its field"
refused 'a,b\n1,2\n3,"4\n5,6\n7,8\n' a '3: the quote that opens field 2 is not closed'
refused '"a,b\n1,2\n' a '1: the quote that opens field 1 is not closed'
{ echo a,b; echo '1,"2'; head -c 2000000 /dev/zero | tr '\0' '\n'; } >open.csv
exits 1 "$WEFT" hash --column a open.csv
says 'weft: open.csv:2: the quote that opens field 2 is not closed'

fact "a quote out of place is told"
inside='a quote stands inside field'
rule='where it may only open the field, close it or be doubled'
refused 'a,b\n1,2\n3,5"6\n' a "3: $inside 2, $rule"
refused 'a,b\n"x"y,2\n' a "2: $inside 1, $rule"
refused 'a,b\n x "y",2\n' a "2: $inside 1, $rule"

fact "a column that is not in the header is told"
refused 'a,b\n1,2\n' c "1: no column 'c' among the 2 of the header"
refused '\n\na,b\n1,2\n' a,A "3: no column 'A' among the 2 of the header"
refused 'a,b\n1,2\n' ' a' "1: no column ' a' among the 2 of the header"
nothing

fact "a column that is in the header twice is told when it is asked for, and only then"
refused 'a,b,a,a\n1,2,3,4\n' a "1: column 'a' is in the header 3 times, as fields 1 and 3"
exits 0 "$WEFT" hash --column b t.csv
exits 0 "$WEFT" hash --csv t.csv

fact "a table without a header is told"
refused '' a '1: no header: the input has no record'
refused '\n\n\n' a '3: no header: the input has no record'
exits 1 "$WEFT" hash --csv </dev/null
says 'weft: stdin:1: no header: the input has no record'

fact "one bad file among tables leaves the message with its own name and line"
printf 'a\n1\n' >good.csv
printf 'a,b\n1,2\n1\n' >worse.csv
exits 1 "$WEFT" hash --column a good.csv worse.csv good.csv
says 'weft: worse.csv:3: the row has 1 fields, the header 2'

fact "random bytes as a table end in rows or in a message, never in a crash"
for ((i = 0; i < 60; i++)); do
  { printf 'a,b\n'; random_bytes 3000 $i | tr '\200-\377' '",\n\r'; } >noise.csv
  code=0
  "$WEFT" hash --csv noise.csv >out.txt 2>err.txt || code=$?
  [ $code -le 1 ] || bad "seed $i: exit code $code: $(head -c 300 err.txt)"
  [ $code -eq 0 ] || grep -qE '^weft: noise.csv:[0-9]+: ' err.txt || bad "seed $i: said '$(head -c 300 err.txt)'"
done

fact "random bytes as a table to join or to group end in rows or in a message too"
for ((i = 0; i < 40; i++)); do
  { printf 'a,b\n'; random_bytes 3000 $i | tr '\200-\377' '",\n\r'; } >noise.csv
  { printf 'a,b\n'; random_bytes 300 $((i + 500)) | tr -d '",\r\n' | fold -b -w 7 | sed 's/$/,x/'; } >calm.csv
  for command in 'join --on a noise.csv calm.csv' 'join --on b=a calm.csv noise.csv' 'group --by b --max a noise.csv'; do
    code=0
    # shellcheck disable=SC2086 # a command and its options
    "$WEFT" $command >out.txt 2>err.txt || code=$?
    [ $code -le 1 ] || bad "seed $i: $command: exit code $code: $(head -c 300 err.txt)"
    [ $code -eq 0 ] || grep -qaE '^weft: noise.csv:[0-9]+: ' err.txt || bad "seed $i: $command: said '$(head -c 300 err.txt)'"
  done
done

fact "a line for which there is no memory is told, with the numbers"
exits 3 bash -c 'head -c 100000000 /dev/zero | "$WEFT" hash --memory-limit 16M'
mentions 'weft: stdin: a long line:' bytes
exits 3 bash -c '{ echo a; printf "\""; head -c 100000000 /dev/zero; } | "$WEFT" hash --csv --memory-limit 16M'
mentions 'weft: stdin:2: no memory for field 1'

fact "a join without its two tables or its key is wrong usage"
more="'weft join --help' tells more"
exits 2 "$WEFT" join --on a
says "weft: join: two tables are needed, LEFT and RIGHT, not 0; $more"
exits 2 "$WEFT" join --on a x.csv
says "weft: join: two tables are needed, LEFT and RIGHT, not 1; $more"
exits 2 "$WEFT" join --on a x.csv y.csv z.csv
says "weft: join: two tables are needed, LEFT and RIGHT, not 3; $more"
exits 2 "$WEFT" join x.csv y.csv
says "weft: join: --on is needed: the columns of the key; $more"
exits 2 "$WEFT" join --csv --on a - -
says "weft: join: stdin cannot be both tables; $more"
exits 2 "$WEFT" join --on a x.csv y
says "weft: join: y: is it --csv or --tsv? The name does not end in either; $more"
exits 2 "$WEFT" join --on a --kind outer x.csv y.csv
says "weft: join: --kind 'outer' is none of inner, left, right, full, semi, anti; $more"
exits 2 "$WEFT" join --on a --on b x.csv y.csv
says "weft: join: --on is given twice: name all columns in one list; $more"

fact "a key of join that cannot be cut is wrong usage"
exits 2 "$WEFT" join --on a=b=c x.csv y.csv
says "weft: join: --on: 'a=b=c' has more than one =, and one in a name is written ==; $more"
exits 2 "$WEFT" join --on '"a' x.csv y.csv
says "weft: --on: a quote in '\"a' is not closed or stands inside a name"
exits 2 "$WEFT" join --on "$(seq -s, 65)" x.csv y.csv
says "weft: join: --on names 65 columns, and a key has at most 64; $more"

fact "a group without its key is wrong usage"
printf 'a,b\n1,2\n' >ab.csv
more="'weft group --help' tells more"
exits 2 "$WEFT" group ab.csv
says "weft: group: --by is needed: the columns of the key; $more"
exits 2 "$WEFT" group --by a
says "weft: group: stdin: is it --csv or --tsv? The name does not end in either; $more"
exits 2 "$WEFT" group --by "$(seq -s, 65)" x.csv
says "weft: group: --by names 65 columns, and a key has at most 64; $more"
exits 2 "$WEFT" group --by a --sum a --sum b x.csv
says "weft: group: --sum is given twice: name all columns in one list; $more"

# Two tables, and what is said of their join: MESSAGE begins with the name of one.
printf 'a,b\n1,2\n' >l.csv
join_refused() { # RIGHT MESSAGE OPTION...
  local table=$1 message=$2
  shift 2
  printf "$table" >r.csv
  exits 1 "$WEFT" join l.csv r.csv "$@"
  says "weft: $message"
  nothing
}

fact "a column of the key that one of the tables lacks or has twice is told, with the table"
join_refused 'x,y\n1,2\n' "l.csv:1: no column 'x' among the 2 of the header" --on x
join_refused 'x,y\n1,2\n' "r.csv:1: no column 'a' among the 2 of the header" --on a
join_refused 'x,y\n1,2\n' "r.csv:1: no column 'z' among the 2 of the header" --on a=x,b=z
join_refused '\nx,y,x\n1,2,3\n' "r.csv:2: column 'x' is in the header 2 times, as fields 1 and 3" --on a=x

fact "a column of the output that is in neither table, or in both, is told"
join_refused 'a,y\n1,2\n' "l.csv:1: no column 'z' among the 2 of the header, nor among the 2 of r.csv" --on a --columns z
join_refused 'a,b\n1,2\n' "l.csv:1: column 'b' is in the header of r.csv too: is it left.b or right.b?" --on a --columns a,b
join_refused 'x,a\n1,2\n' "l.csv:1: column 'a' is in the header of r.csv too: is it left.a or right.a?" --on a=x --columns a
join_refused 'a,y\n1,2\n' "r.csv:1: no column 'b' among the 2 of the header" --on a --columns right.b
join_refused 'a,y\n1,2\n' "l.csv:1: no column 'y' among the 2 of the header" --on a --columns left.y

fact "a semi or anti join has no columns of RIGHT"
join_refused 'a,y\n1,2\n' "l.csv:1: no column 'y' among the 2 of the header" --on a --columns y --kind semi
exits 2 "$WEFT" join l.csv r.csv --on a --columns right.y --kind anti
says "weft: join: --columns: 'right.y': --kind anti prints rows of LEFT alone; 'weft join --help' tells more"

fact "bad rows of RIGHT are told before anything is printed, those of LEFT after the rows before them"
join_refused 'a,y\n1,2\n3\n' 'r.csv:3: the row has 1 fields, the header 2' --on a
join_refused 'a,y\n1,"2\n' 'r.csv:2: the quote that opens field 2 is not closed' --on a
join_refused '' 'r.csv:1: no header: the input has no record' --on a
printf 'a,y\n1,2\n' >r.csv
printf 'a,b\n1,2\n1,x\n1\n1,2\n' >ragged.csv
exits 1 "$WEFT" join ragged.csv r.csv --on a
says 'weft: ragged.csv:4: the row has 1 fields, the header 2'
prints 'a,b,y
1,2,2
1,x,2'
exits 3 "$WEFT" join l.csv gone.csv --on a
says 'weft: gone.csv: No such file or directory'
nothing

fact "a field that is no number is told, with file, line, column and text"
group_refused() { # FIELD WHAT
  printf 'k,v\na,1\n"two\nlines",2\n' >first.csv
  printf 'v,k\n1,"two\nlines"\n%s,b\n' "$1" >second.csv
  exits 1 "$WEFT" group --by k --sum v first.csv second.csv
  says "weft: second.csv:4: column 'v': $2"
  nothing
}
for field in x 1x ' 1' '1 ' - + . e5 1e 1e+ 0x10 inf nan 1,000 --1 1..2 1.2.3 '½'; do
  quote=$([[ $field != *,* ]] || echo '"')
  group_refused "$quote$field$quote" "'$field' is no number"
done
group_refused 1e999 "'1e999' is more than a double holds"
group_refused "$(printf '%01100d.5' 0)" "'$(printf %040d 0)'... is a number of more than 1000 characters"
group_refused "$(printf 'x%050d' 0)" "'x$(printf %039d 0)'... is no number"

fact "a sum that no double holds is told"
printf 'k,v\na,1\nb,1e308\nb,1e308\n' >t.csv
exits 1 "$WEFT" group --by k --sum v -o sums.csv t.csv
says "weft: --sum: the sum of column 'v' in group 2 is more than a double holds"
[ ! -e sums.csv ] || bad "the output is there"

fact "columns that group is asked for and a table lacks are told"
exits 1 "$WEFT" group --by k,x t.csv
says "weft: t.csv:1: no column 'x' among the 2 of the header"
exits 1 "$WEFT" group --by k --max w t.csv
says "weft: t.csv:1: no column 'w' among the 2 of the header"
exits 1 "$WEFT" group --by k ragged.csv
says "weft: ragged.csv:1: no column 'k' among the 2 of the header"
exits 1 "$WEFT" group --by a ragged.csv
says 'weft: ragged.csv:4: the row has 1 fields, the header 2'
nothing

fact "a limit of memory that is reached by a join or by groups is told, with the numbers"
awk 'BEGIN { print "a,y"; for (i = 0; i < 200000; i++) print "a key that is long enough " i "," i }' >wide.csv
{ echo a; seq 400000; } >long.csv
for kind in inner full anti; do
  exits 3 "$WEFT" join --on a --kind $kind --memory-limit 8M -o limited.csv l.csv wide.csv
  mentions 'weft: wide.csv: rows to keep: ' ' bytes: ' 'limit of 8388608'
  exits 3 "$WEFT" join --on a --kind $kind --memory-limit 12M -o limited.csv l.csv long.csv
  mentions 'weft: long.csv: an index of 400000 rows: ' ' bytes: ' 'limit of 12582912'
done
exits 3 "$WEFT" group --by a --memory-limit 5M -o limited.csv wide.csv
mentions 'weft: wide.csv: rows to keep: ' ' bytes: ' 'limit of 5242880'
exits 3 "$WEFT" group --by a --memory-limit 12M -o limited.csv long.csv
mentions 'weft: the groups of ' ' keys: ' ' bytes: ' 'limit of 12582912'
[ ! -e limited.csv ] || bad "the output is there"

fact "wherever memory ends, a join and a group end with that message or their rows, and leave nothing half done"
awk 'BEGIN { print "a,y"; for (i = 0; i < 20000; i++) print i % 5000 "," i }' >medium.csv
"$WEFT" join --on a l.csv medium.csv -o want_join.csv
"$WEFT" group --by a --sum y medium.csv -o want_group.csv
ends=0
for ((limit = 200; limit < 9000; limit += 200 * thin)); do
  for command in 'join --on a l.csv' 'group --by a --sum y'; do
    rm -f limited.csv
    code=0
    # shellcheck disable=SC2086 # a command and its options
    "$WEFT" $command medium.csv -o limited.csv --memory-limit ${limit}K >out.txt 2>err.txt || code=$?
    if [ $code -eq 0 ]; then
      same want_"${command%% *}".csv limited.csv
    else
      ends=$((ends + 1))
      [ $code -eq 3 ] && [ "$(grep -c '^weft: ' err.txt)" -ge 1 ] || bad "${limit}K: exit code $code: $(head -c 300 err.txt)"
      [ ! -e limited.csv ] || bad "${limit}K: the output is there"
      mentions "$((limit * 1024))"
    fi
  done
done
[ $ends -gt $((10 / thin)) ] && [ -e limited.csv ] || bad "$ends limits were reached"

fact "a write that fails is told"
seq 100000 >numbers
exits 3 bash -c '"$WEFT" hash numbers >/dev/full'
says 'weft: stdout: No space left on device'
exits 3 bash -c '"$WEFT" hash --binary numbers >/dev/full'
says 'weft: stdout: No space left on device'
"$WEFT" pack ab.csv -o ab.weft
for command in 'join --on a ab.csv ab.csv' 'group --by a ab.csv' 'join --help' 'group --help' \
  features 'features --json' --help --version 'hash --help' 'features --help' 'hash /proc/self/status' 'pack --help' \
  'unpack --help' 'cat --help' 'describe --help' 'verify --help' 'pack ab.csv' 'unpack ab.weft' 'cat ab.weft' 'describe ab.weft' \
  'describe --json ab.weft' 'verify --json ab.weft'; do
  exits 3 bash -c '"$WEFT" '"$command"' >/dev/full'
  says 'weft: stdout: No space left on device'
done

fact "a standard output that is closed is told, where there is something to print"
exits 3 bash -c '"$WEFT" hash one >&-'
says 'weft: stdout: Bad file descriptor'

fact "messages do not end in a file when stderr is closed"
exits 3 bash -c '"$WEFT" hash -o result one gone 2>&-'
[ ! -e result ] || bad "the output is there"
exits 0 bash -c '"$WEFT" hash -o result --stats one 2>&-'
echo one | "$XXH_LINES" xxh3 >witness.txt
same witness.txt result

fact "a reader that goes away ends the run without a word"
exits 0 bash -c '"$WEFT" hash numbers | head -n 1 >/dev/null; [ "${PIPESTATUS[0]}" -eq 141 ]'
silent
exits 0 bash -c 'trap "" PIPE; "$WEFT" hash numbers | head -n 1 >/dev/null; [ "${PIPESTATUS[0]}" -eq 3 ]'
silent

finish

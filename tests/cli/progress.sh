#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# When weft draws progress: only on a terminal, only for long work, and never into the results. Long work is work that waits, so
# that all of it is begun at once, and looked at in the end.
. "$(dirname "$0")/lib.sh"
need script bsdutils

# A bare system may have no pseudo-terminals: CTest then lists this test as one that did not run.
script -qec true /dev/null </dev/null >drawn.txt 2>&1 || {
  printf 'NOT TESTED HERE: this system gives no pseudo-terminal: %s\n' "$(cat drawn.txt)"
  exit 77
}

# Begins a shell command whose stderr is a terminal, in a folder NAME.
begins() { # NAME COMMAND
  mkdir "$1"
  (
    cd "$1" || exit
    code=0
    script -qec "$2" /dev/null </dev/null >drawn.txt || code=$?
    echo $code >code.txt
  ) &
}

# Once all have ended: goes to the folder NAME. What was drawn is in drawn.txt there.
at() { # NAME [CODE]
  cd "$work/$1" || exit
  [ "$(cat code.txt)" = "${2:-0}" ] || bad "$1: exit code $(cat code.txt)"
}

draws() { # NAME PATTERN: and wipes it
  at "$1"
  grep -qE "$2" drawn.txt || bad "$1: drew '$(cat -v drawn.txt)'"
  [ "$(tail -c 4 drawn.txt)" = $'\r\033[K' ] || bad "$1: not wiped: '$(cat -v drawn.txt)'"
}

draws_nothing() { # NAME
  at "$1"
  [ ! -s drawn.txt ] || bad "$1: drew '$(cat -v drawn.txt)'"
}

# The short work first, alone: it is to stay short.
begins short "{ echo a; sleep 0.3; echo b; } | $WEFT hash >results.txt"
wait

long='{ echo a; sleep 1.6; echo b; sleep 0.2; echo c; }'
begins long "$long | $WEFT hash >results.txt"
begins long_quiet "$long | $WEFT hash --no-progress >results.txt"
begins long_file "$long | $WEFT hash -o results.txt 2>err.txt"

# Slow work on a file: its output goes through a pipe that is read slowly.
yes 'a line that is long enough to make the pipe wait' | head -n 100000 >file
begins sized "$WEFT hash $work/file | { sleep 1.8; cat >results.txt; }"

printf 'a,b\n1,2\n' >table.csv
slow='{ echo a,c; sleep 1.6; echo 1,3; sleep 0.2; echo 1,4; }'
begins join "$slow | $WEFT join --csv --on a - $work/table.csv >results.txt"
begins join_quiet "$slow | $WEFT join --csv --on a - $work/table.csv --no-progress >results.txt"
begins group "$slow | $WEFT group --csv --by a >results.txt"
begins group_quiet "$slow | $WEFT group --csv --by a --no-progress >results.txt"
begins partition "$slow | $WEFT partition --csv -n 2 --key a -o parts >results.txt"
begins partition_quiet "$slow | $WEFT partition --csv -n 2 --key a -o parts --no-progress >results.txt"

awk 'BEGIN { print "a"; srand(1); for (i = 0; i < 100000; i++) print int(rand() * 2 ^ 31) }' >large.csv
"$WEFT" pack large.csv --chunk-rows 1024 -o packed.weft
half=$(($(stat -c %s packed.weft) / 2))
slow="{ head -c $half $work/packed.weft; sleep 1.6; tail -c +$((half + 1)) $work/packed.weft; }"
for command in unpack cat verify; do
  begins $command "$slow | $WEFT $command >results.txt"
  begins ${command}_quiet "$slow | $WEFT $command --no-progress >results.txt"
done
begins pack "{ cat $work/large.csv; sleep 1.6; tail -n +2 $work/large.csv; sleep 0.2; echo 1; } | $WEFT pack --csv - >packed.weft"
begins unpack_sized "$WEFT unpack $work/packed.weft | { sleep 1.8; cat >results.txt; }"

begins fails "{ echo a; sleep 1.6; echo b; sleep 0.2; } | $WEFT hash - gone >results.txt"
begins packed_to_terminal "$WEFT pack $work/table.csv"
begins raw_to_terminal "echo a | $WEFT hash --binary"
wait

fact "short work draws nothing"
draws_nothing short

fact "work of more than a second is drawn on a terminal, and wiped at the end"
printf 'a\nb\nc\n' | "$XXH_LINES" xxh3 >"$work/witness.txt"
draws long '2 rows, 0.0 MB'
same "$work/witness.txt" results.txt

fact "--no-progress draws nothing"
draws_nothing long_quiet
same "$work/witness.txt" results.txt

fact "where stderr is no terminal nothing is drawn, whatever stdout is"
draws_nothing long_file
silent
same "$work/witness.txt" results.txt

fact "files that tell their size are drawn with a share of it"
draws sized '[0-9]+ rows, [0-9.]+ MB, [0-9.]+ MB/s, [0-9]+ %'
same <("$XXH_LINES" xxh3 <"$work/file") results.txt
draws unpack_sized '[0-9]+ rows, [0-9.]+ MB, [0-9.]+ MB/s, [0-9]+ %'
same "$work/large.csv" results.txt

fact "a join, a group and a partition of more than a second are drawn and wiped"
for command in join group partition; do
  draws $command '[12] rows, 0.0 MB'
  draws_nothing ${command}_quiet
done

fact "packing, unpacking and verifying of more than a second are drawn and wiped"
draws pack '[0-9]+ rows, [0-9.]+ MB'
for command in unpack cat verify; do
  draws $command '[0-9]+ rows, [0-9.]+ MB'
  draws_nothing ${command}_quiet
done
same "$work/large.csv" ../unpack_quiet/results.txt

fact "a packed file does not go to a terminal"
at packed_to_terminal 2
grep -q 'weft: pack: a packed file is not for terminals' drawn.txt || bad "drew '$(cat -v drawn.txt)'"

fact "a message comes on a line of its own, the progress wiped before it"
at fails 3
grep -qE $'\r\033\\[Kweft: gone: No such file or directory\r$' drawn.txt || bad "drew '$(cat -v drawn.txt)'"

fact "raw hashes do not go to a terminal"
at raw_to_terminal 2
grep -q 'weft: hash: --binary is not for terminals' drawn.txt || bad "drew '$(cat -v drawn.txt)'"

finish

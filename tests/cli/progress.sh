#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# When weft draws progress: only on a terminal, only for long work, and never into the results.
. "$(dirname "$0")/lib.sh"
need script bsdutils

# A bare system may have no pseudo-terminals: CTest then lists this test as one that did not run.
script -qec true /dev/null </dev/null >drawn.txt 2>&1 || {
  printf 'NOT TESTED HERE: this system gives no pseudo-terminal: %s\n' "$(cat drawn.txt)"
  exit 77
}

# Runs a shell command whose stderr is a terminal; what was drawn there is in drawn.txt.
on_terminal() { # COMMAND
  script -qec "$1" /dev/null </dev/null >drawn.txt || bad "exit code $?: $1"
}

long='{ echo a; sleep 1.6; echo b; sleep 0.2; echo c; }'
short='{ echo a; sleep 0.3; echo b; }'
printf 'a\nb\nc\n' | "$XXH_LINES" xxh3 >witness.txt

fact "work of more than a second is drawn on a terminal, and wiped at the end"
on_terminal "$long | $WEFT hash >results.txt"
grep -q '2 rows, 0.0 MB' drawn.txt || bad "drew '$(cat -v drawn.txt)'"
[ "$(tail -c 4 drawn.txt)" = $'\r\033[K' ] || bad "not wiped: '$(cat -v drawn.txt)'"
same witness.txt results.txt

fact "short work draws nothing"
on_terminal "$short | $WEFT hash >results.txt"
[ ! -s drawn.txt ] || bad "drew '$(cat -v drawn.txt)'"

fact "--no-progress draws nothing"
on_terminal "$long | $WEFT hash --no-progress >results.txt"
[ ! -s drawn.txt ] || bad "drew '$(cat -v drawn.txt)'"
same witness.txt results.txt

fact "where stderr is no terminal nothing is drawn, whatever stdout is"
on_terminal "$long | $WEFT hash -o results.txt 2>err.txt"
[ ! -s drawn.txt ] || bad "drew '$(cat -v drawn.txt)'"
silent
same witness.txt results.txt

fact "files that tell their size are drawn with a share of it"
# Slow work on a file: its output goes through a pipe that is read slowly.
yes 'a line that is long enough to make the pipe wait' | head -n 100000 >file
on_terminal "$WEFT hash file | { sleep 1.8; cat >results.txt; }"
grep -qE '[0-9]+ rows, [0-9.]+ MB, [0-9.]+ MB/s, [0-9]+ %' drawn.txt || bad "drew '$(cat -v drawn.txt)'"
"$XXH_LINES" xxh3 <file >witness.txt
same witness.txt results.txt

fact "a join, a group and a partition of more than a second are drawn and wiped"
printf 'a,b\n1,2\n' >table.csv
slow='{ echo a,c; sleep 1.6; echo 1,3; sleep 0.2; echo 1,4; }'
for command in 'join --csv --on a - table.csv' 'group --csv --by a' 'partition --csv -n 2 --key a -o parts'; do
  on_terminal "$slow | $WEFT $command >results.txt"
  grep -qE '[12] rows, 0.0 MB' drawn.txt || bad "$command drew '$(cat -v drawn.txt)'"
  [ "$(tail -c 4 drawn.txt)" = $'\r\033[K' ] || bad "$command: not wiped: '$(cat -v drawn.txt)'"
  on_terminal "$slow | $WEFT $command --no-progress >results.txt"
  [ ! -s drawn.txt ] || bad "$command drew '$(cat -v drawn.txt)'"
done

fact "packing, unpacking and verifying of more than a second are drawn and wiped"
awk 'BEGIN { print "a"; srand(1); for (i = 0; i < 100000; i++) print int(rand() * 2 ^ 31) }' >table.csv
on_terminal "{ cat table.csv; sleep 1.6; tail -n +2 table.csv; sleep 0.2; echo 1; } | $WEFT pack --csv - >packed.weft"
grep -qE '[0-9]+ rows, [0-9.]+ MB' drawn.txt || bad "pack drew '$(cat -v drawn.txt)'"
[ "$(tail -c 4 drawn.txt)" = $'\r\033[K' ] || bad "pack: not wiped: '$(cat -v drawn.txt)'"
"$WEFT" pack table.csv --chunk-rows 1024 -o packed.weft
half=$(($(stat -c %s packed.weft) / 2))
slow="{ head -c $half packed.weft; sleep 1.6; tail -c +$((half + 1)) packed.weft; }"
for command in unpack cat verify; do
  on_terminal "$slow | $WEFT $command >results.txt"
  grep -qE '[0-9]+ rows, [0-9.]+ MB' drawn.txt || bad "$command drew '$(cat -v drawn.txt)'"
  [ "$(tail -c 4 drawn.txt)" = $'\r\033[K' ] || bad "$command: not wiped: '$(cat -v drawn.txt)'"
  on_terminal "$slow | $WEFT $command --no-progress >results.txt"
  [ ! -s drawn.txt ] || bad "$command drew '$(cat -v drawn.txt)'"
done
same table.csv <("$WEFT" unpack packed.weft)
on_terminal "$WEFT unpack packed.weft | { sleep 1.8; cat >results.txt; }"
grep -qE '[0-9]+ rows, [0-9.]+ MB, [0-9.]+ MB/s, [0-9]+ %' drawn.txt || bad "drew '$(cat -v drawn.txt)'"

fact "a packed file does not go to a terminal"
script -qec "$WEFT pack table.csv" /dev/null </dev/null >drawn.txt && bad "exit code 0"
grep -q 'weft: pack: a packed file is not for terminals' drawn.txt || bad "drew '$(cat -v drawn.txt)'"

fact "a message comes on a line of its own, the progress wiped before it"
script -qec "{ echo a; sleep 1.6; echo b; sleep 0.2; } | $WEFT hash - gone >results.txt" /dev/null </dev/null >drawn.txt
grep -qE $'\r\033\\[Kweft: gone: No such file or directory\r$' drawn.txt || bad "drew '$(cat -v drawn.txt)'"

fact "raw hashes do not go to a terminal"
script -qec "echo a | $WEFT hash --binary" /dev/null </dev/null >drawn.txt && bad "exit code 0"
grep -q 'weft: hash: --binary is not for terminals' drawn.txt || bad "drew '$(cat -v drawn.txt)'"

finish

#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft --output: the file is there whole, or is what it was.
. "$(dirname "$0")/lib.sh"

seq 200000 >numbers
"$XXH_LINES" xxh3 <numbers >witness.txt
{ echo a,b; seq 10000 | sed 's/$/,x/'; echo ragged; seq 10000 | sed 's/$/,x/'; } >ragged.csv
mkdir d

leaves() { # NAME...: the folder d holds these and nothing else
  local is
  is=$(ls -A d | tr '\n' ' ')
  [ "$is" = "${*:+$* }" ] || bad "d holds '$is', not '$*'"
}

fact "the file holds what stdout would have got, and stdout gets nothing"
exits 0 "$WEFT" hash -o d/out numbers
nothing
silent
same witness.txt d/out
leaves out

fact "a new file has the permissions that the umask leaves"
rm d/out
exits 0 bash -c 'umask 027; "$WEFT" hash --output d/out numbers'
[ "$(stat -c %a d/out)" = 640 ] || bad "permissions $(stat -c %a d/out)"

fact "a file that was there is replaced and keeps its permissions"
echo old >d/out
chmod 604 d/out
exits 0 "$WEFT" hash --output=d/out numbers
same witness.txt d/out
[ "$(stat -c %a d/out)" = 604 ] || bad "permissions $(stat -c %a d/out)"
leaves out

fact "through a symbolic link the file that it names is replaced"
echo old >target
ln -s ../target d/link
exits 0 "$WEFT" hash -o d/link numbers
[ -L d/link ] || bad "the link is gone"
same witness.txt target
rm d/link

fact "the output may be an input"
cp numbers d/out
exits 0 "$WEFT" hash -o d/out d/out
same witness.txt d/out

fact "the output may lie in the working folder, its name without a slash"
exits 0 "$WEFT" hash -o here numbers
same witness.txt here

fact "a ragged row behind ten thousand good ones leaves no file"
rm d/out
exits 1 "$WEFT" hash --column a -o d/out ragged.csv
says 'weft: ragged.csv:10002: the row has 1 fields, the header 2'
leaves

fact "a failure leaves the file that was there, untouched"
echo old >d/out
echo old >old
touch -d 2001-02-03 d/out
for input in ragged.csv gone.csv; do
  "$WEFT" hash --column a -o d/out $input 2>err.txt && bad "$input: exit code 0"
  same old d/out
  [ "$(stat -c %y d/out | cut -c1-10)" = 2001-02-03 ] || bad "$input: it was written to"
  leaves out
done

fact "a file that cannot be written is told, before the input is read"
exits 3 "$WEFT" hash -o nowhere/out numbers
says 'weft: nowhere/out: No such file or directory'
exits 3 "$WEFT" hash -o d numbers
says 'weft: d: Is a directory'
exits 3 "$WEFT" hash -o numbers/out numbers
says 'weft: numbers/out: Not a directory'
leaves out
mkfifo idle
exits 3 timeout 20 "$WEFT" hash -o nowhere/out <>idle

fact "a disk that is full leaves no file"
exits 3 bash -c 'ulimit -f 100; "$WEFT" hash -o d/new numbers'
says 'weft: d/new: File too large'
leaves out

# No device is ever named as an output here: a weft that replaced it by a file would, run by root, take it from the machine.
fact "an open file descriptor that is a pipe is written as it comes"
exits 0 bash -c '"$WEFT" hash -o /proc/self/fd/1 numbers | cat'
same witness.txt out.txt

fact "a named pipe is written as it comes"
mkfifo d/pipe
cat d/pipe >from_pipe &
exits 0 "$WEFT" hash -o d/pipe numbers
wait $!
same witness.txt from_pipe
[ -p d/pipe ] || bad "the pipe was replaced"
rm d/pipe

# Runs weft until it has written to its temporary file, ends it by a signal, and returns how it ended.
interrupt() { # SIGNAL
  local i
  mkfifo feed
  env --default-signal="$1" "$WEFT" hash -o d/out feed 2>err.txt &
  local weft=$!
  exec 7>feed
  cat numbers >&7
  for ((i = 0; i < 200; i++)); do
    [ -n "$(find d -name '.weft-*' -size +0)" ] && break
    sleep 0.05
  done
  [ $i -lt 200 ] || bad "no temporary file in ten seconds"
  kill -s "$1" $weft
  local code=0
  wait $weft || code=$?
  exec 7>&-
  rm feed
  return $code
}

for signal in HUP INT QUIT TERM PIPE ALRM XCPU USR1 USR2; do
  fact "SIG$signal leaves the old file and nothing beside it, and ends the program as that signal does"
  code=0
  (ulimit -c 0; interrupt $signal) 2>notice.txt || code=$? # the shell's notice of how its child ended
  [ "$(kill -l $code)" = $signal ] || bad "exit code $code"
  same old d/out
  leaves out
done

fact "a signal that was ignored at the start stays ignored"
mkfifo feed
(trap '' HUP; exec "$WEFT" hash -o d/out feed) &
exec 7>feed
cat numbers >&7
sleep 0.2
kill -s HUP $!
exec 7>&-
code=0
wait $! || code=$?
[ $code -eq 0 ] || bad "exit code $code"
same witness.txt d/out
rm feed

fact "binary output to a file is what it is to stdout"
exits 0 "$WEFT" hash -b numbers
mv out.txt binary
exits 0 "$WEFT" hash -b -o d/out numbers
same binary d/out

fact "a join and a group write their file whole, or leave what was there"
seq 50000 | awk 'BEGIN { print "a,b" } { print $1 "," $1 % 100 }' >table.csv
rm -f d/out
for command in 'join --on a table.csv' 'group --by b --sum a'; do
  # shellcheck disable=SC2086 # a command and its options
  exits 0 "$WEFT" $command table.csv
  mv out.txt want.csv
  # shellcheck disable=SC2086
  exits 0 "$WEFT" $command table.csv -o d/out
  nothing
  silent
  same want.csv d/out
  echo old >d/out
  { cat table.csv; echo ragged; } >late.csv
  # shellcheck disable=SC2086
  exits 1 "$WEFT" $command late.csv -o d/out
  says 'weft: late.csv:50002: the row has 1 fields, the header 2'
  same old d/out
  leaves out
done
exits 1 "$WEFT" join --on a late.csv table.csv -o d/out
says 'weft: late.csv:50002: the row has 1 fields, the header 2'
same old d/out
leaves out

fact "the output of a join may be one of its tables"
cp table.csv d/out
exits 0 "$WEFT" join --csv --on a=b --kind semi d/out table.csv -o d/out
rows 100 d/out

fact "a disk that is full leaves no file of a join"
exits 3 bash -c 'ulimit -f 100; "$WEFT" join --on a -o d/new table.csv table.csv'
says 'weft: d/new: File too large'
leaves out

finish

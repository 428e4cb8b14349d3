#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# weft features and the help texts.
. "$(dirname "$0")/lib.sh"
: "${JSON_GET:?the reader of JSON}" "${WEFT_MAN:?the man page}" "${WEFT_VERSION:?the version}"

get() { # PATH: a value of the JSON in features.json
  "$JSON_GET" "$1" <features.json
}

exits 0 "$WEFT" features --json
cp out.txt features.json

fact "the JSON names the library's version, and a table among those that run here"
[ "$(get version)" = "$WEFT_VERSION" ] || bad "version $(get version)"
[ "$(get cpu | wc -c)" -gt 1 ] || bad "no cpu"
[ "$(get reason | wc -c)" -gt 1 ] || bad "no reason"
isas | grep -qxF "$(get isa)" || bad "$(get isa) is not among $(isas)"

fact "text and JSON tell the same of each table"
exits 0 "$WEFT" features
count=$(get tables/length)
[ "$count" -ge 6 ] || bad "only $count tables"
for ((i = 0; i < count; i++)); do
  name=$(get tables/$i/name)
  line=$(sed -n 's/^[* ] //p' out.txt | grep -E "^$name ")
  [ "$(get tables/$i/built)" = true ] && [[ $line = *'not built'* ]] && bad "$name: is it built? $line"
  [ "$(get tables/$i/built)" = false ] && [[ $line != *'not built'* ]] && bad "$name: is it built? $line"
  [ "$(get tables/$i/supported)" = true ] && [[ $line != *'runs here'* ]] && bad "$name: does it run? $line"
  [ "$(get tables/$i/supported)" = false ] && [[ $line != *'cannot run here'* ]] && bad "$name: does it run? $line"
  for ((m = 0; m < $(get tables/$i/missing/length); m++)); do
    [[ $line = *"$(get tables/$i/missing/$m)"* ]] || bad "$name: $(get tables/$i/missing/$m) is not in: $line"
  done
done
grep -qE "^\* $(get isa) " out.txt || bad "the star is not at $(get isa): $(cat out.txt)"

fact "a table that cannot run here says what is lacking, one that can lacks nothing"
for ((i = 0; i < count; i++)); do
  lacks=$(get tables/$i/missing/length)
  if [ "$(get tables/$i/supported)" = true ]; then
    [ "$lacks" -eq 0 ] || bad "$(get tables/$i/name) lacks $lacks"
  elif [ "$(get tables/$i/built)" = true ]; then
    [ "$lacks" -gt 0 ] || bad "$(get tables/$i/name) lacks nothing"
  fi
done

fact "WEFT_ISA and --isa choose the table, the option before the environment"
for isa in $(isas); do
  exits 0 env WEFT_ISA="$isa" "$WEFT" features --json
  cp out.txt features.json
  [ "$(get isa)" = "$isa" ] || bad "WEFT_ISA=$isa gave $(get isa)"
  exits 0 env WEFT_ISA=scalar "$WEFT" features --json --isa "$isa"
  cp out.txt features.json
  [ "$(get isa)" = "$isa" ] || bad "--isa $isa gave $(get isa)"
done

fact "--version tells the version"
exits 0 "$WEFT" --version
prints "weft $WEFT_VERSION"

commands='cat describe features group hash join pack unpack verify'

fact "the help lists every command, and each has a help of its own"
exits 0 "$WEFT" --help
silent
cp out.txt help
exits 0 "$WEFT" -h
same help out.txt
for command in $commands; do
  grep -qE "^  $command " help || bad "$command is not in the help"
  exits 0 "$WEFT" $command --help
  silent
  grep -q "^Usage: weft $command" out.txt || bad "no usage of $command: $(head -n 1 out.txt)"
  cp out.txt $command.help
  exits 0 "$WEFT" $command -h no such arguments --nor-options
  same $command.help out.txt
done

fact "the man page and the help texts name the same options"
sed 's/\\-/-/g' "$WEFT_MAN" >page
for command in $commands; do
  grep -oE '^ +(-[a-z0-9], )?--[a-z-]+' $command.help | grep -oE -- '--[a-z-]+' | sort >$command.options
  awk -v start=".SS weft $command" '$0 == start { on = 1; next } /^\.S[SH] / { on = 0 } on' page |
    grep -A1 -E '^\.TP' | grep -oE -- '--[a-z-]+' | sort >$command.page
  same $command.options $command.page
  [ -s $command.options ] || bad "no options in the help of $command"
done

fact "every option of the help is known to the command"
for command in $commands; do
  while read -r option; do
    "$WEFT" $command "$option" </dev/null >out.txt 2>err.txt
    grep -q 'no option' err.txt && bad "$command $option: $(cat err.txt)"
  done <$command.options
done

fact "no line of a help text is wider than a terminal of 120 columns"
cat help ./*.help | awk 'length($0) > 120' >wide
[ ! -s wide ] || bad "$(cat wide)"

finish

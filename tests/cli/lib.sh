# SPDX-License-Identifier: MIT
#
# What the scripts of this folder share. WEFT and XXH_LINES name the programs; all work is done in a folder of its own, which
# goes away at the end. A script states facts, each followed by the checks that would show it false.
# shellcheck shell=bash
set -u -o pipefail
export LC_ALL=C
unset WEFT_ISA
: "${WEFT:?the command to test}" "${XXH_LINES:?the witness}"

work=$(mktemp -d) || exit 1
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 1
# Of loops that start hundreds of programs, or of lines of large tables, one in so many is done where that takes long.
thin=$((${WEFT_TEST_PERCENT:-100} < 100 ? 4 : 1))
facts=0 failures=0 current='(no fact yet)'

need() { # TOOL PACKAGE
  command -v "$1" >/dev/null || { echo "FAILED: $1 is needed (package $2)"; exit 1; }
}

fact() { # SENTENCE
  current=$1
  facts=$((facts + 1))
}

bad() { # WHAT IS WRONG
  printf 'FAILED: %s\n        %s\n' "$current" "$*"
  failures=$((failures + 1))
}

# Runs a command; its output is then in out.txt and err.txt. Stdin is the caller's.
exits() { # CODE COMMAND...
  local want=$1 got=0
  shift
  "$@" >out.txt 2>err.txt || got=$?
  [ "$got" -eq "$want" ] || bad "exit code $got, not $want: $*; it said: $(head -c 4000 err.txt)"
}

says() { # TEXT: all of stderr is this one line
  printf '%s\n' "$1" >want.txt
  cmp -s want.txt err.txt || bad "said '$(head -c 500 err.txt)', not '$1'"
}

mentions() { # TEXT...: stderr holds each
  local text
  for text; do
    grep -qF -- "$text" err.txt || bad "'$(head -c 500 err.txt)' does not mention '$text'"
  done
}

silent() { # stderr is empty
  [ ! -s err.txt ] || bad "should be silent, and said '$(head -c 500 err.txt)'"
}

prints() { # TEXT: stdout is this, with a line break
  printf '%s\n' "$1" >want.txt
  cmp -s want.txt out.txt || bad "printed '$(head -c 500 out.txt)', not '$1'"
}

nothing() { # stdout is empty
  [ ! -s out.txt ] || bad "should print nothing, and printed '$(head -c 200 out.txt)'"
}

same() { # FILE FILE
  local difference
  difference=$(cmp "$1" "$2" 2>&1) || bad "$difference"
}

rows() { # COUNT FILE
  local count
  count=$(wc -l <"$2")
  [ "$count" -eq "$1" ] || bad "$2 has $count lines, not $1"
}

isas() { # the tables that run here
  "$WEFT" features | awk '/runs here/ { sub(/^\*/, ""); print $1 }'
}

# Bytes that look random and are the same every time.
random_bytes() { # COUNT SEED
  awk -v n="$1" -v seed="$2" 'BEGIN { srand(seed); for (i = 0; i < n; i++) printf "%c", int(rand() * 256) }'
}

finish() {
  printf '%s facts, %s failures\n' "$facts" "$failures"
  [ "$facts" -gt 0 ] && [ "$failures" -eq 0 ]
  exit
}

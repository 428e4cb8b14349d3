# SPDX-License-Identifier: MIT
#
# What join.sh and group.sh share: random tables, and SQLite as the witness. Sourced after lib.sh.
# shellcheck shell=bash
need sqlite3 sqlite3

# A random table: each column is drawn from a pool of its own, of keys that may be empty, hold quotes, delimiters and line
# breaks, be the text NULL, be longer than a register or differ in their last byte alone. Quotes stand where they must, and here
# and there where they need not.
random_table() { # ROWS POOL SEED DELIMITER NAME...
  awk -v rows="$1" -v pool="$2" -v seed="$3" -v delimiter="$4" -v names="${*:5}" '
    function quoted(text) {
      if (text !~ /[",\t\n]/ && rand() < 0.9) return text
      gsub(/"/, "\"\"", text)
      return "\"" text "\""
    }
    BEGIN {
      srand(seed)
      n = split(names, name, " ")
      for (i = 1; i <= n; i++) printf "%s%s", name[i], i < n ? delimiter : "\n"
      for (row = 0; row < rows; row++)
        for (i = 1; i <= n; i++) {
          k = int(rand() * pool)
          shape = k % 9
          text = k
          if (k == 0) text = ""
          else if (k == 1) text = "NULL"
          else if (shape == 2) text = "say \"" k "\""
          else if (shape == 3) text = k ", " k
          else if (shape == 4) text = "two\nlines " k
          else if (shape == 5) text = "a long key, longer than any register is wide: 0123456789 abcdefghijklmnopqrstuvwxyz " k
          else if (shape == 6) text = "tab\t" k
          else if (shape == 7) text = "\xc3\xbc" k "\xc3\x9f"
          printf "%s%s", quoted(text), i < n ? delimiter : "\n"
        }
    }'
}

# Commands that make SQLite read a file with a header as a table of texts.
import() { # FILE DELIMITER TABLE COLUMN...
  local columns=${*:4}
  printf 'CREATE TABLE %s (%s TEXT);\n.mode csv\n.separator "%s" "\\n"\n.import --skip 1 %s %s\n' \
    "$3" "${columns// / TEXT, }" "$2" "$1" "$3"
}

# Runs SQLite on commands from stdin; it may say nothing but the answer, which is then in answer.txt.
ask() {
  sqlite3 -batch :memory: >answer.txt 2>complaint.txt || bad "sqlite3: $(head -c 500 complaint.txt)"
  [ ! -s complaint.txt ] || bad "sqlite3: $(head -c 500 complaint.txt)"
}

# Commands that compare two tables, row by row in their order: "rows ROWS, different 0" where they are the same.
compare() { # TABLE TABLE COLUMN...
  local column differ=0
  for column in "${@:3}"; do differ+=" OR $1.$column IS NOT $2.$column"; done
  cat <<END
.mode list
SELECT 'rows ' || (SELECT count(*) FROM $1) || ' of ' || (SELECT count(*) FROM $2) || ', different ' || count(*) || ':',
  group_concat(coalesce($1.rowid, $2.rowid)) FROM $1 FULL JOIN $2 ON $1.rowid = $2.rowid WHERE $differ;
END
}

alike() { # WHAT WAS COMPARED
  grep -qE '^rows ([0-9]+) of \1, different 0:' answer.txt || bad "$*: $(head -c 300 answer.txt)"
}

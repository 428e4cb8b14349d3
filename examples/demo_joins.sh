#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The joins of ./run-demo, on this machine's own packages: each installed path with its package's row, those grouped by section,
# and the distribution's index of packages with the installed ones. The same by sqlite3, compared row for row.
#     demo_joins.sh WEFT FOLDER       WEFT: the command, by its absolute path; FOLDER: where the tables go
set -eu
weft=$1
cd "$2"
export LC_ALL=C

# csv: fields that are separated by tabs, quoted for CSV.
csv() {
  awk -F '\t' '{ for (i = 1; i <= NF; i++) { gsub(/"/, "\"\"", $i); printf("%s\"%s\"", (i > 1 ? "," : ""), $i) } print "" }'
}

# A package's list has the name that binary:Package gives: with the architecture where several may be installed side by side.
{
  printf 'path\tpackage\n'
  for list in /var/lib/dpkg/info/*.list; do
    package=${list##*/}
    sed "s,\$,	${package%.list}," "$list"
  done
} | csv >paths.csv
{
  printf 'package\tname\tsection\tversion\tsize\n'
  dpkg-query -W -f '${binary:Package}\t${Package}\t${Section}\t${Version}\t${Installed-Size}\n'
} | csv >packages.csv
apt-cache dumpavail | awk '
  function put() { if (name != "") print name "\t" version "\t" section "\t" size }
  BEGIN { print "name\tversion\tsection\tsize" }
  /^Package: / { put(); name = $2; version = section = size = "" }
  /^Version: / { version = $2 }
  /^Section: / { section = $2 }
  /^Size: / { size = $2 }
  END { put() }' | csv >avail.csv

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# timed NAME COMMAND...: runs it again and again until that has taken a second; says how often it was and what one run took.
timed() {
  timed_name=$1 runs=0 begin=$(now_ms)
  shift
  while :; do
    "$@"
    runs=$((runs + 1))
    spent=$(($(now_ms) - begin))
    [ $spent -lt 1000 ] || break
  done
  printf '  %-7s %6d ms a run (repeated %d times, to fill a second); %s bytes of CSV\n' "$timed_name" \
    $((spent / runs)) $runs "$(wc -c <"$timed_name.csv")"
}

# by_sqlite QUERY TABLE...: what a person would have sqlite3 do: import the tables, run the query, write the rows.
by_sqlite() {
  query=$1
  shift
  {
    printf '.mode csv\n'
    for table; do printf '.import %s.csv %s\n' "$table" "$table"; done
    printf '.headers on\n%s;\n' "$query"
  } | sqlite3 -batch :memory: >sqlite.csv
}

# compare: are weft.csv and sqlite.csv the same rows, each as often? sqlite3 judges, so quoting does not matter.
compare() {
  differ=$(sqlite3 -batch :memory: <<'END'
.mode csv
.import weft.csv w
.import sqlite.csv s
CREATE TABLE columns AS SELECT group_concat('"' || name || '"') AS list FROM pragma_table_info('w');
.mode list
.once compare.sql
SELECT 'SELECT ((SELECT count(*) FROM (SELECT *, count(*) FROM w GROUP BY ' || list || ' EXCEPT SELECT *, count(*) FROM s GROUP BY ' ||
  list || ')) + (SELECT count(*) FROM (SELECT *, count(*) FROM s GROUP BY ' || list || ' EXCEPT SELECT *, count(*) FROM w GROUP BY ' ||
  list || '))) || '' '' || (SELECT count(*) FROM w) || '' '' || (SELECT count(*) FROM s);' FROM columns;
.read compare.sql
END
  )
  set -- $differ
  printf '  %s rows from each, compared row for row: %s differ\n' "$2" "$1"
  [ "$1" -eq 0 ] && [ "$2" -eq "$3" ] && [ "$2" -gt 0 ] || {
    printf 'run-demo: weft gives %s rows and sqlite3 %s, and %s of them differ: see %s\n' "$2" "$3" "$1" "$PWD" >&2
    exit 1
  }
}

weft_to_file() { "$weft" "$@" --no-progress >weft.csv; }

# show WHAT QUERY TABLES WEFT-ARGUMENT...: both ways, timed and compared.
show() {
  printf '\n%s\n' "$1"
  query=$2 tables=$3
  shift 3
  timed weft weft_to_file "$@"
  timed sqlite by_sqlite "$query" $tables
  compare
}

printf '\ntables: %s paths, %s packages, %s entries of the index; each run reads its tables from CSV and writes CSV\n' \
  $(($(wc -l <paths.csv) - 1)) $(($(wc -l <packages.csv) - 1)) $(($(wc -l <avail.csv) - 1))
show 'each installed path with the row of its package' \
  'SELECT path, package, section, version, size FROM paths JOIN packages USING (package)' 'paths packages' \
  join --on package --columns path,package,section,version,size paths.csv packages.csv
cp weft.csv joined.csv
show 'those by section' \
  'SELECT section, count(*) AS count, sum(CAST(nullif(size, '"''"') AS INTEGER)) AS sum_size FROM joined GROUP BY section' joined \
  group --by section --sum size joined.csv
show 'the index of packages with the installed ones' \
  'SELECT a.name, a.version, a.section, p.package, p.version AS version_right FROM avail a JOIN packages p ON a.name = p.name' \
  'avail packages' \
  join --on name --columns left.name,left.version,left.section,package,right.version avail.csv packages.csv

#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The joins of ./run-demo, on this machine's own packages: each installed path with its package's row, those grouped by section,
# and the distribution's index of packages with the installed ones. The same by sqlite3, compared row for row, and timed beside it,
# or beside the command duckdb where that is installed (or DUCKDB names it): then duckdb's rows are compared too. At last the
# paths are split into the shards that a ClickHouse would have, and counted.
#     demo_joins.sh WEFT FOLDER       WEFT, and DUCKDB if it is a path: absolute ones; FOLDER: where the tables go
set -eu
weft=$1
duckdb=${DUCKDB:-$(command -v duckdb || true)}
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

# timed NAME COMMAND...: runs it again and again until that has taken a second; says how often it was and what one run took, and
# leaves that in timed_us, in microseconds.
timed() {
  timed_name=$1 runs=0 begin=$(now_ms)
  shift
  while :; do
    "$@"
    runs=$((runs + 1))
    spent=$(($(now_ms) - begin))
    [ $spent -lt 1000 ] || break
  done
  timed_us=$((spent * 1000 / runs))
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

# by_duckdb QUERY TABLE...: the same by duckdb, every field a text as for the others, on the one thread that they have.
by_duckdb() {
  query=$1
  shift
  rm -f duckdb.csv
  {
    printf 'SET threads = 1;\n'
    for table; do
      printf "CREATE VIEW %s AS FROM read_csv('%s.csv', header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"');\n" \
        "$table" "$table"
    done
    printf "COPY (%s) TO 'duckdb.csv' (HEADER, DELIMITER ',');\n" "$query"
  } | "$duckdb" $duckdb_init -bail -batch :memory: >duckdb.log
}

# compare NAME: are NAME.csv and sqlite.csv the same rows, each as often? sqlite3 judges, so quoting does not matter.
compare() {
  differ=$(sqlite3 -batch :memory: <<END
.mode csv
.import $1.csv w
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
  set -- "$1" $differ
  printf '  %s rows of %s and of sqlite, compared row for row: %s differ\n' "$3" "$1" "$2"
  [ "$2" -eq 0 ] && [ "$3" -eq "$4" ] && [ "$3" -gt 0 ] || {
    printf 'run-demo: %s gives %s rows and sqlite3 %s, and %s of them differ: see %s\n' "$1" "$3" "$4" "$2" "$PWD" >&2
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
  weft_us=$timed_us
  if [ "$duckdb" ]; then
    timed duckdb by_duckdb "$query" $tables
    by_sqlite "$query" $tables
    compare duckdb
  else
    timed sqlite by_sqlite "$query" $tables
  fi
  compare weft
  awk -v weft="$weft_us" -v other="$timed_us" -v name="${duckdb:+duckdb}" 'BEGIN {
    printf("  weft takes %.2f of the time that %s does\n", weft / other, name ? name : "sqlite") }'
}

# What is timed beside weft, once for all.
if [ "$duckdb" ]; then
  version=$("$duckdb" --version) || { printf 'run-demo: %s is no duckdb\n' "$duckdb" >&2; exit 1; }
  duckdb_init='' # a person's own settings stay out of it
  ! "$duckdb" -help 2>&1 | grep -q -e '-init' || duckdb_init='-init /dev/null'
  begin=$(now_ms) runs=0
  while [ $((runs += 1)) -le 10 ]; do "$duckdb" $duckdb_init -batch -c 'SELECT 1' >duckdb.log; done
  beside="duckdb $version, threads = 1; its start is $((($(now_ms) - begin) / 10)) ms of each run"
else
  beside="sqlite3 $(sqlite3 --version | cut -d ' ' -f 1); with a command duckdb, or DUCKDB=its path, it would be that"
fi

printf '\ntables: %s paths, %s packages, %s entries of the index; each run reads its tables from CSV and writes CSV\n' \
  $(($(wc -l <paths.csv) - 1)) $(($(wc -l <packages.csv) - 1)) $(($(wc -l <avail.csv) - 1))
printf 'beside weft: %s\n' "$beside"
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

# The shards of a table that ClickHouse spreads by xxHash64(path): they have as many rows as the table. What was written before is
# on the disk when the clock starts, so that the partition does not wait for it.
parts=64
rm -rf parts
sync
begin=$(now_ms)
"$weft" partition -n $parts --by clickhouse --key path -o parts paths.csv --no-progress
spent=$(($(now_ms) - begin))
files=$(ls parts | wc -l) rows=$(($(cat parts/part-*.csv | wc -l) - parts))
printf '\nthe paths by xxHash64(path) %% %d: %d files with %d rows in all, in %d ms\n' $parts "$files" "$rows" $spent
[ "$files" -eq $parts ] && [ "$rows" -eq $(($(wc -l <paths.csv) - 1)) ] || {
  printf 'run-demo: %s paths went in: see %s\n' $(($(wc -l <paths.csv) - 1)) "$PWD/parts" >&2
  exit 1
}

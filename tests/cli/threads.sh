#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What several threads of one command make is what one makes. ThreadSanitizer runs this script too: the tables are just large
# enough to be shared, and little else is done.
. "$(dirname "$0")/lib.sh"

# Rows of which each thread has some: 2^18 and more are shared. Most keys occur once, some thousands twice.
awk 'BEGIN { print "k,x"; for (i = 0; i < 300000; i++) print "key number " (i * 7919) % 290011 "," i }' >large.csv

fact "a join's output is the same whatever the threads"
awk 'BEGIN { print "k,y"; for (i = 0; i < 20000; i++) print "key number " i * 16 "," i }' >few.csv
exits 0 "$WEFT" join --on k few.csv large.csv --threads 1 -o one.csv
for threads in 2 5; do
  exits 0 "$WEFT" join --on k few.csv large.csv --threads $threads -o many.csv
  same one.csv many.csv
done
[ "$(wc -l <one.csv)" -gt 18000 ] || bad "$(wc -l <one.csv) lines"

fact "a group's output is the same whatever the threads"
exits 0 "$WEFT" group --by k --sum x --threads 1 large.csv -o one.csv
for threads in 2 5; do
  exits 0 "$WEFT" group --by k --sum x --threads $threads large.csv -o many.csv
  same one.csv many.csv
done
rows 290012 one.csv

fact "a packed file is the same whatever the threads"
{ echo id,time,name,price,few,gaps; awk 'BEGIN { srand(7); for (i = 0; i < 20000; i++)
  printf "%d,%d,user %d,%.17g,%s,%s\n", i, 1600000000 + i * 7 + int(rand() * 5), int(rand() * 5000), rand() * 100,
    substr("redgreblu", 1 + 3 * int(rand() * 3), 3), rand() < 0.3 ? "" : int(rand() * 1000) }'; } >columns.csv
for rows in 1024 8192 1048576; do
  exits 0 "$WEFT" pack columns.csv --chunk-rows $rows --threads 1 -o one.weft
  for threads in 2 3 7 16; do
    exits 0 "$WEFT" pack columns.csv --chunk-rows $rows --threads $threads -o many.weft
    same one.weft many.weft
  done
done
exits 0 "$WEFT" unpack one.weft
same columns.csv out.txt

finish

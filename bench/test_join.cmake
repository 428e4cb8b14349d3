# bench_join for a few seconds: probes, builds, groups and joins whose results are all compared, valid JSON, a summary; and
# a DuckDB that gives wrong results is found out.
include(${CMAKE_CURRENT_LIST_DIR}/expect.cmake)
set(results ${CMAKE_CURRENT_BINARY_DIR}/bench_join_results.json)
set(lines ${CMAKE_CURRENT_BINARY_DIR}/bench_join_lines.txt)

foreach(case "build str15 1k" "probe u64 1k" "group str15 10k")
  run(0 json --seconds 0.05 --isa scalar --filter "${case}" --json)
  string(JSON n LENGTH "${json}")
  require("${case}: ${n} contenders" n EQUAL 2)
  string(JSON name GET "${json}" 0 contender)
  string(JSON ns GET "${json}" 0 ns_per_unit)
  string(JSON peer GET "${json}" 0 ratios 0 against)
  require("${case}: ${name} takes ${ns} ns and is measured against ${peer}"
    ns GREATER 0 AND name STREQUAL "weft scalar" AND peer STREQUAL "unordered_map")
endforeach()

# Every whole join and group of weft's gives what its keys' numbers say, down to single rows; so do the plain loops. Memory
# stands beside them.
foreach(kind "join *" "group-by *" "plain *" "threads2-* *")
  run(0 text --divide 300 --seconds 0.001 --filter "${kind}")
endforeach()
run(0 json --divide 10 --seconds 0.01 --filter "join u64 1m match1" --json)
string(JSON n LENGTH "${json}")
string(JSON bytes GET "${json}" 1 value median)
string(JSON unit GET "${json}" 1 unit)
require("${n} objects, ${bytes} ${unit}"
  n EQUAL 2 AND unit STREQUAL "bytes a build row" AND bytes GREATER 12 AND bytes LESS 50)
run(0 text --divide 1000000 --seconds 0.001 --filter "join *")

# The last line need not end, and an empty one is a line.
file(WRITE ${lines} "a\nbb\n\na\nccc")
run(0 text --lines ${lines} --seconds 0.001 --filter "index lines")
require("the lines are not told:\n${text}" text MATCHES "5 lines, mean 1 B, 4 distinct")
file(WRITE ${lines} "")
run(2 text --lines ${lines} --filter "index lines")
file(REMOVE ${lines})
run(2 text --lines ${lines} --filter "index lines")
run(0 text --filter "index lines")
require("it is not said what is left out:\n${text}" text MATCHES "index lines is left out: no --lines")

# The summary.
run(0 json --divide 300 --seconds 0.01 --filter "plain u64 *" --json)
file(WRITE ${results} "${json}")
run(0 text --markdown ${results})
require("the summary lacks a column:\n${text}" text MATCHES "[|] unordered_map [|] sort-merge [|]")
run(0 json --divide 300 --seconds 0.01 --filter "join u64 64ki match100" --json)
file(WRITE ${results} "${json}")
run(0 text --markdown ${results})
require("bytes are in no line:\n${text}" text MATCHES "[|] bytes a build row: u64, 64 k built [|]")
# Shares are reciprocals: of what --json says, twice and five times as fast.
file(WRITE ${results} [=[[{"case": "join", "contender": "weft", "machine": "one", "clock_ghz": 3, "rounds": 9, "ratios": [
  {"median": 4, "p10": 2, "p90": 5, "target": 3, "met": true, "share": true, "table": "T", "row": "quick", "order": 0,
   "column": "DuckDB"},
  {"median": 2, "p10": 1, "p90": 2.5, "target": 4, "met": false, "share": true, "table": "T", "row": "slow", "order": 1,
   "column": "DuckDB"}]},
  {"case": "join", "contender": "weft", "machine": "one", "unit": "bytes", "value": {"median": 25.5, "p10": 25, "p90": 26,
   "most": 26, "met": true, "table": "T", "row": "memory", "order": 2, "column": "bytes"}}]]=])
run(0 text --markdown ${results})
foreach(line "quick [|] 0[.]25 [(]0[.]20 to 0[.]50[)] [|] 0[.]33 at most [|] yes"
    "slow [|] 0[.]50 [(]0[.]40 to 1[.]00[)] [|] 0[.]25 at most [|] [*][*]no" "memory [|] 25[.]50 .* 26[.]00 at most [|] yes"
    "weft 0[.]50 of 0[.]25 at most")
  require("no '${line}' in:\n${text}" text MATCHES "${line}")
endforeach()
file(REMOVE ${results})

# Another library in DuckDB's place.
foreach(case "join u64x2 1m" "join str15 1m match1" "group-by u64 1m *")
  run(1 text --duckdb ${LIAR} --divide 1000 --filter "${case}")
  require("the liar is not named:\n${text_errors}" text_errors MATCHES "DuckDB liar gives wrong results")
  require("there are figures:\n${text}" NOT text MATCHES "ns/|bytes a")
endforeach()
run(2 text --duckdb /nowhere/libduckdb.so --filter "join u64 1k match100")
run(2 text --divide 0 --filter "build u64 1k")
run(2 text --divide 5x --filter "build u64 1k")

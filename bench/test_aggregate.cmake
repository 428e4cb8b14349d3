# bench_aggregate for a few seconds: every aggregate, partition, sketch and extreme by keys is compared with what loops give,
# valid JSON, a summary; and a DuckDB that gives wrong results is found out.
include(${CMAKE_CURRENT_LIST_DIR}/expect.cmake)
set(results ${CMAKE_CURRENT_BINARY_DIR}/bench_aggregate_results.json)

foreach(kind "aggregate *" "partition *" "group-* *" "sketch *")
  run(0 text --divide 300 --seconds 0.001 --filter "${kind}")
endforeach()
run(0 text --divide 1000000 --seconds 0.001 --filter "aggregate *")

run(0 json --divide 100 --seconds 0.01 --isa scalar --filter "aggregate sum f64 100k" --json)
string(JSON n LENGTH "${json}")
string(JSON name GET "${json}" 0 contender)
string(JSON ns GET "${json}" 0 ns_per_unit)
string(JSON peer GET "${json}" 0 ratios 1 against)
require("${n} contenders, ${name} takes ${ns} ns and is measured against ${peer}"
  n EQUAL 3 AND ns GREATER 0 AND name STREQUAL "weft scalar" AND peer STREQUAL "loop, Sum2")
file(WRITE ${results} "${json}")
run(0 text --markdown ${results})
require("the summary lacks a row:\n${text}" text MATCHES "[|] sum, f64 [|]")
file(REMOVE ${results})

# Another library in DuckDB's place.
foreach(case "group-extremes u64 1m" "sketch u64 1m")
  run(1 text --duckdb ${LIAR} --divide 1000 --filter "${case}")
  require("the liar is not named:\n${text_errors}" text_errors MATCHES "DuckDB liar gives wrong results")
  require("there are figures:\n${text}" NOT text MATCHES "ns/")
endforeach()
run(2 text --duckdb /nowhere/libduckdb.so --filter "sketch u64 1m")
run(2 text --divide 0 --filter "aggregate count rows 1")

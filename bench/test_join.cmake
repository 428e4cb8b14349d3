# bench_join for a few seconds: a probe, a build and a group whose results are all compared, and valid JSON.
include(${CMAKE_CURRENT_LIST_DIR}/expect.cmake)

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
run(2 text --duckdb /nowhere/libduckdb.so --filter "join u64 1k")

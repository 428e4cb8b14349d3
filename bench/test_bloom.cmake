# bench_bloom for a few seconds: a probe and an insertion whose results are compared, and valid JSON.
include(${CMAKE_CURRENT_LIST_DIR}/expect.cmake)

foreach(case "probe 16k" "insert 256k")
  run(0 json --seconds 0.05 --isa scalar --filter "${case}" --json)
  string(JSON n LENGTH "${json}")
  require("${case}: ${n} contenders" n EQUAL 2)
  string(JSON name GET "${json}" 1 contender)
  string(JSON ns GET "${json}" 1 ns_per_unit)
  string(JSON peer GET "${json}" 1 ratios 0 against)
  require("${case}: ${name} takes ${ns} ns and is measured against ${peer}"
    ns GREATER 0 AND name STREQUAL "weft scalar" AND peer STREQUAL "loop")
endforeach()

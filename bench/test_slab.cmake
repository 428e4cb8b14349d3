# bench_slab for a few seconds, against glibc alone, which is everywhere: objects are looked at, figures are there for times, for
# magazine hits and for memory, and an allocator whose objects overlap is found out.
include(${CMAKE_CURRENT_LIST_DIR}/expect.cmake)
set(none --mimalloc none --jemalloc none --tcmalloc none)
set(results ${CMAKE_CURRENT_BINARY_DIR}/bench_slab_results.json)

# value(OBJECT KEY...): of the object number i in json, into OBJECT.
macro(value name)
  string(JSON ${name} GET "${json}" ${i} ${ARGN})
endmacro()

foreach(case "pair 64" "thousand 64" "scratch 8k-64k" "random 16-1k hot")
  run(0 json ${none} --seconds 0.05 --filter "${case}" --json)
  require("mimalloc is not said to be left out:\n${json_errors}" json_errors MATCHES "mimalloc is left out: none")
  string(JSON n LENGTH "${json}")
  require("${case}: ${n} objects" n EQUAL 3)
  set(i 0)
  value(name contender)
  value(ns ns_per_unit)
  value(peer ratios 0 against)
  value(target ratios 0 target)
  require("${case}: ${name} takes ${ns} ns, measured against ${peer}, target ${target}"
    ns GREATER 0 AND name STREQUAL "weft" AND peer STREQUAL "glibc" AND target GREATER 0.8 AND target LESS 1.2)
  set(i 2)
  value(unit unit)
  value(hits value median)
  value(least value least)
  require("${case}: ${hits} ${unit}, at least ${least}"
    unit STREQUAL "% magazine hits" AND hits GREATER 90 AND NOT hits GREATER 100 AND least EQUAL 95)
endforeach()
file(WRITE ${results} "${json}")

run(0 json ${none} --seconds 0.05 --filter "lockstep 16x32k" --json)
set(i 0)
value(gb gb_per_s)
require("vectors are summed at ${gb} GB/s" gb GREATER 0)

# Threads: where there are two cores, their cases have figures; else they are named as left out.
run(0 json ${none} --seconds 0.05 --filter "hand-over *" --json)
string(JSON n LENGTH "${json}")
require("${n} objects of two threads:\n${json_errors}" n EQUAL 3 OR json_errors MATCHES "two threads need two cores")
run(0 text ${none} --seconds 0.05 --filter "larson *")

# At least the live bytes are resident, and not ten times as many.
run(0 json ${none} --seconds 0.05 --filter "resident uniform-16-32k" --json)
string(JSON n LENGTH "${json}")
require("${n} figures of memory" n EQUAL 3)
foreach(i 0 2)
  value(name contender)
  value(resident value median)
  require("${name} has ${resident} bytes resident for each live one" resident GREATER 0.9 AND resident LESS 10)
endforeach()
file(APPEND ${results} "${json}")

run(0 json ${none} --seconds 0.05 --filter "new-slab" --json)
string(JSON n LENGTH "${json}")
set(i 0)
value(ns ns_per_unit)
value(bound ratios 0 bound_ns)
require("a new slab takes ${ns} ns, bound ${bound}, ${n} objects" n EQUAL 1 AND ns GREATER 0 AND bound EQUAL 5000)
run(0 text ${none} --seconds 0.05 --filter "exchange *")
require("the exchange has no bound:\n${text}" text MATCHES "weft without, [+-]")
run(0 text ${none} --seconds 0.05 --filter "atomic-pair")
require("weft is not measured against its option:\n${text}" text MATCHES " weft atomic\n")

# The summary has times, hits and memory.
run(0 text --markdown ${results})
require("the summary lacks a row:\n${text}" text MATCHES "[|] random up to 1 KiB, 1000 live [|] [^|]* of 0[.]83[^|]* [|] [^|]* of 95[.]00")
require("the summary lacks memory:\n${text}" text MATCHES "[|] 16 B to 32 KiB, uniform [|] [^|]* of 1[.]30 at most")
file(REMOVE ${results})

run(1 text --mimalloc none --tcmalloc none --jemalloc ${LIAR} --seconds 0.05 --filter "random 16-1k hot")
require("the liar is not named:\n${text_errors}" text_errors MATCHES "jemalloc gives wrong results")
run(2 text ${none} --require-peers --seconds 0.05 --filter "pair 64")
require("the missing peer is not named:\n${text_errors}" text_errors MATCHES "mimalloc: none")
if(WEFT)
  run(0 text ${none} --weft ${WEFT} --seconds 0.05 --filter "pair 64")
  require("the other build has no figures:\n${text}" text MATCHES "weft FILE +[0-9]")
endif()

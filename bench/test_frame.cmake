# The frame measures chains of additions rightly, prints no figure of a contender whose results are wrong, and refuses
# options that make no sense.
include(${CMAKE_CURRENT_LIST_DIR}/expect.cmake)

# Twice and four times as many additions take twice and four times as long; an addition takes a cycle. Twenty runs of these
# slices under load from other processes stayed within 5 %.
run(0 json --seconds 0.3 --json)
string(JSON n LENGTH "${json}")
require("three contenders gave ${n} objects" n EQUAL 3)
string(JSON cycles GET "${json}" 0 cycles_per_unit)
require("an addition took ${cycles} cycles" cycles GREATER 0.9 AND cycles LESS 1.1)
string(JSON twice GET "${json}" 0 ratios 0 median)
require("twice the additions took ${twice} times as long" twice GREATER 1.9 AND twice LESS 2.1)
string(JSON four GET "${json}" 0 ratios 1 median)
require("four times the additions took ${four} times as long" four GREATER 3.8 AND four LESS 4.2)
string(JSON low GET "${json}" 0 ratios 1 p10)
string(JSON high GET "${json}" 0 ratios 1 p90)
require("the median ${four} lies outside ${low} to ${high}" NOT four LESS low AND NOT four GREATER high)
string(JSON met GET "${json}" 0 ratios 0 met)
require("a target of 1.5 was not met by ${twice}" met)
string(JSON met GET "${json}" 0 ratios 1 met)
require("a target of 100 was met by ${four}" NOT met)

string(JSON excess GET "${json}" 1 ratios 0 excess_ns median)
string(JSON met GET "${json}" 1 ratios 0 met) # an addition takes a cycle, of 0.2 to 1 ns
require("a bound of 100 ns was not met by ${excess} ns" met)
require("two additions took ${excess} ns more than one" excess GREATER 0.1 AND excess LESS 1.1)

string(JSON excess GET "${json}" 2 ratios 0 excess_ns median)
string(JSON ns GET "${json}" 2 ns_per_unit)
string(JSON met GET "${json}" 2 ratios 0 met)
require("against nothing, ${ns} ns are ${excess} ns, met: ${met}" excess EQUAL ns AND NOT met)

# Figures that are no times: the median counts, bounds from above and from below are judged.
run(0 json --filter value --json)
string(JSON median GET "${json}" 0 value median)
string(JSON met GET "${json}" 0 value met)
require("the median of 1, 2, 3 is ${median}, at most 1.5: ${met}" median EQUAL 2 AND NOT met)
string(JSON met GET "${json}" 1 value met)
require("5 is not at least 5" met)
run(0 text --filter value)
require("the text shows no figures:\n${text}" text MATCHES "one +2[.]00 links [(]1[.]20-2[.]80[)], at most 1[.]50 MISSED")

run(0 text --seconds 0.05)
require("the text shows no bound:\n${text}" text MATCHES "ns [(][0-9. to]*[)], bound 100[.]0 met")
require("the text shows no target met:\n${text}" text MATCHES "target 1.50 met")
require("the text shows no target missed:\n${text}" text MATCHES "target 100.00 MISSED")

run(1 text --seconds 0.05 --filter liar)
require("figures were printed although results were wrong:\n${text}" NOT text MATCHES "GB/s")
require("the liar is not named:\n${text_errors}" text_errors MATCHES "four gives wrong results")
run(1 json --seconds 0.05 --filter liar --json)
string(JSON n LENGTH "${json}")
require("wrong results gave ${n} objects" n EQUAL 0)

run(0 list --list)
require("--list printed:\n${list}" list STREQUAL "chains honest\nvalue\nchains liar\n")
run(2 text --filter "no such words")
run(2 text --isa avx3)
require("avx3 is not named:\n${text_errors}" text_errors MATCHES "avx3")
run(2 text --seconds none)
run(2 text --seconds -1)
run(2 text --unknown)
run(2 text --core 65535)
run(2 text stray)
run(0 text --help)
require("--help does not tell of --filter:\n${text}" text MATCHES "--filter")

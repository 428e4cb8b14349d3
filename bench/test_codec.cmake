# bench_codec for a few seconds, without the packages' libraries: every contender's values are compared with those that were
# given; figures for times and sizes, for columns of files, for the selector; and a peer that loses a byte is found out.
include(${CMAKE_CURRENT_LIST_DIR}/expect.cmake)
set(none --lz4 none --zstd none --streamvbyte none --isa scalar --seconds 0.01)
set(results ${CMAKE_CURRENT_BINARY_DIR}/bench_codec_results.json)

# Blocks of one width, with a peer from a file.
run(0 json ${none} --peer ${PEER} --filter "unpack u32 w13 l1" --json)
require("lz4 is not said to be left out:\n${json_errors}" json_errors MATCHES "lz4 is left out: none")
file(WRITE ${results} "${json}")
string(JSON n LENGTH "${json}")
require("${n} contenders" n EQUAL 4)
foreach(i 0 1 2 3)
  string(JSON name GET "${json}" ${i} contender)
  string(JSON gb GET "${json}" ${i} gb_per_s)
  require("${name} decodes ${gb} GB/s" gb GREATER 0)
endforeach()
require("the peer is called ${name}" name STREQUAL "copy")
string(JSON peer GET "${json}" 0 ratios 0 against)
require("weft is measured against ${peer}" peer STREQUAL "memcpy")
string(JSON peer GET "${json}" 0 ratios 1 against)
require("weft is measured against ${peer}" peer STREQUAL "copy")
string(JSON name GET "${json}" 1 contender)
string(JSON peer GET "${json}" 1 ratios 0 against)
string(JSON target GET "${json}" 1 ratios 0 target)
require("${name} is measured against ${peer}, target ${target}" name STREQUAL "weft scalar open" AND peer STREQUAL "memcpy" AND
  target EQUAL 0.95)

run(1 text ${none} --peer ${LIAR} --filter "unpack u32 w13 l1")
require("the liar is not named:\n${text_errors}" text_errors MATCHES "liar gives wrong results")
require("figures were printed although results were wrong:\n${text}" NOT text MATCHES "GB/s")

# Each kind of work once, both ways.
foreach(case "pack u64 w40 l1" "delta u64 timestamps l1" "delta-encode u32 sorted l1" "rle u32 runs10 cache" "rle-encode u64 runs2 cache"
    "nulls u32 w13 tenth l2" "nulls-encode u32 w13 rare l2" "split f32 l1" "split-encode f64 l1" "call u32 w13 rows1" "partial u64 w13 l1")
  run(0 text ${none} --filter "${case}")
  require("${case} has no figures:\n${text}" text MATCHES "GB/s.*\n  weft scalar")
endforeach()

# Columns of files: numbers in little-endian order, here 256 times "0123abcd", and lines, whose dictionary the selector finds.
set(raw ${CMAKE_CURRENT_BINARY_DIR}/bench_codec_raw)
set(lines ${CMAKE_CURRENT_BINARY_DIR}/bench_codec_lines)
string(REPEAT "0123abcd" 256 text)
file(WRITE ${raw} "${text}")
string(REPEAT "some words\nother words than those\n" 300 text)
file(WRITE ${lines} "${text}")
set(columns --column raw=u32:${raw},lines=lines:${lines},gone=i64:${raw}.none)
run(0 json ${none} ${columns} --filter "column raw sizes" --json)
string(JSON name GET "${json}" 0 contender)
string(JSON size GET "${json}" 0 value median)
require("${name} takes ${size} % of 512 numbers of which two are distinct" name STREQUAL "auto" AND size LESS 10)
file(APPEND ${results} "${json}")
run(0 text ${none} ${columns} --filter "column lines *")
require("the selector is not judged:\n${text}" text MATCHES "of the best cascade's bytes .*, at most 1[.]05 ")
require("the dictionary is not chosen:\n${text}" text MATCHES "chosen: dict[(]")
require("the choice is not given:\n${text}" text MATCHES "\n  auto [^\n]* dict [^\n]*, target 0[.]90")

run(0 text ${none} ${columns} --filter "column gone sizes")
require("the column that is not there is not named:\n${text}" text MATCHES "column gone is left out: [^\n]*No such file")
require("columns of packages are not said to be left out:\n${text}" text MATCHES "columns package-[*] are left out")
run(2 text ${none} --column raw=u33:${raw} --filter "column raw sizes")
run(2 text ${none} --column raw:${raw} --filter "column raw sizes")
run(2 text ${none} --require-peers --filter "call u32 w13 rows1")
require("the missing peer is not named:\n${text_errors}" text_errors MATCHES "lz4: none")

run(0 text --markdown ${results})
require("the summary lacks a row:\n${text}" text MATCHES "[|] unpack [+] base, u32, L1, each width, kept open, than memcpy [|] [^|]* of 0[.]95")
require("the summary lacks sizes:\n${text}" text MATCHES "over raw [+] 1 % [+] 128 bytes, each column [|] [^|]* of 1[.]00 at most")
file(REMOVE ${results} ${raw} ${lines})

# What the benchmarks' tests share. PROGRAM is the benchmark.

# run(STATUS OUTPUT ARGUMENT...): runs PROGRAM, requires its exit status, and puts what it wrote to stdout into OUTPUT,
# and what it wrote to stderr into OUTPUT_errors.
function(run status output)
  execute_process(COMMAND ${PROGRAM} ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE errors)
  if(NOT result STREQUAL status)
    message(FATAL_ERROR "${PROGRAM} ${ARGN}: exit status ${result}, wanted ${status}\n${out}${errors}")
  endif()
  set(${output} "${out}" PARENT_SCOPE)
  set(${output}_errors "${errors}" PARENT_SCOPE)
endfunction()

# require(TEXT CONDITION...): fails with the text unless the condition, as of if(), holds.
macro(require text)
  if(${ARGN})
  else()
    message(FATAL_ERROR "${text}")
  endif()
endmacro()

# cmake -DPROGRAM=… -DEXPECTED=… [-DEMULATOR=…] -P ExpectOutput.cmake
# Runs a program and compares what it prints with a file, byte for byte; it must end with 0 and print no message.
execute_process(COMMAND ${EMULATOR} ${PROGRAM} OUTPUT_VARIABLE printed ERROR_VARIABLE messages RESULT_VARIABLE result)
file(READ ${EXPECTED} expected)
if(NOT result STREQUAL "0")
  message(FATAL_ERROR "${PROGRAM} ended with ${result}\n${messages}")
endif()
if(NOT messages STREQUAL "")
  message(FATAL_ERROR "${PROGRAM} printed to stderr:\n${messages}")
endif()
if(NOT printed STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} printed\n${printed}\nand ${EXPECTED} says\n${expected}")
endif()

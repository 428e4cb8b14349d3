# The flags that all of weft's own code is compiled with: linked by every target as weft_warnings.
add_library(weft_warnings INTERFACE)
target_compile_options(weft_warnings INTERFACE
  -Wall -Wextra -Wshadow -Wundef -Wvla -Wconversion -Wredundant-decls
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes;-Wmissing-prototypes>
  $<$<BOOL:${WEFT_WERROR}>:-Werror>)

# The tables of kernels of the target machine (WEFT_ISAS, plainest first) and the compiler flags of each (WEFT_FLAGS_<isa>).
# simd/ compiles the kernels with them, bench/ the loops that the kernels are measured against.
set(WEFT_FLAGS_scalar -fno-tree-vectorize)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(WEFT_ISAS scalar sse avx2 avx512 avx512vbmi)
  set(WEFT_FLAGS_sse -march=x86-64-v2)
  set(WEFT_FLAGS_avx2 -march=x86-64-v3)
  set(WEFT_FLAGS_avx512 -march=x86-64-v4 -mprefer-vector-width=512)
  set(WEFT_FLAGS_avx512vbmi ${WEFT_FLAGS_avx512} -mavx512vbmi -mavx512vbmi2 -mavx512ifma -mavx512bitalg -mavx512vpopcntdq)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(WEFT_ISAS scalar neon)
  set(WEFT_FLAGS_neon "")
else()
  set(WEFT_ISAS scalar)
endif()
# Builds that take long for each table, or run where not all can, may have some alone, scalar among them.
if(WEFT_ONLY_ISAS)
  set(WEFT_ISAS ${WEFT_ONLY_ISAS})
endif()

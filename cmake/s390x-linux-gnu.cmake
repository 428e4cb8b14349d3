# Cross build for s390x, the big-endian machine of the tests, on a Debian machine: the packages gcc-s390x-linux-gnu,
# libc6-dev-s390x-cross and qemu-user, and the libraries that are linked in build/s390x-root, where cmake/setup.sh unpacks
# them. Programs are static, so that they run without an s390x machine's ld.so.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR s390x)
set(CMAKE_C_COMPILER s390x-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE s390x-linux-gnu)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_C_STANDARD_LIBRARIES_INIT -lm) # for the archives of others, behind them

# 8 GiB of addresses, as for aarch64: the emulator keeps a table of the pages that are reserved.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-s390x -R 0x200000000)

get_filename_component(root ${CMAKE_CURRENT_LIST_DIR}/../build/s390x-root ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH ${root})
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${root})
set(ENV{PKG_CONFIG_LIBDIR} ${root}/usr/lib/s390x-linux-gnu/pkgconfig)

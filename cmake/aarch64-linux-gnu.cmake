# Cross build for aarch64 on a Debian machine: the packages gcc-aarch64-linux-gnu and qemu-user, and the libraries that are
# linked as foreign packages (libxxhash-dev:arm64 check:arm64 libsubunit-dev:arm64 libcsv-dev:arm64 libjansson-dev:arm64
# libsqlite3-dev:arm64).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

# The emulator's root is this machine's own: foreign packages put their libraries, ld.so among them, where an aarch64 machine
# has them. (The cross compiler's library folder as root makes Check's forking hang.) 8 GiB of addresses are all that it lends:
# it keeps a table of the pages that are reserved, and one for a slab's terabyte takes gigabytes and is copied by every fork.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -R 0x200000000 -L /)

# pkg-config's files of the foreign packages, and none of this machine's own architecture.
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)

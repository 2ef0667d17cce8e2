# Builds for AArch64 on another processor, and runs programs by QEMU:
#   cmake -B build/aarch64 --toolchain tests/aarch64/toolchain.cmake -DSHMETRICS_BUILD_AGENT=OFF -DSHMETRICS_BUILD_TESTS=OFF
#   cmake --build build/aarch64 --target shmetrics_static
# Debian's cross compiler finds the headers of the host's libraries, and the static library needs only headers. To link it,
# or to build the shared library, install nettle and inih for AArch64.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)

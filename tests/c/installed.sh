#!/bin/sh
# Programs built against the installed tree, from a folder outside the project, as its users do:
# `installed.sh FOLDER-OF-THE-BUILT-LIBRARY`. Prints `N passed, N failed`.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
script=$root/crates/crm-ffi/install/install.sh
built=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
CC=${CC:-gcc}
CXX=${CXX:-g++}
WARN="-Wall -Wextra -Wpedantic -Werror"

# A line of what is expected, and the command.
check() {
  name=$1
  shift
  if "$@" >"$work/out" 2>&1; then passed=$((passed + 1)); else
    failed=$((failed + 1))
    echo "FAILED: $name" >&2
    head -n 20 "$work/out" >&2
  fi
}
prints_yen() { "$@" | grep -q '^hanako *20 days *27580 yen'; }

prefix=$work/opt/crm
check "install" env PREFIX="$prefix" "$script" install "$built"
cp "$root/examples/c/rfm.c" "$work/rfm.c"
cp "$root/examples/c/rfm.c" "$work/rfm.cpp"
cd "$work" || exit 1

# 1 The line of the example, with the folder of the libraries in the program.
check "cc" $CC -std=c99 $WARN rfm.c -I"$prefix/include" -L"$prefix/lib" -Wl,-rpath,"$prefix/lib" -lcrm -o plain
check "cc runs" prints_yen ./plain

# 2 pkg-config: shared and static, C and C++.
if command -v pkg-config >/dev/null; then
  PKG_CONFIG_PATH=$prefix/lib/pkgconfig
  export PKG_CONFIG_PATH
  for kind in crm crm-static; do
    flags=$(pkg-config --cflags --libs $kind) || flags=missing
    check "$kind, C" $CC -std=c99 $WARN rfm.c $flags -o with-c
    check "$kind, C, runs" prints_yen env LD_LIBRARY_PATH="$prefix/lib" ./with-c
    check "$kind, C++" $CXX -std=c++17 $WARN rfm.cpp $flags -o with-cpp
    check "$kind, C++, runs" prints_yen env LD_LIBRARY_PATH="$prefix/lib" ./with-cpp
  done
  check "a static program needs no shared library" sh -c '! readelf -d with-c | grep -q libcrm'
  mkdir -p elsewhere && cp -R "$prefix" elsewhere/crm
  check "a moved tree" sh -c "PKG_CONFIG_PATH=elsewhere/crm/lib/pkgconfig pkg-config --cflags crm | grep -q elsewhere"
  check "private libraries" sh -c 'pkg-config --static --libs crm | grep -q -- -lm'
else
  echo "SKIP pkg-config: not installed"
fi

# 3 CMake, from a tree that was moved after it was installed.
if command -v cmake >/dev/null; then
  mkdir -p moved project
  cp -R "$prefix" moved/crm
  cat >project/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.16)
project(shop C CXX)
find_package(crm 0.1 REQUIRED)
foreach(kind crm static)
  add_executable(c_${kind} ../rfm.c)
  add_executable(cpp_${kind} ../rfm.cpp)
  target_link_libraries(c_${kind} crm::${kind})
  target_link_libraries(cpp_${kind} crm::${kind})
endforeach()
CMAKE
  check "cmake" cmake -S project -B build -DCMAKE_PREFIX_PATH="$work/moved/crm"
  check "cmake builds" cmake --build build
  for program in c_crm c_static cpp_crm cpp_static; do
    check "cmake, $program" prints_yen "./build/$program"
  done
  sed -i 's/crm 0.1/crm 0.9/' project/CMakeLists.txt
  check "another version is refused" sh -c "! cmake -S project -B other -DCMAKE_PREFIX_PATH=$work/moved/crm"
else
  echo "SKIP cmake: not installed"
fi

# 4 DESTDIR, other folders, uninstall.
check "DESTDIR" env PREFIX=/usr LIBDIR=/usr/lib64 DESTDIR="$work/package" "$script" install "$built"
check "paths without DESTDIR" grep -q '^libdir=/usr/lib64$' "$work/package/usr/lib64/pkgconfig/crm.pc"
check "links" sh -c '[ "$(readlink -f package/usr/lib64/libcrm.so)" = "$PWD/package/usr/lib64/libcrm.so.$(pkg-config --modversion crm)" ]'
check "a folder that is no path is refused" sh -c "! PREFIX=here $script install $built"
check "uninstall" env PREFIX=/usr LIBDIR=/usr/lib64 DESTDIR="$work/package" "$script" uninstall "$built"
check "nothing is left" sh -c '[ -z "$(find package -type f -o -type l)" ]'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

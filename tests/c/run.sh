#!/bin/sh
# The C tests: builds the library, compiles the tests as C and C++, runs them plainly, under the
# sanitizer and under valgrind where those are present. Prints `N passed, N failed` at the end.
# CRM_PROFILE=release tests the library as it is shipped; the default builds less.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
WARN="-Wall -Wextra -Wpedantic -Werror -Wconversion"
LIBS="-lpthread -ldl -lm"
CC=${CC:-gcc}
CXX=${CXX:-g++}

good() { passed=$((passed + 1)); }
bad() {
  failed=$((failed + 1))
  echo "FAILED: $*" >&2
}
skip() { echo "SKIP $*"; }

# Runs one test program and adds up what it counted; a signal or a silent end is a failure.
run() {
  name=$1
  shift
  "$@" >"$work/out" 2>"$work/err"
  status=$?
  last=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$work/out" | tail -n 1)
  if [ -n "$last" ]; then
    passed=$((passed + ${last%% passed*}))
    rest=${last#*, }
    failed=$((failed + ${rest%% failed*}))
  fi
  if [ $status -ne 0 ] || [ -z "$last" ]; then
    bad "$name (status $status)"
    tail -n 40 "$work/err" >&2
  else
    echo "ok   $name: $last"
  fi
}

compile() {
  if "$@" 2>"$work/err"; then good; else
    bad "$*"
    head -n 20 "$work/err" >&2
    return 1
  fi
}

cd "$root" || exit 1

# 1 The header alone, in every dialect.
for dialect in c99 c11 c17 gnu17; do
  echo '#include "crm.h"' >"$work/header.c"
  compile $CC -std=$dialect $WARN -Iinclude -fsyntax-only "$work/header.c"
  echo '#include "crm.cdef"' | sed '1i #include <stdint.h>\n#include <stddef.h>' >"$work/plain.c"
  compile $CC -std=$dialect $WARN -Iinclude -fsyntax-only "$work/plain.c"
done
for dialect in c++11 c++14 c++17 c++20; do
  echo '#include "crm.h"' >"$work/header.cpp"
  compile $CXX -std=$dialect $WARN -Iinclude -fsyntax-only "$work/header.cpp"
done
for dialect in c++17 c++20; do
  echo '#include "crm.hpp"' >"$work/header.cpp"
  compile $CXX -std=$dialect $WARN -Wshadow -Iinclude -fsyntax-only "$work/header.cpp"
done

if command -v doxygen >/dev/null; then
  mkdir -p "$target"
  if doxygen docs/c/Doxyfile >"$work/err" 2>&1; then good; else bad "doxygen: $(head -n 5 "$work/err")"; fi
else
  skip "pages of the header: no doxygen"
fi

# 2 The library: its symbols, its name.
# crm-py is built along because cargo chooses the features of what both need for both; with it all
# tests share one build of the core.
build="cargo build -q -p crm-ffi -p crm-py --lib"
if [ "${CRM_PROFILE:-debug}" = release ]; then
  $build --release || exit 1
  lib=$target/release
else
  $build || exit 1
  lib=$target/debug
fi
ln -sf "$lib/libcrm.so" "$work/libcrm.so"
ln -sf "$lib/libcrm.so" "$work/libcrm.so.0"
nm -D --defined-only "$lib/libcrm.so" | awk '{print $3}' | LC_ALL=C sort >"$work/symbols"
if LC_ALL=C sort include/symbols.txt | diff - "$work/symbols"; then good; else bad "exported symbols"; fi
if readelf -d "$lib/libcrm.so" | grep -q 'soname: \[libcrm.so.0\]'; then good; else bad "soname"; fi

# 3 A build whose panics would abort is refused.
rustc --edition 2024 --crate-type rlib -C panic=abort --emit metadata -o "$work/abort" \
  crates/crm-ffi/src/lib.rs 2>"$work/err"
if grep -q 'must be built with panic = "unwind"' "$work/err"; then good; else bad "panic=abort"; fi

# 4 Plainly, as C and C++, static and shared.
for test in api abuse broken; do
  compile $CC -std=c11 $WARN -O1 -Iinclude "tests/c/$test.c" "$lib/libcrm.a" $LIBS -o "$work/$test-c" &&
    run "$test (C11, static)" "$work/$test-c"
  compile $CXX -x c++ -std=c++17 $WARN -O1 -Iinclude "tests/c/$test.c" -L"$work" -lcrm -lpthread \
    -o "$work/$test-cpp" &&
    run "$test (C++17, shared)" env CRM_CALLS=20000 LD_LIBRARY_PATH="$work" "$work/$test-cpp"
done
compile $CXX -std=c++17 $WARN -O1 -Iinclude tests/c/hpp.cpp "$lib/libcrm.a" $LIBS -o "$work/hpp" &&
  run "crm.hpp" "$work/hpp"
compile $CC -std=c99 $WARN -Iinclude examples/c/rfm.c -L"$work" -lcrm -o "$work/example" && {
  if LD_LIBRARY_PATH="$work" "$work/example" >"$work/out" &&
    grep -q '^hanako *20 days *27580 yen' "$work/out"; then good; else bad "examples/c/rfm.c"; fi
}

compile $CC -std=c99 $WARN -Iinclude examples/c/customer.c -L"$work" -lcrm -o "$work/example" && {
  if LD_LIBRARY_PATH="$work" "$work/example" 10 >"$work/out" &&
    grep -q '^level  *lost' "$work/out" && grep -q 'microseconds a page' "$work/out"; then good; else
    bad "examples/c/customer.c"
  fi
}

compile $CC -std=c99 $WARN -Iinclude examples/c/popup.c -L"$work" -lcrm -o "$work/example" && {
  if LD_LIBRARY_PATH="$work" "$work/example" 10 >"$work/out" && grep -q '^left_in_cart *send  -$' "$work/out" &&
    grep -q '^new_in_category *hold  cap$' "$work/out" && grep -q 'microseconds a decision' "$work/out"; then good; else
    bad "examples/c/popup.c"
  fi
}

run "programs against the installed tree" tests/c/installed.sh "$lib"
run "hosts in other languages" tests/c/hosts.sh "$lib"
grep '^SKIP' "$work/out"

# 5 Panics in every function, in a build that can be told to panic.
$build --features crm-ffi/panic-test &&
  compile $CC -std=c11 $WARN -Iinclude tests/c/panics.c "$target/debug/libcrm.a" $LIBS -o "$work/panics" &&
  run "panics" "$work/panics"

# 6 Under valgrind.
if command -v valgrind >/dev/null; then
  grind="valgrind -q --fair-sched=try --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible --suppressions=tests/c/valgrind.supp"
  for test in api-c broken-c hpp; do
    run "$test (valgrind)" $grind "$work/$test"
  done
  run "abuse (valgrind)" env CRM_CALLS=1200 CRM_LEAKS=1 $grind "$work/abuse-c"
else
  skip "valgrind: not installed"
fi

# 7 Under AddressSanitizer: the library too where a nightly compiler is present, else the host only.
# LeakSanitizer cannot run where tracing is forbidden; valgrind has looked for leaks. The core is built without
# optimisation, in a fifth of the time.
host=$(rustc -vV | sed -n 's/^host: //p')
runtime=""
if rustc +nightly --version >/dev/null 2>&1; then
  runtime=$(find "$(rustc +nightly --print sysroot)/lib/rustlib/$host/lib" -name '*nightly_rt.asan.a' | head -n 1)
fi
if [ -n "$runtime" ] &&
  RUSTFLAGS=-Zsanitizer=address cargo +nightly --config profile.dev.package.crm-core.opt-level=0 \
    build -q -p crm-ffi --lib --target "$host" --target-dir "$target/asan" 2>"$work/err"; then
  asan="$target/asan/$host/debug/libcrm.a -Wl,--whole-archive $runtime -Wl,--no-whole-archive -lstdc++"
  kind="ASan, library and host"
else
  skip "ASan of the library: no nightly compiler; the host alone"
  asan="$lib/libcrm.a -fsanitize=address"
  kind="ASan, host"
fi
for test in api abuse broken; do
  compile $CC -std=c11 -g $WARN -fsanitize=address -Iinclude -c "tests/c/$test.c" -o "$work/$test.o" &&
    compile $CC "$work/$test.o" $asan $LIBS -o "$work/$test-asan" &&
    run "$test ($kind)" env ASAN_OPTIONS=detect_leaks=0 "$work/$test-asan"
done

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]

#!/bin/sh
# The programs of examples/hosts, in the languages that are there, against the installed tree: all print the
# same. `hosts.sh FOLDER-OF-THE-BUILT-LIBRARY`. Prints `N passed, N failed`.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
built=$(cd "$1" && pwd)
hosts=$root/examples/hosts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
prefix=$work/opt/crm
library=$prefix/lib/libcrm.so.0
export LC_ALL=C.UTF-8

# A name, and the command: its RFM must be SQL's, and its text that of the first program.
same() {
  name=$1
  shift
  if (cd "$work" && "$@") >"$work/$name.txt" 2>"$work/$name.err" &&
    python3 - "$work/shop.sqlite" "$work/$name.txt" 2>>"$work/$name.err" <<'PYTHON' &&
import sqlite3, sys
told = open(sys.argv[2], encoding="utf-8").read().split("== CPM")[0].splitlines()[2:]
rows = [line.split(",") for line in told]
sql = """SELECT sum(payment_total), count(DISTINCT customer_id) FROM dtb_order
         WHERE customer_id IS NOT NULL AND order_status_id <> 3"""
counted = sqlite3.connect(sys.argv[1]).execute(sql).fetchone()
assert counted == (sum(int(row[2]) for row in rows), sum(int(row[1]) for row in rows)), counted
PYTHON
    { [ -f "$work/first.txt" ] || cp "$work/$name.txt" "$work/first.txt"; } &&
    diff "$work/first.txt" "$work/$name.txt" >"$work/diff"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $name" >&2
    head -n 20 "$work/$name.err" "$work/diff" >&2
  fi
}
skip() { echo "SKIP $*"; }

PREFIX="$prefix" "$root/crates/crm-ffi/install/install.sh" install "$built" >/dev/null || exit 1
python3 - "$hosts/shop.sql" "$work/shop.sqlite" <<'PYTHON' || exit 1
import sqlite3, sys
database = sqlite3.connect(sys.argv[2])
database.executescript(open(sys.argv[1], encoding="utf-8").read())
PYTHON

if echo '#include <sqlite3.h>' | ${CXX:-g++} -x c++ -fsyntax-only - 2>/dev/null; then
  ${CXX:-g++} -std=c++17 -Wall -Wextra -Wpedantic -Werror -Wconversion "$hosts/cpp/shop.cpp" -I"$prefix/include" \
    -L"$prefix/lib" -Wl,-rpath,"$prefix/lib" -lcrm -lsqlite3 -o "$work/shop"
  same cpp ./shop shop.sqlite
else skip "C++: no sqlite3.h"; fi
if php -m 2>/dev/null | grep -qi '^ffi$' && php -m | grep -qi pdo_sqlite; then
  same php php -d ffi.enable=1 "$hosts/php/shop.php" shop.sqlite "$prefix"
  if php -d ffi.enable=1 "$hosts/php/popup.php" "$prefix" >"$work/popup.txt" 2>&1 &&
    printf 'left_in_cart     send  -\nnew_in_category  hold  cap\n' | diff - "$work/popup.txt" >"$work/diff"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: popup.php" >&2
    head -n 20 "$work/diff" >&2
  fi
else skip "PHP: not there, or without ffi and pdo_sqlite"; fi
if ruby -e 'require "sqlite3"; require "fiddle"' 2>/dev/null; then
  same ruby ruby "$hosts/ruby/shop.rb" shop.sqlite "$library"
else skip "Ruby: not there, or without sqlite3"; fi
if command -v npm >/dev/null && cp -R "$hosts/node" "$work/node" &&
  (cd "$work/node" && npm install --no-audit --no-fund >/dev/null 2>&1); then
  same node node node/shop.js shop.sqlite "$library"
else skip "Node: not there, or koffi and sql.js cannot be had"; fi
jars=/usr/share/java/jna.jar:/usr/share/java/sqlite-jdbc.jar
if command -v javac >/dev/null && [ -f /usr/share/java/jna.jar ] && [ -f /usr/share/java/sqlite-jdbc.jar ] &&
  javac -encoding UTF-8 -cp "$jars" -d "$work/classes" "$hosts"/java/*.java; then
  same java java -cp "$work/classes:$jars" Shop shop.sqlite "$library"
else skip "Java: not there, or without jna.jar and sqlite-jdbc.jar"; fi
if command -v mcs >/dev/null && command -v mono >/dev/null &&
  mcs -warnaserror -r:Mono.Data.Sqlite -r:System.Data -out:"$work/Shop.exe" "$hosts"/csharp/*.cs; then
  same csharp env LD_LIBRARY_PATH="$prefix/lib" mono Shop.exe shop.sqlite
else skip "C#: no Mono, or without Mono.Data.Sqlite"; fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]

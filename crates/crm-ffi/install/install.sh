#!/bin/sh
# Installs the C library for programs to find: shared with its names, static, header, pkg-config, CMake,
# licences. `make install` and `make uninstall` call it.
#
#     install.sh install|uninstall FOLDER     FOLDER holds libcrm.so and libcrm.a as cargo built them
#
# PREFIX (/usr/local), LIBDIR (PREFIX/lib), INCLUDEDIR (PREFIX/include): where programs will look.
# DESTDIR: a folder that stands for / while a package is made. STRIP=strip removes symbols. With the usual
# two folders the tree finds itself by its own place and may be moved.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
task=$1
built=$2
prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-$prefix/lib}
includedir=${INCLUDEDIR:-$prefix/include}
doc=$prefix/share/doc/crm
to=${DESTDIR:-}

case "$prefix$libdir$includedir" in /*) ;; *)
  echo "PREFIX, LIBDIR and INCLUDEDIR must begin with /" >&2
  exit 2
  ;;
esac
if [ "$(uname -s)" != Linux ]; then
  echo "only Linux is known here: copy libcrm and include/crm.h by hand" >&2
  exit 2
fi

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
major=${version%%.*}
rest=${version#*.}
minor=${rest%%.*}
soversion=$(sed -n 's/.*soname,libcrm\.so\.\([0-9]*\).*/\1/p' "$root/crates/crm-ffi/build.rs")

files="$libdir/libcrm.so.$version $libdir/libcrm.so.$soversion $libdir/libcrm.so $libdir/libcrm.a
  $includedir/crm.h $includedir/crm.hpp $includedir/crm.cdef
  $libdir/pkgconfig/crm.pc $libdir/pkgconfig/crm-static.pc
  $libdir/cmake/crm/crm-config.cmake $libdir/cmake/crm/crm-config-version.cmake
  $doc/LICENSE-MIT $doc/LICENSE-APACHE $doc/CHANGELOG.md"

if [ "$task" = uninstall ]; then
  for file in $files; do rm -f "$to$file"; done
  rmdir "$to$libdir/cmake/crm" "$to$doc" 2>/dev/null || true
  exit 0
fi
[ "$task" = install ] || {
  echo "usage: install.sh install|uninstall FOLDER" >&2
  exit 2
}

# A text with its @names@ filled in.
fill() {
  sed -e "s|@prefix@|$pc_prefix|g" -e "s|@libdir@|$pc_libdir|g" -e "s|@includedir@|$pc_includedir|g" \
    -e "s|@cmake_include@|$cmake_include|g" \
    -e "s|@version@|$version|g" -e "s|@soversion@|$soversion|g" \
    -e "s|@major@|$major|g" -e "s|@minor@|$minor|g" \
    -e "s|@system_libs@|-lpthread -ldl -lm|g" -e "s|@cmake_libs@|pthread;dl;m|g" "$1" >"$2"
  chmod 644 "$2"
}
if [ "$libdir" = "$prefix/lib" ] && [ "$includedir" = "$prefix/include" ]; then
  pc_prefix='${pcfiledir}/../..'
  pc_libdir='${prefix}/lib'
  pc_includedir='${prefix}/include'
  cmake_include='${CMAKE_CURRENT_LIST_DIR}/../../../include'
else
  pc_prefix=$prefix
  pc_libdir=$libdir
  pc_includedir=$includedir
  cmake_include=$includedir
fi

mkdir -p "$to$libdir/pkgconfig" "$to$libdir/cmake/crm" "$to$includedir" "$to$doc"
# A program that is running keeps the library it has loaded: the new one is another file.
rm -f "$to$libdir/libcrm.so.$version"
install -m 755 "$built/libcrm.so" "$to$libdir/libcrm.so.$version"
install -m 644 "$built/libcrm.a" "$to$libdir/libcrm.a"
if [ -n "${STRIP:-}" ]; then
  "$STRIP" --strip-unneeded "$to$libdir/libcrm.so.$version"
  "$STRIP" --strip-debug "$to$libdir/libcrm.a"
fi
ln -sf "libcrm.so.$version" "$to$libdir/libcrm.so.$soversion"
ln -sf "libcrm.so.$soversion" "$to$libdir/libcrm.so"
install -m 644 "$root/include/crm.h" "$root/include/crm.hpp" "$root/include/crm.cdef" "$to$includedir/"
fill "$here/crm.pc.in" "$to$libdir/pkgconfig/crm.pc"
fill "$here/crm-static.pc.in" "$to$libdir/pkgconfig/crm-static.pc"
fill "$here/crm-config.cmake.in" "$to$libdir/cmake/crm/crm-config.cmake"
fill "$here/crm-config-version.cmake.in" "$to$libdir/cmake/crm/crm-config-version.cmake"
install -m 644 "$root/LICENSE-MIT" "$root/LICENSE-APACHE" "$root/CHANGELOG.md" "$to$doc/"

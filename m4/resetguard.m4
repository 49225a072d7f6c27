# SPDX-License-Identifier: BSD-2-Clause
# resetguard.m4: the checks that configure.ac repeats.

# RG_FLAGS(VARIABLE, FLAG...): appends each blank-separated FLAG to VARIABLE if
# compiler and linker take it without a word. The flag stands where make will
# put it: before the user's own flags.
AC_DEFUN([RG_FLAGS], [
  for rg_flag in $2; do
    RG_FLAG([$rg_flag], [AS_VAR_APPEND([$1], [" $rg_flag"])])
  done
])

# RG_FLAG(FLAGS, IF-YES, [IF-NO]): FLAGS are one argument or several that make
# sense only together.
AC_DEFUN([RG_FLAG], [
  AC_MSG_CHECKING([whether $CC takes $1])
  rg_saved_cflags=$CFLAGS
  rg_saved_cppflags=$CPPFLAGS
  CFLAGS="-Werror $1 $CPPFLAGS $CFLAGS"
  CPPFLAGS=
  AC_LINK_IFELSE(
    [AC_LANG_PROGRAM([[#include <string.h>]],
      [[char text[16]; memset(text, 0, sizeof(text)); return text[0];]])],
    [rg_taken=yes], [rg_taken=no])
  CFLAGS=$rg_saved_cflags
  CPPFLAGS=$rg_saved_cppflags
  AC_MSG_RESULT([$rg_taken])
  AS_IF([test $rg_taken = yes], [$2], [$3])
])

# RG_PACKAGE(VARIABLE, PKG-CONFIG-MODULE, DEBIAN-PACKAGE): a library that must
# be there. What is missing is told at the end, all at once.
AC_DEFUN([RG_PACKAGE], [
  PKG_CHECK_MODULES([$1], [$2], [], [RG_MISSING([$2], [$3])])
])

# RG_LIBRARY(VARIABLE, LIBRARY, HEADER, FUNCTION, OTHER-LIBRARIES,
# DEBIAN-PACKAGE): the same for a library that pkg-config does not know.
# VARIABLE_CFLAGS and VARIABLE_LIBS may be set by the user, as for the others.
AC_DEFUN([RG_LIBRARY], [
  AC_ARG_VAR([$1][_CFLAGS], [C compiler flags for lib$2])
  AC_ARG_VAR([$1][_LIBS], [linker flags for lib$2, overriding "-l$2 $5"])
  AS_VAR_SET_IF([$1][_LIBS], [], [AS_VAR_SET([$1][_LIBS], ["-l$2 $5"])])
  AC_MSG_CHECKING([for $4 in lib$2])
  rg_saved_cppflags=$CPPFLAGS
  rg_saved_libs=$LIBS
  CPPFLAGS="$[$1]_CFLAGS $CPPFLAGS"
  LIBS="$[$1]_LIBS $LIBS"
  AC_LINK_IFELSE(
    [AC_LANG_PROGRAM([[#include <stddef.h>
#include <$3>]], [[return (void *)&$4 == NULL;]])],
    [rg_found=yes], [rg_found=no])
  CPPFLAGS=$rg_saved_cppflags
  LIBS=$rg_saved_libs
  AC_MSG_RESULT([$rg_found])
  AS_IF([test $rg_found = no], [RG_MISSING([lib$2 (<$3>)], [$6])])
])

# RG_MISSING(WHAT, DEBIAN-PACKAGE)
AC_DEFUN([RG_MISSING], [
  AC_MSG_WARN([$1 is missing: on Debian it is in the package $2])
  AS_VAR_APPEND([rg_missing], [" $2"])
])

# SPDX-License-Identifier: BSD-2-Clause
#
# What a bench has measured, for tests/bench/all: a row in the file $FIGURES, if there
# is one.

# figure WHAT VALUE AIM BESIDE: what it was measured beside, or "-".
figure() {
	[ -z "${FIGURES:-}" ] || printf '| %s | %s | %s | %s |\n' "$@" >>"$FIGURES"
}

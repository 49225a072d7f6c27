# SPDX-License-Identifier: BSD-2-Clause
#
# Results in the Test Anything Protocol, the plan at the end.

tap_count=0
tap_failed=0
tap_skipped=0

pass() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

fail() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
}

# skip WHAT WHY
skip() {
	tap_count=$((tap_count + 1))
	tap_skipped=$((tap_skipped + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# diag: standard input, or the arguments, as comments.
diag() {
	if [ $# -gt 0 ]; then
		printf '%s\n' "$*" | sed 's/^/#   /'
	else
		sed 's/^/#   /'
	fi
}

# is, like and unlike are true if the check passed, so that more can be said:
# is ... || diag <FILE
#
# is GOT WANTED WHAT
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3"
		diag "wanted: $2"
		diag "got:    $1"
		return 1
	fi
}

# like TEXT REGEX WHAT: some line of TEXT matches the extended REGEX.
like() {
	if printf '%s\n' "$1" | grep -qE -e "$2"; then
		pass "$3"
	else
		fail "$3"
		diag "wanted a match of: $2"
		diag "got: $1"
		return 1
	fi
}

# unlike TEXT REGEX WHAT: no line of TEXT matches.
unlike() {
	if printf '%s\n' "$1" | grep -qE -e "$2"; then
		fail "$3"
		diag "wanted no match of: $2"
		printf '%s\n' "$1" | grep -E -e "$2" | diag
		return 1
	else
		pass "$3"
	fi
}

# skip_all WHY: the whole file, visibly.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# heading TEXT: for the reader of the output.
heading() {
	echo "# $*"
}

# tap_end: the plan, and the status of the script.
tap_end() {
	echo "1..$tap_count"
	echo "# $((tap_count - tap_failed - tap_skipped)) passed, $tap_failed failed, $tap_skipped skipped"
	[ "$tap_failed" -eq 0 ]
}

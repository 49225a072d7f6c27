# SPDX-License-Identifier: BSD-2-Clause
#
# A scratch directory of our own, the processes started in it, and waiting for
# events. Nothing here waits a fixed time: every wait names an event and an
# upper limit, and says what did not happen when the limit is reached.

# How long an event may take before it is held not to have happened, seconds.
: "${WAIT_LIMIT:=30}"

warn() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	warn "$@"
	exit 1
}

# scratch_begin NAME: makes $scratch, which everyone may enter because the
# servers in it run as several users. What is started in it is ended, and the
# directory removed, however the script ends: a guardian sees to that even when
# the script is killed, or keeps a signal waiting for what it waits for itself.
scratch_begin() {
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/resetguard-$1.XXXXXX") || exit 1
	chmod 755 "$scratch"
	cp "$tests_lib/stop.sh" "$scratch/stop"
	trap 'scratch_end $?' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	(
		trap '' HUP INT TERM
		tail --pid=$$ -f /dev/null
		[ -e "$scratch/keep" ] || sh "$scratch/stop" "$scratch"
	) >/dev/null 2>&1 </dev/null &
}

scratch_end() {
	trap - EXIT
	sh "$scratch/stop" "$scratch"
	exit "$1"
}

# keep_running: what was started goes on; sh $scratch/stop $scratch ends it.
keep_running() {
	: >"$scratch/keep"
	trap - EXIT
}

# started PID: to be ended with the script. The start time tells the process from
# a later one that gets the same id.
started() {
	echo "$1 $(sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20)" >>"$scratch/started"
}

# spawn NAME COMMAND...: starts COMMAND with its output in $scratch/NAME.log and
# leaves its process id in $spawned.
spawn() {
	local name="$1"

	shift
	"$@" >>"$scratch/$name.log" 2>&1 </dev/null &
	spawned=$!
	started "$spawned"
}

# stop_process PID: ends a child of ours; the status is the child's. One that
# does not listen to SIGTERM is killed, which the status shows, 137.
stop_process() {
	kill -TERM "$1" 2>/dev/null || return 0
	await "process $1 to end" process_ended "$1" || kill -KILL "$1"
	wait "$1" 2>/dev/null
}

# A child that has ended stays a zombie until it is waited for.
process_ended() {
	case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
	'' | Z*) return 0 ;;
	*) return 1 ;;
	esac
}

# await WHAT COMMAND...: returns once COMMAND succeeds.
await() {
	local what="$1" polls=$((WAIT_LIMIT * 20))

	shift
	until "$@" >/dev/null 2>&1; do
		polls=$((polls - 1))
		if [ "$polls" -le 0 ]; then
			warn "waited $WAIT_LIMIT s in vain for $what"
			return 1
		fi
		sleep 0.05
	done
}

# await_line FILE REGEX [FROM]: prints the first matching line of FILE, from
# line FROM on, as soon as it has been written.
await_line() {
	timeout "$WAIT_LIMIT" tail -n "+${3:-1}" -F "$1" 2>/dev/null | grep -E -m 1 -e "$2" && return
	warn "waited $WAIT_LIMIT s in vain for a line '$2' in $1"
	return 1
}

# next_line FILE: the number of the line that will be written next.
next_line() {
	if [ -e "$1" ]; then
		echo $(($(wc -l <"$1") + 1))
	else
		echo 1
	fi
}

# build_helper NAME: compiles tests/lib/NAME.c, which does what sh cannot.
build_helper() {
	mkdir -p "$scratch/bin"
	"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -o "$scratch/bin/$1" "$tests_lib/$1.c" ||
		die "cannot build $1"
}

# A TCP port that nobody listens on, and that free_port never prints.
port_of_nobody=1

# free_port: prints a TCP port of 127.0.0.1 that nobody uses, each time another one.
free_port() {
	local port

	[ -x "$scratch/bin/free_port" ] || build_helper free_port
	while port=$("$scratch/bin/free_port") && grep -qsx "$port" "$scratch/ports"; do
		:
	done
	echo "$port" | tee -a "$scratch/ports"
}

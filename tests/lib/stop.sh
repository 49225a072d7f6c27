#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Ends what was started in a scratch directory of tests/lib/scratch.sh, the
# latest first, and removes the directory.
#
# usage: stop.sh DIRECTORY

scratch=$1

# What follows the program's name in /proc/PID/stat.
status_of() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null
}

# A zombie has ended; its parent has yet to hear of it.
has_ended() {
	case $(status_of "$1") in
	'' | Z*) return 0 ;;
	*) return 1 ;;
	esac
}

# $scratch/started has ids and start times: an id may be another's by now.
tac "$scratch/started" 2>/dev/null | while read -r pid since; do
	[ "$(status_of "$pid" | cut -d ' ' -f 20)" = "$since" ] || continue
	kill "$pid" 2>/dev/null
	polls=400
	until has_ended "$pid"; do
		polls=$((polls - 1))
		if [ "$polls" -eq 0 ]; then
			kill -KILL "$pid" 2>/dev/null
			break
		fi
		sleep 0.05
	done
done
rm -rf "$scratch"

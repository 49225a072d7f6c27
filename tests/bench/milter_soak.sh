# SPDX-License-Identifier: BSD-2-Clause
#
# tests/bench/milter: how long a start takes, and what many messages leave behind.

# milter_alone [COMMAND]: resetguard-milter on the first kind of socket, in $pid_b and
# $socket_b.
milter_alone() {
	socket_b=$(socket_for "${sockets%% *}" alone)
	echo "socket = $socket_b" | cat "$guard_conf" - >"$scratch/b.conf"
	# shellcheck disable=SC2086 # a command, or nothing
	spawn alone $milter_cpus "$BUILD/resetguard-milter" -f -c "$scratch/b.conf"
	pid_b=$spawned
	flags_of alone "$pid_b" "$socket_b" >/dev/null
}

# From before the program is loaded to its word that it is ready.
start_report() {
	mkfifo "$scratch/ready"
	socket_b=$(socket_for "${sockets%% *}" alone)
	echo "socket = $socket_b" | cat "$guard_conf" - >"$scratch/b.conf"
	round=0
	while [ "$round" -lt "$starts" ]; do
		begin=$(date +%s%N)
		"$BUILD/resetguard-milter" -f -c "$scratch/b.conf" 2>"$scratch/ready" &
		pid_b=$!
		started "$pid_b"
		{
			grep -q ' ready: '
			echo $((($(date +%s%N) - begin) / 1000))
			stop_process "$pid_b" >/dev/null
		} <"$scratch/ready"
		round=$((round + 1))
	done >"$scratch/starts"
	echo
	sort -n "$scratch/starts" | awk -v domains="$domains" -v aim="$aim_start_ms" \
		-v figures="${FIGURES:-}" '
		{ at[NR] = $1 / 1000 }
		END {
			printf "start to ready, %d domains, %d times: median %.1f ms, longest %.1f ms, aim %d ms\n", \
				domains, NR, at[int((NR + 1) / 2)], at[NR], aim
			if (figures != "")
				printf "| milter: start to ready, %d domains | %.1f ms | below %d ms | - |\n", \
					domains, at[int((NR + 1) / 2)], aim >>figures
		}'
}

# anonymous_kib: what the milter has that is not a file; descriptors: how many.
anonymous_kib() {
	awk '$1 == "RssAnon:" { print $2 }' "/proc/$pid_b/status"
}

descriptors() {
	ls "/proc/$pid_b/fd" | wc -l
}

# soak_messages N: half of them resets, over 16 sessions.
soak_messages() {
	for reset in '' -r; do
		# shellcheck disable=SC2086 # a command, or nothing
		$driver_cpus "$bench/milterload" -k $reset -n $(($1 / 2)) -s 16 -d "$domains" "$socket_b" >/dev/null ||
			die "the dialogue broke: $(tail -n 5 "$scratch/alone.log")"
	done
}

soak_report() {
	first=10000
	[ "$soak" -gt "$first" ] || first=$((soak / 2))
	milter_alone
	soak_messages "$first"
	kib=$(anonymous_kib)
	open=$(descriptors)
	soak_messages $((soak - first))
	echo
	printf 'soak of %d messages: anonymous memory %d KiB after the first %d, %+d KiB at the end, aim below %d; descriptors %d, then %d\n' \
		"$soak" "$kib" "$first" $(($(anonymous_kib) - kib)) "$aim_growth_kib" "$open" "$(descriptors)"
	figure "milter: growth of anonymous memory over $soak messages" \
		"$(($(anonymous_kib) - kib)) KiB" "below $aim_growth_kib KiB" -
	figure 'milter: growth of open descriptors there' $(($(descriptors) - open)) 0 -
	stop_process "$pid_b"
}

# SPDX-License-Identifier: BSD-2-Clause
#
# resetguard itself in the scratch directory: its configuration, its cache, the
# milter and the command. The programs are those of $BUILD.
#
# The cache belongs to nobody; the milter is "sync", which Debian's base system
# has in the same group, so that no user need be made for the tests.

guard_updater=nobody
guard_milter=sync

# guard_begin [KEY = VALUE]...: a configuration for the registry of registry.sh,
# an empty cache directory, and a place for the socket.
guard_begin() {
	guard_conf="$scratch/resetguard.conf"
	guard_cache="$scratch/cache"
	guard_log="$scratch/milter.log"
	[ "$(id -u)" -eq 0 ] || guard_updater=$(id -un)
	guard_new_cache
	cp "$tests_data/messages" "$scratch/messages"
	guard_configure "$@"
}

# guard_new_cache: an empty cache directory, in which nothing is remembered of any
# registry's limits either.
guard_new_cache() {
	rm -rf "$guard_cache"
	install -d -m 2750 -o "$guard_updater" -g "$(id -gn "$guard_updater")" "$guard_cache"
}

# guard_rot DATABASE [BEGIN]: the records whose key begins so have lost their last byte.
guard_rot() {
	"$BUILD/tests/lib/rot" "$guard_cache/cache" "$@" || die "no record of $* to damage"
}

# guard_configure [KEY = VALUE]...: writes the configuration anew; what is given
# comes after, and so outdoes, what every test has.
guard_configure() {
	local line

	cat >"$guard_conf.new" <<-EOF
		mode = enforce
		log_to = stderr
		cache_dir = $guard_cache
		map_size = 64m
		updater_user = $guard_updater
		messages_file = $scratch/messages
		sources = rdap
		rdap_bootstrap = $bootstrap_url
		ca_file = $ca_file
		allow_private_addresses = yes
		host_rate = 1000/s
		timeout = 10s
	EOF
	if [ -n "${mta_socket:-}" ]; then
		cat >>"$guard_conf.new" <<-EOF
			milter_user = $guard_milter
			socket = unix:$mta_socket
			socket_group = $mta_socket_group
			originating_daemons = ORIGINATING
			exempt_domains = exempt.example
			recheck_after = 1h
		EOF
	fi
	for line; do
		printf '%s\n' "$line" >>"$guard_conf.new"
	done
	mv "$guard_conf.new" "$guard_conf"
}

# guard_forget_hosts: what the registries' hosts have taught of their limits is kept
# with the cache, but not exported with it.
guard_forget_hosts() {
	[ -e "$guard_cache/cache" ] || return 0
	rg export >"$scratch/exported" 2>/dev/null || return 0
	rm -rf "$guard_cache/cache"
	rg -q import --new "$scratch/exported" || die 'an export cannot be imported'
}

# can_fake_time: faketime is there, and the program starts under it, which one that was
# built with a sanitizer does not.
can_fake_time() {
	command -v faketime >/dev/null && timeout -k 1 10 faketime '+1 day' "$BUILD/resetguard" --version >/dev/null 2>&1
}

# rg COMMAND...: the command with our configuration.
rg() {
	"$BUILD/resetguard" -c "$guard_conf" "$@"
}

# milter_start: returns when the milter listens.
milter_start() {
	local start

	[ -d "${mta_socket%/*}" ] ||
		install -d -m 2750 -o "$guard_milter" -g "$mta_socket_group" "${mta_socket%/*}"
	start=$(next_line "$guard_log")
	spawn milter "$BUILD/resetguard-milter" -f -c "$guard_conf"
	milter_pid=$spawned
	await 'the milter to be ready' milter_settled "$start"
	tail -n "+$start" "$guard_log" | grep -q ' ready: ' || die "$(tail -n "+$start" "$guard_log")"
}

# milter_settled FROM: it is ready, or has ended.
milter_settled() {
	tail -n "+$1" "$guard_log" | grep -q ' ready: ' || process_ended "$milter_pid"
}

# milter_stop: the status is the milter's.
milter_stop() {
	stop_process "$milter_pid"
}

# verdicts FROM: the milter's verdict lines, from line FROM of its log on.
verdicts() {
	tail -n "+$1" "$guard_log" | grep -E ' verdict=[a-z]+ '
}

# What may have happened to a cache that nobody has open, so that it cannot be
# believed: what it is called, what is done in the cache directory, and the path
# that the one clear line about it names.
broken_caches() {
	cat <<-'EOT'
	missing           | rm -r cache                                        | cache/cache
	empty             | : >cache/data.mdb                                  | data.mdb
	unreadable        | chmod 0 cache/data.mdb                            | data.mdb
	no cache at all   | head -c 65536 /dev/zero >cache/data.mdb            | data.mdb
	cut short         | truncate -s 12288 cache/data.mdb                   | data.mdb
	cut within a page | truncate -s 5000 cache/data.mdb                    | data.mdb
	of a later version | poke cache/data.mdb 'cache\x01' 5 '\011'           | version
	without its key   | rm address.key                                     | address.key
	EOT
}

# poke FILE PATTERN OFFSET BYTE: OFFSET bytes into every match of the Perl
# expression PATTERN, writes BYTE, given as printf(1) knows it.
poke() {
	local at

	LC_ALL=C grep -aboP -e "$2" "$1" | cut -d : -f 1 | while read -r at; do
		printf "$4" | dd of="$1" bs=1 seek=$((at + $3)) conv=notrunc status=none
	done
}

# SPDX-License-Identifier: BSD-2-Clause
#
# What the suites of tests/faults share: the library that makes one call fail, which calls
# it makes fail, and a cache with a domain that has lapsed.
#
# FAULTS: how many calls of a class fail in one command, evenly spread over all that it
# makes, 8; "all" for each of them. SEED: which ones, 1.

: "${FAULTS:=8}"
: "${SEED:=1}"

[ "$(id -u)" -eq 0 ] || skip_all 'the milter becomes its own user: needs root'
inject="$BUILD/tests/faults/inject.so"
for part in "$inject" "$BUILD/tests/faults/board"; do
	[ -e "$part" ] || skip_all "$part is not there: make check builds it"
done
nm -D "$BUILD/resetguard" >/dev/null 2>&1 || skip_all 'what starts the program would be preloaded, too'
if nm -D "$BUILD/resetguard" | grep -qE ' __(asan|tsan|ubsan)_'; then
	skip_all 'a sanitizer brings a malloc of its own'
fi

lapsed=d0000000.example # the only domain that a load of one draws
injected_in_all=0

# What is said of a cause, by the class of the calls.
cause() { # CLASS
	case $1 in
	memory) echo '[Mm]emory' ;;
	# OpenSSL and libcurl have words of their own for it.
	all-memory)
		case ${where:-} in
		*libcurl*) echo '[Mm]emory|TLS|SSL|Failed sending|cannot be resolved' ;;
		*) echo '[Mm]emory|TLS|SSL|Failed sending' ;;
		esac
		;;
	# OpenSSL says no more of the certificates than that it cannot read them.
	files) echo '[Nn]o space left|Too many open files|Input/output error|device fails|memory|certificate file' ;;
	cache) echo '[Nn]o space left|map_size|device fails|cannot be read|input or output|maxdbs|readers|Invalid argument|damaged|memory' ;;
	network) echo 'connect|Connection|Too many open files|TLS' ;;
	esac
}

board() {
	"$BUILD/tests/faults/board" "$scratch/board" "$@"
}

# drawn CALLS MOST: which of them fail.
drawn() {
	awk -v calls="$1" -v most="$2" -v seed="$SEED" 'BEGIN {
		srand(seed)
		if (most == "all" || most > calls)
			most = calls
		for (i = 0; i < most; i++)
			print int((i + rand()) * calls / most) + 1
	}'
}

# What is in the cache, without what differs from run to run: times, and how often a
# look-up has failed.
contents() {
	rg export 2>&1 | sed -E -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/T/g' -e 's/"failures":[0-9]+/"failures":N/' | sort
}

put_back() {
	rm -rf "$guard_cache"
	cp -a "$scratch/baseline" "$guard_cache"
	cp "$scratch/other" "$scratch/made"
}

problem() {
	echo "call $call ($where), exit $status: $*" >>"$scratch/problems"
	head -n 3 "$scratch/err" | sed 's/^/    /' >>"$scratch/problems"
}

# run_command ARGUMENTS...: what stands before it in the environment counts.
run_command() {
	(cd "$scratch" && exec "$BUILD/resetguard" -c "$guard_conf" "$@") <"$scratch/$input" \
		>"$scratch/out" 2>"$scratch/err"
	status=$?
}

# under_fault CLASS CALL ARGUMENTS...
under_fault() {
	local class="$1" call="$2"

	shift 2
	FAULT_BOARD="$scratch/board" FAULT_CLASS="$class" FAULT_AT="$call" LD_PRELOAD="$inject" \
		run_command "$@"
}

# faults_begin: a registry, and a cache of three domains, one of them lapsed, another of
# which lapses at the next refresh. $scratch/baseline is a copy of it; $scratch/other is a
# backup of another cache, with a key of its own.
faults_begin() {
	registry_begin example
	guard_begin
	heading "seed $SEED, up to $FAULTS calls of each class in each command"
	: >"$scratch/nothing"
	printf 'new%s.example\n' 1 2 3 4 5 >"$scratch/rows"
	printf 'new6.example,2024-05-01\nbob@new7.example,2024-05-01\n' >>"$scratch/rows"
	registry_says "$lapsed" 'pending delete+redemption period reg=2015-03-01 exp=-40d'
	for name in kept changing; do
		registry_says "$name.example" 'active reg=2015-03-01 exp=+300d'
	done
	for name in "$lapsed" kept.example changing.example; do
		echo "bob@$name,2024-05-01"
	done | rg -q import -
	rg refresh --all >"$scratch/out" 2>"$scratch/err" || die "$(cat "$scratch/err")"
	registry_says changing.example 'pending delete+redemption period reg=2015-03-01 exp=-40d'
	# A backup of another cache, with a key of its own.
	guard_configure "cache_dir = $scratch/elsewhere"
	install -d -m 2750 -o "$guard_updater" -g "$(id -gn "$guard_updater")" "$scratch/elsewhere"
	echo 'eve@other.example,2024-05-01' | rg -q import -
	rg -q backup "$scratch/other" || die 'no other backup'
	guard_configure
	cp -a "$guard_cache" "$scratch/baseline"
	contents >"$scratch/before"
	board new
}

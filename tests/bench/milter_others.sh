# SPDX-License-Identifier: BSD-2-Clause
#
# tests/bench/milter: beside two milters that many run, with what they do for a living:
# Debian's OpenDKIM, which verifies a signature or makes one with a key of 2048 bits, and
# OpenDMARC, which looks a policy up. All get one and the same signed message, the signer
# the same without its signature. OpenDKIM has its key from a file, OpenDMARC asks a DNS
# server of ours, so no network is part of it. Each listens on a UNIX socket.

others_dns=127.0.0.77

others_begin() {
	others_dir="$scratch/others"
	mkdir -p "$others_dir"
	"$bench/milterload" -t >"$others_dir/plain"
	openssl genrsa -out "$others_dir/key.pem" 2048 2>/dev/null
	printf 's1._domainkey.shop.example v=DKIM1; k=rsa; p=%s\n' \
		"$(openssl rsa -in "$others_dir/key.pem" -pubout 2>/dev/null | sed '/^---/d' | tr -d '\n')" \
		>"$others_dir/dns"
	echo 192.0.2.250 >"$others_dir/nobody"
	others_dkim sign s "Domain shop.example" "Selector s1" "KeyFile $others_dir/key.pem"
	others_dkim verify v "InternalHosts $others_dir/nobody" "TestDNSData $others_dir/dns"
	others_dmarc
	pid_s=$(spawn_other sign) pid_v=$(spawn_other verify) pid_m=$(spawn_other dmarc)
	for other in "sign $pid_s" "verify $pid_v" "dmarc $pid_m"; do
		flags_of "${other% *}" "${other#* }" "unix:$others_dir/${other% *}.sock" >/dev/null || exit 1
	done
	{
		echo 'Authentication-Results: mail.svc.example; dkim=pass header.d=shop.example'
		"$bench/milterload" -f "$others_dir/plain" -e "unix:$others_dir/sign.sock"
	} >"$others_dir/signed"
	grep -q '^DKIM-Signature:' "$others_dir/signed" || die "OpenDKIM signs nothing: $(cat "$scratch/sign.log")"
	"$bench/milterload" -f "$others_dir/signed" -e "unix:$others_dir/verify.sock" >"$others_dir/verified"
	grep -q 'dkim=pass .*2048-bit' "$others_dir/verified" ||
		die "OpenDKIM does not verify what it has signed: $(grep Authentication "$others_dir/verified")"
	"$bench/milterload" -f "$others_dir/signed" -e "unix:$others_dir/dmarc.sock" >"$others_dir/judged"
	grep -q 'dmarc=pass' "$others_dir/judged" ||
		die "OpenDMARC finds no policy: $(grep Authentication "$others_dir/judged")"
}

# others_dkim NAME MODE LINE...
others_dkim() {
	name=$1
	mode=$2
	shift 2
	cat >"$others_dir/$name.conf" <<-EOF
		Mode $mode
		Socket local:$others_dir/$name.sock
		UMask 0000
		Syslog no
		RequireSafeKeys no
		Background no
		AuthservID $name.svc.example
		UserID $(id -un)
	EOF
	printf '%s\n' "$@" >>"$others_dir/$name.conf"
}

others_dmarc() {
	cat >"$others_dir/unbound.conf" <<-EOF
		server:
		  interface: $others_dns
		  access-control: 127.0.0.0/8 allow
		  do-daemonize: no
		  username: ""
		  chroot: ""
		  directory: "$others_dir"
		  pidfile: "$others_dir/unbound.pid"
		  use-syslog: no
		  local-zone: "." static
		  local-data: '_dmarc.shop.example. 3600 TXT "v=DMARC1; p=reject"'
		remote-control:
		  control-enable: no
	EOF
	spawn unbound unbound -d -c "$others_dir/unbound.conf"
	await 'the DNS server' test -s "$others_dir/unbound.pid" || die "$(cat "$scratch/unbound.log")"
	echo "nameserver $others_dns" >"$others_dir/resolv.conf"
	cat >"$others_dir/dmarc.conf" <<-EOF
		Socket local:$others_dir/dmarc.sock
		UMask 0000
		Syslog false
		Background false
		AuthservID dmarc.svc.example
		TrustedAuthservIDs mail.svc.example
		IgnoreHosts $others_dir/nobody
		UserID $(id -un)
	EOF
}

# spawn_other NAME: its process id. /etc/resolv.conf is ours for OpenDMARC alone.
spawn_other() {
	case $1 in
	dmarc)
		spawn dmarc unshare -m sh -c "mount --bind $others_dir/resolv.conf /etc/resolv.conf &&
			exec $milter_cpus opendmarc -f -c $others_dir/dmarc.conf"
		;;
	*)
		# shellcheck disable=SC2086 # a command, or nothing
		spawn "$1" $milter_cpus opendkim -f -x "$others_dir/$1.conf"
		;;
	esac
	echo "$spawned"
}

# others_measure ROUND SESSIONS WHO SOCKET PID TEXT
others_measure() {
	# shellcheck disable=SC2086 # a command, or nothing
	line=$($driver_cpus "$bench/milterload" -k -n "$((messages / 4))" -s "$2" -p "$5" -f "$6" "$4") ||
		die "the dialogue with $4 broke"
	echo "round=$1 mail=signed who=$3 $line" >>"$results"
}

others_rounds() {
	for n in $sessions; do
		round=0
		while [ "$round" -le "$others" ]; do
			others_measure "$round" "$n" a "$socket_a" "$pid_a" "$others_dir/signed"
			others_measure "$round" "$n" b "$socket_b" "$pid_b" "$others_dir/signed"
			others_measure "$round" "$n" v "unix:$others_dir/verify.sock" "$pid_v" "$others_dir/signed"
			others_measure "$round" "$n" m "unix:$others_dir/dmarc.sock" "$pid_m" "$others_dir/signed"
			others_measure "$round" "$n" s "unix:$others_dir/sign.sock" "$pid_s" "$others_dir/plain"
			round=$((round + 1))
		done
	done
}

others_table() {
	awk -v aim="$aim_others" -v versions="$(dpkg-query -W -f '${Package} ${Version}  ' opendkim opendmarc 2>/dev/null)" \
		-v figures="${FIGURES:-}" "$awk_statistics"'
		function row(who, name, aim, round, rates, ratios) {
			for (round = 1; round <= rounds; round++) {
				rates[round] = rate[n, round, who]
				ratios[round] = rate[n, round, "b"] / rates[round]
			}
			printf "%8d  %-22s %10.0f  %-22s %s\n", n, name, median(rates, rounds), spread(ratios, rounds), aim
			if (figures != "" && who != "a" && who != "b")
				printf "| milter: faster, %d session%s | %s times | %s | %s |\n", n, n == 1 ? "" : "s", spread(ratios, rounds), \
					aim == "" ? "-" : "at least " aim, name >>figures
		}
		{
			for (i = 1; i <= NF; i++) {
				split($i, pair, "=")
				field[pair[1]] = pair[2]
			}
			if (field["round"] + 0 > rounds)
				rounds = field["round"] + 0
			if (!(field["sessions"] in known)) {
				known[field["sessions"]] = 1
				order[++count] = field["sessions"]
			}
			rate[field["sessions"], field["round"] + 0, field["who"]] = field["rate"]
		}
		END {
			printf "beside others, one ordinary message, unix sockets, %d rounds: %s\n", rounds, versions
			printf "%8s  %-22s %10s  %-22s %s\n", "sessions", "milter", "messages/s", "resetguard is faster by", "aim"
			for (i = 1; i <= count; i++) {
				n = order[i]
				row("a", "do-nothing", "")
				row("b", "resetguard", "")
				row("v", "OpenDKIM, verifying", aim)
				row("s", "OpenDKIM, signing", "")
				row("m", "OpenDMARC", "")
			}
		}' "$results"
}

others_report() {
	echo
	if [ "$(id -u)" -ne 0 ] || ! command -v opendkim >/dev/null || ! command -v opendmarc >/dev/null ||
		! command -v unbound >/dev/null; then
		echo 'not measured beside OpenDKIM and OpenDMARC: that needs root, and tests/packages bench'
		return
	fi
	results="$scratch/results-others"
	milters_begin unix
	others_begin
	others_rounds
	others_table
	milters_end
}

# SPDX-License-Identifier: BSD-2-Clause
#
# tests/bench/milter: the same milters through a Postfix, for the reader: there a few
# per cent are noise.

# One Postfix that listens on three ports: without a milter, with a and with b.
# What it takes is discarded.
postfix_begin() {
	postfix_conf="$scratch/postfix/conf"
	mail_log="$scratch/postfix/mail.log"
	mkdir -p "$postfix_conf" "$scratch/postfix/queue" "$scratch/postfix/data"
	chown postfix "$scratch/postfix/data"
	port_none=$(free_port)
	port_a=$(free_port)
	port_b=$(free_port)
	cat >"$postfix_conf/main.cf" <<-EOF
		compatibility_level = 3.6
		queue_directory = $scratch/postfix/queue
		data_directory = $scratch/postfix/data
		maillog_file = $mail_log
		maillog_file_prefixes = $scratch/postfix
		myhostname = mail.svc.example
		mydestination =
		mynetworks = 127.0.0.0/8
		inet_interfaces = 127.0.0.1
		inet_protocols = ipv4
		alias_maps =
		local_recipient_maps =
		default_transport = discard:
		smtpd_peername_lookup = no
		smtpd_client_connection_count_limit = 0
		in_flow_delay = 0
		milter_default_action = tempfail
	EOF
	cat >"$postfix_conf/master.cf" <<-EOF
		127.0.0.1:$port_none inet n - n - - smtpd
		127.0.0.1:$port_a inet n - n - - smtpd
		    -o smtpd_milters=unix:$scratch/a.sock
		127.0.0.1:$port_b inet n - n - - smtpd
		    -o smtpd_milters=unix:$scratch/b.sock
		pickup unix n - n 60 1 pickup
		cleanup unix n - n - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		rewrite unix - - n - - trivial-rewrite
		bounce unix - - n - 0 bounce
		defer unix - - n - 0 bounce
		trace unix - - n - 0 bounce
		flush unix n - n 1000? 0 flush
		proxymap unix - - n - - proxymap
		showq unix n - n - - showq
		error unix - - n - - error
		retry unix - - n - - error
		discard unix - - n - - discard
		anvil unix - - n - 1 anvil
		postlog unix-dgram n - n - 1 postlogd
	EOF
	: >"$mail_log"
	if ! postfix -c "$postfix_conf" start >"$scratch/postfix/start.log" 2>&1 ||
		! await_line "$mail_log" 'daemon started' >/dev/null; then
		die "cannot start Postfix: $(cat "$scratch/postfix/start.log" "$mail_log")"
	fi
	started "$(tr -d ' ' <"$scratch/postfix/queue/pid/master.pid")"
	"$bench/milterload" -t >"$scratch/ordinary"
	"$bench/milterload" -r -t >"$scratch/reset"
}

# smtp_measure ROUND MAIL WHO PORT
smtp_measure() {
	begin=$(now_ms)
	smtp-source -d -s 8 -m "$postfix_messages" -f accounts@svc.example -t customer@d0000000.example \
		-F "$scratch/$2" "127.0.0.1:$4" >"$scratch/smtp-source.log" 2>&1 ||
		die "smtp-source: $(tail -n 3 "$scratch/smtp-source.log" "$mail_log")"
	echo "$1 $2 $3 $((postfix_messages * 1000 / ($(now_ms) - begin)))" >>"$results"
}

postfix_rounds() {
	for mail in ordinary reset; do
		round=0
		while [ "$round" -le "$rounds" ]; do
			smtp_measure "$round" "$mail" none "$port_none"
			smtp_measure "$round" "$mail" a1 "$port_a"
			smtp_measure "$round" "$mail" b "$port_b"
			smtp_measure "$round" "$mail" a2 "$port_a"
			round=$((round + 1))
		done
	done
}

postfix_report() {
	awk -v null_only="$null_only" -v version="$(postconf -h mail_version)" "$awk_statistics"'
		function row(mail, who, name, round, rates, ratios, base) {
			for (round = 1; round <= rounds; round++) {
				rates[round] = rate[mail, round, who]
				base = rate[mail, round, "a1"]
				if (who != "a2")
					base = (base + rate[mail, round, "a2"]) / 2
				ratios[round] = rates[round] / base
			}
			printf "%-9s %-18s %10.0f  %s\n", mail, name, median(rates, rounds), spread(ratios, rounds)
		}
		$1 > 0 { rate[$2, $1, $3] = $4 }
		$1 > rounds { rounds = $1 }
		END {
			printf "through Postfix %s, 8 sessions, %d rounds: a few per cent are noise\n", version, rounds
			printf "%-9s %-18s %10s  %s\n", "mail", "milter", "messages/s", "ratio (range)"
			count = split("ordinary reset", mails, " ")
			for (i = 1; i <= count; i++) {
				row(mails[i], "none", "none")
				row(mails[i], "a2", "do-nothing")
				row(mails[i], "b", null_only == "yes" ? "do-nothing again" : "resetguard")
			}
		}' "$results"
}

# SPDX-License-Identifier: BSD-2-Clause
#
# Mail through the MTA of postfix.sh or sendmail.sh: written, sent, and followed to
# its end.

# compose TEMPLATE FROM TO [DATE]: $message, a file, and $token, by which the
# message is known from then on.
compose() {
	message_count=$((${message_count:-0} + 1))
	token="message-$message_count"
	message="$scratch/$token"
	sed -e "s/@ID@/$token@svc.example/" -e "s/@FROM@/$2/" -e "s/@TO@/$3/" \
		-e "s/@DATE@/${4:-}/" "$1" >"$message" || die "no such message: $1"
}

# smtp_send PORT|PROGRAM FROM RECIPIENT...: sends $message to that port, or to a program
# that speaks SMTP; the dialogue is printed, one line a command: COMMAND <tab> REPLY.
# $client_address, e.g. 192.0.2.7 or 2001:db8::7, $client_login and $mail_options, e.g.
# SMTPUTF8, are obeyed.
smtp_send() {
	local port="$1" from="$2" rcpt

	shift 2
	{
		echo 'EHLO app.svc.example'
		mta_introduce
		echo "MAIL FROM:<$from>${mail_options:+ $mail_options}"
		for rcpt; do
			echo "RCPT TO:<$rcpt>"
		done
		echo 'DATA'
		echo 'QUIT'
	} | "$scratch/bin/smtp_talk" "$port" "$message" $(mta_source)
}

# by_smtp PORT FROM RECIPIENT...: sends $message and waits until the MTA is done
# with it. $seen is what the client was told: the status of the message, after
# that of each recipient that was refused by itself, as in
# "bob@lapsed.example 550 5.1.2, 250 2.0.0"; $dialogue has every word.
by_smtp() {
	local tab id start

	start=$(next_line "$mail_log")
	tab=$(printf '\t')
	dialogue=$(smtp_send "$@")
	seen=$(printf '%s\n' "$dialogue" | sed -n -E \
		-e "s/^RCPT TO:<(.*)>$tab([45][0-9]{2})[ -]([0-9.]+).*/\1 \2 \3/p" \
		-e "s/^(XCLIENT|AUTH).*$tab([45][0-9]{2}) ([0-9.]+).*/\1 \2 \3/p" \
		-e "s/^(MAIL|DATA|\.).*$tab([245][0-9]{2})[ -]([0-9.]+).*/\2 \3/p" |
		sed -e '/^250 2.1.0$/d' | paste -s -d , | sed -e 's/,/, /g')
	# With no recipient left, DATA has nothing to say of its own.
	seen=${seen%, 554 5.5.1} seen=${seen%, 503 5.0.0}
	id=$(printf '%s\n' "$dialogue" | sed -n -e 's/.*queued as \([0-9A-Za-z]*\).*/\1/p' \
		-e 's/.* \([0-9A-Za-z]*\) Message accepted.*/\1/p')
	[ -z "$id" ] || mta_await "$id" "$start"
}

# hand_in FROM RECIPIENT...: hands $message to $sendmail_command in the way that $submission
# names: bm, by arguments, if nothing is said; t, to the recipients in its header; bs, by
# SMTP on standard input.
hand_in() {
	local from="$1"

	shift
	case ${submission:-bm} in
	bm) $sendmail_command -bm -oi -f "$from" -- "$@" <"$message" ;;
	t) $sendmail_command -t -oi -f "$from" <"$message" ;;
	bs) smtp_send "$sendmail_command -bs" "$from" "$@" ;;
	esac
}

# by_sendmail FROM RECIPIENT...: hands $message to sendmail(1) and waits until the
# MTA is done with it. $seen is what became of it: "sent"; "bounced 5.1.2", after
# the bounce has reached the sender; "waits 4.7.1" in a queue, to be tried again,
# which has then been taken out again. It is the MTA's, in postfix.sh or sendmail.sh.

# bounce_status TOKEN: the status of each recipient in the bounce of a message.
bounce_status() {
	grep -rl "<$1@" "$mta_inbox/new" | xargs -r grep -l '^Content-Type: multipart/report' |
		xargs -r sed -n 's/^Status: //p' | sort -u | paste -s -d ' '
}

# delivered_to TOKEN: the recipients whose mailbox got the message, sorted, on
# one line, or "-". A bounce that quotes the message does not count.
delivered_to() {
	grep -rl "<$1@" "$mta_inbox/new" | xargs -r awk -v id="<$1@" '
		FNR == 1 { to = "" }
		/^$/ { nextfile }
		/^Delivered-To: / { to = substr($0, 15) }
		tolower($1) == "message-id:" && index($2, id) == 1 { print to }' | sort | paste -s -d , | sed -e 's/,/, /g' -e 's/^$/-/'
}

# merged_log: $mail_log with what the milter wrote to $guard_log, where a syslog had put
# it: behind the line of cleanup(8) that was waiting for the milter's answer, or before
# the one of smtpd(8).
merged_log() {
	awk '
		function stamped(line) { return stamp " mail resetguard-milter[1]: " line }
		FNR == NR {
			if (sub(/^resetguard-milter: /, "") && / verdict=/) {
				id = $1
				if (id == "NOQUEUE:")
					early[++early_count] = $0
				else
					said[id] = said[id] (id in said ? "\n" : "") $0
			}
			next
		}
		{ stamp = substr($0, 1, 15) }
		/ NOQUEUE: milter-reject: RCPT / { print stamped(early[++early_told]) }
		{ print }
		$7 ~ /^message-id=/ && ($6 in said) {
			n = split(said[$6], lines, "\n")
			for (i = 1; i <= n; i++)
				print stamped(lines[i])
		}' "$guard_log" "$mail_log"
}

# SPDX-License-Identifier: BSD-2-Clause
#
# A Postfix of our own in $scratch/postfix: its configuration, queue, data and
# log. It takes mail for every address and delivers all of it, through
# virtual(8), into one Maildir, so that what was delivered is exactly known.
# (smtp-sink(1) does not offer SMTPUTF8 and so could not stand in for the world.)
#
# $smtp_port        for applications on this host; XCLIENT is allowed
# $submission_port  the same with daemon name ORIGINATING
# $inbound_port     the same with daemon name inbound
# $mail_log         what Postfix logs

# postfix_begin MILTER: MILTER as for smtpd_milters, relative to $postfix_queue,
# or nothing.
postfix_begin() {
	postfix_conf="$scratch/postfix/conf"
	postfix_queue="$scratch/postfix/queue"
	mta_inbox="$scratch/postfix/delivered/inbox"
	mta_socket="$postfix_queue/resetguard/milter.sock"
	mta_socket_group=postfix
	mail_log="$scratch/postfix/mail.log"
	mkdir -p "$postfix_conf" "$postfix_queue" "$scratch/postfix/data" "$mta_inbox"
	chown postfix "$scratch/postfix/data"
	chown nobody "$mta_inbox"

	build_helper smtp_talk
	smtp_port=$(free_port)
	submission_port=$(free_port)
	inbound_port=$(free_port)
	postfix_main_cf "$1" >"$postfix_conf/main.cf"
	postfix_master_cf >"$postfix_conf/master.cf"
	: >"$mail_log"
	postfix -c "$postfix_conf" start >"$scratch/postfix/start.log" 2>&1 &&
		await_line "$mail_log" 'daemon started' >/dev/null ||
		die "cannot start Postfix: $(cat "$scratch/postfix/start.log" "$mail_log")"
	started "$(tr -d ' ' <"$postfix_queue/pid/master.pid")"
}

postfix_main_cf() {
	cat <<-EOF
		compatibility_level = 3.6
		queue_directory = $postfix_queue
		data_directory = $scratch/postfix/data
		maillog_file = $mail_log
		maillog_file_prefixes = $scratch/postfix
		myhostname = mail.svc.example
		mydestination =
		mynetworks = 0.0.0.0/0 [::]/0
		inet_interfaces = 127.0.0.1
		inet_protocols = all
		alias_maps =
		alias_database =
		local_transport = virtual
		local_recipient_maps =
		virtual_mailbox_domains = static:all
		virtual_mailbox_base = $scratch/postfix/delivered
		virtual_mailbox_maps = static:inbox/
		virtual_uid_maps = static:$(id -u nobody)
		virtual_gid_maps = static:$(id -g nobody)
		virtual_minimum_uid = 1
		smtp_dns_support_level = disabled
		smtpd_peername_lookup = no
		smtpd_authorized_xclient_hosts = 127.0.0.1
		smtpd_error_sleep_time = 0
		smtpd_milters = $1
		non_smtpd_milters = $1
		milter_default_action = tempfail
	EOF
}

# As Debian ships it, smtpd and cleanup see nothing outside the queue directory.
postfix_master_cf() {
	cat <<-EOF
		127.0.0.1:$smtp_port inet n - y - - smtpd
		127.0.0.1:$submission_port inet n - y - - smtpd
		    -o milter_macro_daemon_name=ORIGINATING
		127.0.0.1:$inbound_port inet n - y - - smtpd
		    -o milter_macro_daemon_name=inbound
		pickup unix n - y 60 1 pickup
		cleanup unix n - y - 0 cleanup
		qmgr unix n - n 300 1 qmgr
		rewrite unix - - y - - trivial-rewrite
		bounce unix - - y - 0 bounce
		defer unix - - y - 0 bounce
		trace unix - - y - 0 bounce
		verify unix - - y - 1 verify
		flush unix n - y 1000? 0 flush
		proxymap unix - - n - - proxymap
		showq unix n - y - - showq
		error unix - - y - - error
		retry unix - - y - - error
		discard unix - - y - - discard
		virtual unix - n n - - virtual
		smtp unix - - y - - smtp
		anvil unix - - y - 1 anvil
		postlog unix-dgram n - n - 1 postlogd
	EOF
}

mta_introduce() {
	local address="${client_address:-}"

	case $address in
	*:*) address="IPV6:$address" ;;
	esac
	if [ -n "$address${client_login:-}" ]; then
		echo "XCLIENT${address:+ ADDR=$address}${client_login:+ LOGIN=$client_login}"
		echo 'EHLO app.svc.example'
	fi
}

mta_source() {
	:
}

mta_await() {
	await_line "$mail_log" " $1: (removed|milter-hold|milter-discard)" "$2" >/dev/null
}

by_sendmail() {
	local sendmail_command="sendmail -C $postfix_conf" start id end

	dialogue=
	start=$(next_line "$mail_log")
	if ! hand_in "$@" >"$scratch/submission.log" 2>&1; then
		seen='not taken'
		return
	fi
	id=$(await_line "$mail_log" " message-id=<$token@" "$start" |
		sed 's/.*: \([0-9A-Za-z]*\): message-id=.*/\1/')
	end=$(await_line "$mail_log" " $id: (removed|milter-reject|milter-discard)" "$start")
	case $end in
	*removed) seen=sent ;;
	*': 4.'*)
		seen="waits $(printf '%s\n' "$end" | grep -oE '4\.[0-9]\.[0-9]+' | head -n 1)"
		await 'the message in the maildrop' maildrop_has "$token"
		postsuper -c "$postfix_conf" -d ALL maildrop 2>/dev/null
		;;
	*)
		id=$(await_line "$mail_log" " $id: sender non-delivery notification: " "$start" |
			sed 's/.*notification: //')
		await_line "$mail_log" " $id: removed" "$start" >/dev/null
		seen="bounced $(bounce_status "$token")"
		;;
	esac
}

maildrop_is_empty() {
	[ -z "$(ls "$postfix_queue/maildrop")" ]
}

# postfix_reload: until nobody is left that read the configuration as it was. Postfix logs
# the reload before it sends them home.
postfix_reload() {
	local before

	before=$(postfix_servers)
	postfix -c "$postfix_conf" reload >/dev/null 2>&1
	await 'the servers of before to be gone' are_gone $before || die 'Postfix did not reload'
}

postfix_servers() {
	ps -o pid=,comm= --ppid "$(tr -d ' ' <"$postfix_queue/pid/master.pid")" |
		awk '$2 == "smtpd" || $2 == "cleanup" { print $1 }'
}

are_gone() { # PID...
	local pid

	for pid; do
		[ ! -e "/proc/$pid" ] || return 1
	done
}

maildrop_has() {
	grep -rqa "<$1@" "$postfix_queue/maildrop"
}

# SPDX-License-Identifier: BSD-2-Clause
#
# A Sendmail of our own in $scratch/sendmail, from Debian's packages unpacked in
# $sendmail_root (tests/packages sendmail): the daemon, and the submission program
# with its own queue, which is what sendmail(1) is there. It takes mail for every
# address and delivers all of it into one Maildir.
#
# It runs in network and host name spaces of our own (sendmail_namespace), because it
# wants a full host name, and because a client's address, which no XCLIENT can lend,
# must then be one of this host's: 192.0.2.7 and 2001:db8::7 are.
#
# $smtp_port        for applications on this host; IPv6, to which IPv4 clients come as
#                   mapped addresses
# $submission_port  IPv4, with daemon name ORIGINATING
# $inbound_port     IPv4, with daemon name inbound

: "${sendmail_root:=$BUILD/sendmail-unpacked}"
sendmail_libraries="$sendmail_root/usr/lib/$(cc -print-multiarch)"

# sendmail_namespace SCRIPT: the script once more, where it can have a Sendmail.
sendmail_namespace() {
	[ -z "${in_sendmail_namespace:-}" ] || return 0
	unshare -n -u true 2>/dev/null || skip_all 'no network name space can be made here'
	"$SRC/tests/packages" sendmail "$sendmail_root" >"$BUILD/sendmail-unpacked.log" 2>&1 || {
		cat "$BUILD/sendmail-unpacked.log" >&2
		die "Debian's Sendmail cannot be unpacked"
	}
	export BUILD SRC sendmail_root in_sendmail_namespace=yes
	exec unshare -n -u sh "$1"
}

# sendmail_begin
sendmail_begin() {
	sendmail_dir="$scratch/sendmail"
	mta_inbox="$sendmail_dir/inbox"
	mta_socket="$scratch/milter/milter.sock"
	mta_socket_group=root
	mail_log="$sendmail_dir/traffic"
	mkdir -p "$sendmail_dir/queue" "$sendmail_dir/submission" "$sendmail_dir/sasl" "$mta_inbox/new"
	chown nobody "$mta_inbox" "$mta_inbox/new"
	chown nobody:nogroup "$sendmail_dir/submission"
	chmod 770 "$sendmail_dir/submission"
	: >"$mail_log"

	hostname mail.svc.example
	ip link set lo up
	ip addr add 192.0.2.7/32 dev lo
	ip addr add 2001:db8::7/128 dev lo nodad
	build_helper smtp_talk
	smtp_port=$(free_port)
	submission_port=$(free_port)
	inbound_port=$(free_port)

	sendmail_deliver >"$sendmail_dir/deliver"
	chmod 755 "$sendmail_dir/deliver"
	sendmail_sasl app reset-service
	echo 'hosts files' >"$sendmail_dir/service.switch"
	sendmail_cf daemon
	sendmail_cf submission
	LD_LIBRARY_PATH=$sendmail_libraries spawn sendmail \
		"$sendmail_root/usr/libexec/sendmail/sendmail" -bD "-C$sendmail_dir/daemon.cf" -X "$mail_log"
	await 'Sendmail to listen' sendmail_listens || die "$(cat "$scratch/sendmail.log")"
}

sendmail_listens() {
	echo QUIT | "$scratch/bin/smtp_talk" "$smtp_port" /dev/null
}

# One file a recipient, as Postfix's virtual(8) does it.
sendmail_deliver() {
	cat <<-EOF
		#!/bin/sh
		file=\$(mktemp $mta_inbox/XXXXXX) &&
			{ echo "Delivered-To: \$1" && cat; } >\$file &&
			mv \$file $mta_inbox/new || exit 75
	EOF
}

# sendmail_sasl NAME...: who may authenticate, with the password "secret".
sendmail_sasl() {
	local name

	cat >"$sendmail_dir/sasl/Sendmail.conf" <<-EOF
		pwcheck_method: auxprop
		auxprop_plugin: sasldb
		sasldb_path: $sendmail_dir/sasl/db
		mech_list: PLAIN
	EOF
	for name; do
		echo secret | LD_LIBRARY_PATH=$sendmail_libraries \
			SASL_PATH=$sendmail_libraries/sasl2 \
			"$sendmail_root/usr/sbin/saslpasswd2" -p -c -f "$sendmail_dir/sasl/db" \
			-u mail.svc.example "$name" || die "saslpasswd2 $name"
	done
}

# sendmail_cf daemon|submission: $sendmail_dir/NAME.cf.
sendmail_cf() {
	local m4="$sendmail_root/usr/share/sendmail/cf"

	{
		sendmail_common
		"sendmail_$1"
	} >"$sendmail_dir/$1.mc"
	m4 "-D_CF_DIR_=$m4/" "$m4/m4/cf.m4" "$sendmail_dir/$1.mc" >"$sendmail_dir/$1.cf" ||
		die "m4 $sendmail_dir/$1.mc"
}

# Whatever the machine's load, mail is taken and delivered.
sendmail_common() {
	cat <<-EOF
		define(\`__OSTYPE__', \`')
		define(\`STATUS_FILE', \`')
		define(\`HELP_FILE', \`')
		define(\`ALIAS_FILE', \`')
		define(\`confSERVICE_SWITCH_FILE', \`$sendmail_dir/service.switch')
		define(\`confDONT_BLAME_SENDMAIL', \`TrustStickyBit,GroupWritableDirPathSafe,GroupReadableSASLDBFile')
		define(\`confDONT_PROBE_INTERFACES', \`True')
		define(\`confDOMAIN_NAME', \`mail.svc.example')
		define(\`confQUEUE_LA', \`1000')
		define(\`confREFUSE_LA', \`1000')
		define(\`confDELAY_LA', \`1000')
	EOF
}

sendmail_daemon() {
	cat <<-EOF
		define(\`QUEUE_DIR', \`$sendmail_dir/queue')
		define(\`confPID_FILE', \`$sendmail_dir/daemon.pid')
		define(\`confTO_IDENT', \`0')
		define(\`confDEF_USER_ID', \`nobody')
		define(\`confAUTH_MECHANISMS', \`PLAIN')
		TRUST_AUTH_MECH(\`PLAIN')
		INPUT_MAIL_FILTER(\`resetguard', \`S=local:$mta_socket, F=T, T=S:30s;R:30s')
		FEATURE(\`no_default_msa')
		FEATURE(\`accept_unresolvable_domains')
		FEATURE(\`accept_unqualified_senders')
		FEATURE(\`promiscuous_relay')
		FEATURE(\`nocanonify')
		DAEMON_OPTIONS(\`Port=$smtp_port, Addr=::, Family=inet6, Name=MTA')
		DAEMON_OPTIONS(\`Port=$submission_port, Addr=0.0.0.0, Name=ORIGINATING')
		DAEMON_OPTIONS(\`Port=$inbound_port, Addr=0.0.0.0, Name=inbound')
		MAILER(\`local')
		MAILER(\`smtp')
		MAILER_DEFINITIONS
		Minbox,	P=$sendmail_dir/deliver, F=lsDFMPhnu, S=EnvFromL, R=EnvToL, T=DNS/RFC822/X-Unix, A=deliver \$u
		LOCAL_CONFIG
		ESASL_CONF_PATH=$sendmail_dir/sasl
		ESASL_PATH=$sendmail_libraries/sasl2
		LOCAL_RULE_0
		R\$* < @ \$+ . > \$*	\$#inbox \$@ inbox \$: \$1 @ \$2
		R\$* < @ \$+ > \$*	\$#inbox \$@ inbox \$: \$1 @ \$2
	EOF
}

sendmail_submission() {
	cat <<-EOF
		define(\`_USE_ETC_MAIL_')
		define(\`MSP_QUEUE_DIR', \`$sendmail_dir/submission')
		define(\`confPID_FILE', \`$sendmail_dir/submission.pid')
		define(\`confRUN_AS_USER', \`nobody')
		define(\`confTRUSTED_USER', \`nobody')
		define(\`confDELIVERY_MODE', \`i')
		define(\`RELAY_MAILER_ARGS', \`TCP \$h $smtp_port')
		FEATURE(\`accept_unresolvable_domains')
		FEATURE(\`promiscuous_relay')
		FEATURE(\`msp', \`[127.0.0.1]')
	EOF
}

mta_introduce() {
	[ -z "${client_login:-}" ] ||
		echo "AUTH PLAIN $(printf '\0%s\0secret' "$client_login" | base64)"
}

mta_source() {
	printf '%s\n' "${client_address:-}"
}

# A message is done with when it has left the queue, or lies quarantined in it (hf).
mta_await() {
	await "Sendmail to be done with $1" sendmail_has_not "$1"
}

sendmail_has_not() {
	[ ! -e "$sendmail_dir/queue/qf$1" ]
}

sendmail_is_idle() {
	! ls "$sendmail_dir"/queue/qf*
}

# The submission program returns when the daemon has answered, and when the bounce,
# too, has been handed over. Its status tells of the delivery, not of the taking.
by_sendmail() {
	local sendmail_command="env LD_LIBRARY_PATH=$sendmail_libraries \
		$sendmail_root/usr/libexec/sendmail/sendmail -Ac -C$sendmail_dir/submission.cf -oem"

	dialogue=
	hand_in "$@" >"$sendmail_dir/submission.log" 2>&1
	await 'Sendmail to be done' sendmail_is_idle
	seen=$(sed -n 's/^MDeferred: [0-9]* \([0-9.]*\) .*/waits \1/p' "$sendmail_dir"/submission/qf* 2>/dev/null)
	rm -f "$sendmail_dir"/submission/?f*
	[ -z "$seen" ] || return
	seen=$(bounce_status "$token")
	if [ -n "$seen" ]; then
		seen="bounced $seen"
	elif [ "$(delivered_to "$token")" != - ]; then
		seen=sent
	else
		seen="not taken: $(cat "$sendmail_dir/submission.log")"
	fi
}

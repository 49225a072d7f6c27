# SPDX-License-Identifier: BSD-2-Clause
#
# Makes the world that tables.sh describes, and plays its rows.

# export_record DOMAIN 'MEMBER=VALUE...': one line as `resetguard export` writes;
# the values of times are as date_at takes them, those of others are JSON.
export_record() {
	local word members='"state":"registered"'

	for word in $2; do
		case $word in
		*_at=*) members="$members,\"${word%%=*}\":\"$(date_at "${word#*=}")\"" ;;
		state=*) members="\"state\":${word#*=}" ;;
		*) members="$members,\"${word%%=*}\":${word#*=}" ;;
		esac
	done
	echo "{\"schema\":1,\"kind\":\"domain\",\"domain\":\"$1\",\"source\":\"rdap\",$members}"
}

# operate WHAT COMMAND...: an operator's command that must succeed.
operate() {
	local what="$1"

	shift
	if rg "$@" >"$scratch/operator.log" 2>&1; then
		pass "$what"
	else
		fail "$what"
		diag <"$scratch/operator.log"
	fi
}

make_world() {
	local domain says verified facts

	mkdir "$scratch/facts"
	domains | while read_row domain says verified facts; do
		registry_says "$domain" "$says"
		printf '%s\n' "$facts" | sed "s/REGISTERED/$(registered "$domain")/" >"$scratch/facts/$domain"
	done
	domains | {
		echo 'address,verified_at'
		while read_row domain says verified facts; do
			case $verified in
			- | imported) ;;
			*) echo "ann@$domain,$verified" ;;
			esac
		done
	} >"$scratch/users.csv"
	domains | while read_row domain says verified facts; do
		[ "$verified" != imported ] || echo "$domain"
	done >"$scratch/imported"
	records | while read_row domain says facts; do
		export_record "$domain" "$says"
		printf '%s\n' "$facts" >"$scratch/facts/$domain"
	done >"$scratch/records.jsonl"

	operate 'addresses are imported' import "$scratch/users.csv"
	operate 'domains are imported' import "$scratch/imported"
	rg refresh >"$scratch/refresh.log" 2>&1
	is "$?" 75 'everything due is refreshed, but for what nobody answers'
	operate 'records of an export are imported' import "$scratch/records.jsonl"
	operate 'a domain is un-verified' unverify --note 'account handed back' un-verified.example
	operate 'a pin that accepts' pin --note 'known to us' accept pin-accept.example
	operate 'a pin that rejects' pin --note 'stolen' reject pin-reject.example
}

# facts_of DOMAIN: what the log shows of it, which make_world has written down.
facts_of() {
	cat "$scratch/facts/$1" 2>/dev/null
}

# kind_of MESSAGE: rule and class of a message that wants the check.
kind_of() {
	local message rule class

	kinds | while read_row message rule class; do
		[ "$message" != "$1" ] || echo "$rule ${class:-password-reset}"
	done
}

# registrable ADDRESS: the domain that is looked up for it.
registrable() {
	printf '%s\n' "${1##*@}" | tr 'A-Z' 'a-z' | sed -E \
		-e 's/bücher/xn--bcher-kva/; s/straße/xn--strae-oqa/' \
		-e 's/^.*\.([^.]+\.[^.]+)$/\1/'
}

reply_of() {
	case $1 in
	accept*) ;;
	*expired) echo '550 5.1.2' ;;
	*bad-address) echo '550 5.1.3' ;;
	*cache-error) echo '451 4.3.0' ;;
	*pinned) echo '550 5.7.1' ;;
	reject*) echo '550 5.7.18' ;;
	tempfail*) echo '450 4.7.1' ;;
	esac
}

# wanted_line RECIPIENT VERDICT REASON [verified_at=T|quarantine|discard]: the log line
# in full.
wanted_line() {
	local rcpt="$1" verdict="$2" reason="$3" verified="${4:-}" domain facts reply

	domain=$(registrable "$rcpt")
	case $reason in
	exempt | no-record | cache-error) facts= ;;
	bad-address) facts='' domain='' ;;
	*) facts=$(facts_of "$domain") ;;
	esac
	reply=$(reply_of "$verdict $reason")
	reply=${reply:+"\"$reply\""}
	case $verified in
	quarantine | discard) reply=$verified ;;
	?*) facts=$(printf '%s\n' "$facts" | sed -E "s/verified_at=[^ ]*/$verified/") ;;
	esac
	[ "$localparts" = yes ] || rcpt="*@${rcpt##*@}"
	printf '%s\n' "verdict=$verdict mode=$mode class=$class rule=$rule from=<$from> rcpt=$(log_value "<$rcpt>")${domain:+ domain=$domain} reason=$reason${facts:+ $facts}${reply:+ reply=$reply} wait_ms=0"
}

# log_value TEXT: quoted as the log quotes what would be misread.
log_value() {
	local value

	value=$(printf '%s' "$1" | sed -e 's/\\/\\x5c/g' -e 's/"/\\x22/g' \
		-e 's/ö/\\xc3\\xb6/g' -e 's/ü/\\xc3\\xbc/g' -e 's/ß/\\xc3\\x9f/g')
	case $value in
	*[\ =\\]*) printf '"%s"' "$value" ;;
	*) printf '%s' "$value" ;;
	esac
}

# wanted_lines LOGGED RECIPIENT...: a line for each recipient, sorted.
wanted_lines() {
	local logged="$1" rcpt one

	[ "$logged" != - ] || return 0
	shift
	for rcpt; do
		one=${logged%%,*}
		logged=${logged#"$one"}
		logged=${logged#,}
		wanted_line "$rcpt" $one
	done | sort
}

# logged_lines FROM: the milter's lines in the manner of the tables, sorted:
# no time of day where it is midnight, and NOW for what is younger than the test.
logged_lines() {
	verdicts "$1" | awk -v began="$began" '
		{
			sub(/^.*verdict=/, "verdict=")
			for (i = 1; i <= NF; i++) {
				at = index($i, "=")
				value = substr($i, at + 1)
				if (value !~ /^[0-9-]+T[0-9:]+Z$/)
					continue
				if (value >= began)
					value = "NOW"
				sub(/T00:00:00Z$/, "", value)
				$i = substr($i, 1, at) value
			}
			print
		}' | sort
}

# sorted LIST: "b, a" as "a, b".
sorted() {
	printf '%s\n' "$1" | tr -d ' ' | tr ',' '\n' | sort | paste -s -d , | sed 's/,/, /g'
}

# scenario HOW MESSAGE TO TOLD DELIVERED LOGGED
scenario() {
	local how="$1" kind="$2" to="$3" told="$4" delivered="$5" logged="$6"
	local send='' from=app@svc.example mail_options='' rule class word start
	local client_address='' client_login='' submission=''
	local what="$mode: $how, $kind, to $to: $told"

	case $kind in
	rrvs*) word=$(date -u -R -d "${kind#rrvs }") kind=rrvs ;;
	*) word= ;;
	esac
	[ -n "$logged" ] || die "not a row of six cells: $what"
	IFS=,
	set -f
	set -- $(printf '%s' "$to" | sed 's/, */,/g')
	set +f
	unset IFS
	for how in $how; do
		case $how in
		smtp) send="by_smtp $smtp_port" ;;
		submission) send="by_smtp $submission_port" ;;
		inbound) send="by_smtp $inbound_port" ;;
		sendmail) send=by_sendmail ;;
		sendmail-t | sendmail-bs) send=by_sendmail submission=${how#sendmail-} ;;
		from=*) from=${how#*=} ;;
		login=*) client_login=${how#*=} ;;
		addr=*) client_address=${how#*=} ;;
		utf8) mail_options=SMTPUTF8 ;;
		esac
	done
	compose "$tests_data/mail/$kind.eml" "$from" "$1" "$word"
	# Sender and login make a message a reset that does not say so itself.
	case $kind in
	plain) [ "${from%%@*}" = resets ] && kind="plain from=$from" || kind='plain login=reset-service' ;;
	esac
	rule=$(kind_of "$kind")
	class=${rule#* }
	rule=${rule% *}

	start=$(next_line "$guard_log")
	$send "$from" "$@"
	is "$seen; delivered to $(delivered_to "$token")
$(logged_lines "$start")" "$told; delivered to $(sorted "$delivered")
$(wanted_lines "$logged" "$@")" "$what"
}

# play TABLE: every row of it.
play() {
	local how message to told delivered logged

	"$1" >"$scratch/$1"
	heading "$1"
	while read_row how message to told delivered logged <&3; do
		case $how in
		"@$mta "*) how=${how#* } ;;
		@*) continue ;;
		esac
		scenario "$how" "$message" "$to" "$told" "$delivered" "$logged"
	done 3<"$scratch/$1"
}

# delivered_field TOKEN NAME: the values of such fields in what was delivered, or "-".
delivered_field() {
	grep -rl "<$1@" "$mta_inbox/new" | xargs -r awk -v name="$2:" '
		/^$/ { nextfile }
		/^[ \t]/ && found { value = value $0; next }
		{ found = tolower($1) == tolower(name) }
		found { value = value sep substr($0, length(name) + 2); sep = " / " }
		END { print value == "" ? "-" : value }'
}

# play_fields: every row of the table.
play_fields() {
	local how kind to wanted word

	fields >"$scratch/fields"
	heading fields
	while read_row how kind to wanted <&3; do
		case $kind in
		rrvs*) word=$(date -u -R -d "${kind#rrvs }") kind=rrvs ;;
		*) word= ;;
		esac
		compose "$tests_data/mail/$kind.eml" app@svc.example "${to%%,*}" "$word"
		case $how in
		smtp) by_smtp "$smtp_port" app@svc.example $(echo "$to" | tr -d ,) ;;
		sendmail) by_sendmail app@svc.example "$to" ;;
		esac
		is "$(delivered_field "$token" Require-Recipient-Valid-Since)" "$wanted" \
			"$how, $kind, to $to: $wanted"
	done 3<"$scratch/fields"
}

# canaries: how many the milter has counted.
canaries() {
	curl -sS --max-time "$WAIT_LIMIT" "http://127.0.0.1:$metrics_port/metrics" |
		awk '$1 == "resetguard_canary_total" { print $2 }'
}

# play_canaries: a command is told of resets that are refused as an attack may look.
play_canaries() {
	local before

	heading 'canaries'
	metrics_port=$(free_port)
	: >"$scratch/canaries"
	chmod 666 "$scratch/canaries"
	printf '#!/bin/sh\n{ echo "$*"; cat; } >>%s\n' "$scratch/canaries" >"$scratch/canary"
	chmod 755 "$scratch/canary"
	guard_configure "metrics = 127.0.0.1:$metrics_port" "on_canary_command = $scratch/canary --to  security"
	reload HUP 'reloaded$' 'on_canary_command'
	before=$(canaries)
	scenario smtp header ann@registered.example '250 2.0.0' ann@registered.example 'accept ok'
	scenario smtp header ann@held.example '450 4.7.1' - 'tempfail held'
	scenario smtp header ann@re-registered.example '550 5.7.18' - 'reject owner-changed'
	await 'the command to be told' test -s "$scratch/canaries"
	await_line "$scratch/canaries" '"kind":"canary"' >/dev/null
	is "$(head -n 1 "$scratch/canaries")" '--to security' 'the command gets its arguments'
	is "$(sed -n '2s/"time":"[^"]*"/"time":T/; 2s/"queue_id":"[^"]*"/"queue_id":Q/; 2p' "$scratch/canaries")" \
		'{"schema":1,"kind":"canary","time":T,"queue_id":Q,"from":"app@svc.example","rcpt":"ann@re-registered.example","domain":"re-registered.example","class":"password-reset","rule":"messages:2","mode":"enforce","verdict":"reject","reason":"owner-changed","state":"registered","owner_since":"2025-06-01T00:00:00Z","verified_at":"2024-05-01T00:00:00Z"}' \
		'and the refusal as an object'
	scenario smtp header eve@re-registered.example '550 5.7.18' - 'reject unverified'
	scenario smtp header ann@redemption.example '550 5.1.2' - 'reject expired'
	await_line "$scratch/canaries" '"domain":"redemption.example"' >/dev/null
	is "$(grep -c '"kind"' "$scratch/canaries")" 2 'once an hour for each domain'
	is "$(($(canaries) - before))" 3 'every one is counted'
	guard_configure
	reload HUP 'reloaded$' 'back to the usual'
}

# reload SIGNAL REGEX WHAT: the milter reads its configuration again and says so.
reload() {
	local start

	start=$(next_line "$guard_log")
	kill -"$1" "$milter_pid"
	if line=$(await_line "$guard_log" "$2" "$start"); then
		pass "$3"
	else
		fail "$3"
		tail -n "+$start" "$guard_log" | diag
	fi
}

# verdict_is REASON: sends a reset, and tells whether that was the reason.
verdict_is() {
	start=$(next_line "$guard_log")
	compose "$tests_data/mail/header.eml" app@svc.example ann@registered.example
	by_smtp "$smtp_port" app@svc.example ann@registered.example
	verdicts "$start" | grep -q " reason=$1 "
}

# play_all: all that is true in any MTA. The world has been made, and the milter runs.
play_all() {
	# A reset for a domain never seen puts it on the list of the wanted, and the next
	# refresh answers.
	scenario smtp header eve@new-domain.example '450 4.7.1' - 'tempfail no-record'
	scenario smtp header eve@first-use.example '450 4.7.1' - 'tempfail no-record'
	is "$(ls "$guard_cache/wanted" | paste -s -d ' ')" 'first-use.example new-domain.example' \
		'both are on the list of the wanted'
	is "$(stat -c %s "$guard_cache"/wanted/* | sort -u)" 0 'as empty files'
	operate 'they are refreshed' refresh new-domain.example first-use.example
	is "$(ls "$guard_cache/wanted")" '' 'and leave the list'

	play reasons
	play recognition
	play recipients
	play submissions
	start=$(next_line "$guard_log")
	play untouched
	like "$(tail -n "+$start" "$guard_log")" \
		'mail from <resets@accounts\.example> by client (::ffff:)?192\.0\.2\.7 .* is not originating mail' \
		'what is not ours and looks like a reset is told of'

	start=$(next_line "$guard_log")
	scenario smtp broken ann@redemption.example '250 2.0.0' ann@redemption.example -
	is "$(tail -n "+$start" "$guard_log" | sed -n -E 's/^(.*: )?[0-9A-Za-z]+: (cannot be parsed)/\2/p')" \
		'cannot be parsed, classified by what can be read: Subject: unknown charset x-none' \
		'what cannot be parsed is logged, once'

	heading 'reload'
	guard_configure 'mode = observe'
	mode=observe
	reload USR1 'reloaded$' 'SIGUSR1 reads the configuration again'
	play observed

	guard_configure 'mode = enfroce'
	reload HUP "$(basename "$guard_conf"):[0-9]+: " 'SIGHUP: a broken configuration is refused, by file and line'
	scenario smtp header ann@redemption.example '250 2.0.0' ann@redemption.example 'reject expired'

	guard_configure 'on_held = accept' 'on_grace = tempfail' 'magic-link:on_owner_changed = accept' \
		'reply_owner_changed = Write to help@svc.example.'
	mode=enforce
	reload HUP 'reloaded$' 'SIGHUP: a good one is taken'
	play configured
	like "$dialogue" '.' 'the client got an answer'
	scenario smtp header ann@re-registered.example '550 5.7.18' - 'reject owner-changed'
	like "$dialogue" '550 5\.7\.18 Write to help@svc\.example\.' 'in the words of the operator'

	echo 'subject /unbalanced(/' >>"$scratch/messages"
	reload USR1 'messages:9:' 'a broken rule is refused, by file and line'
	scenario smtp header ann@redemption.example '550 5.1.2' - 'reject expired'
	cp "$tests_data/messages" "$scratch/messages"

	guard_configure 'log_localpart = no'
	localparts=no
	reload USR1 'reloaded$' 'SIGUSR1 once more'
	scenario smtp header ann@registered.example '250 2.0.0' ann@registered.example 'accept ok'
	scenario smtp header 'ann@redemption.example, ann@registered.example' '550 5.1.2' - 'reject expired, accept ok'
	localparts=yes
	guard_configure

	guard_configure 'originating_daemons = ORIGINATING !inbound'
	reload HUP 'reloaded$' 'a service that hands in again what has been judged'
	scenario inbound header ann@redemption.example '250 2.0.0' ann@redemption.example -
	scenario smtp header ann@redemption.example '550 5.1.2' - 'reject expired'

	guard_configure 'mixed = strip'
	reload HUP 'reloaded$' 'mixed = strip'
	play stripped

	guard_configure 'on_stale = quarantine' 'on_disputed = discard'
	reload HUP 'reloaded$' 'quarantine and discard'
	play acted

	operate 'a domain is verified' verify --at 2024-06-01 second.example
	guard_configure 'add_rrvs = yes'
	reload HUP 'reloaded$' 'add_rrvs = yes'
	play_fields
	play_canaries

	heading 'replies'
	guard_configure
	reload USR1 'reloaded$' 'back to the usual'
	guard_configure
	reload USR1 'reloaded$' 'back to the usual'
	scenario smtp header 'ann@registered.example, ann@redemption.example' '550 5.1.2' - 'accept ok, reject expired'
	like "$dialogue" '^\..*<?ann@redemption\.example>?' 'the reply names the recipient that is refused'
	unlike "$dialogue" '^\..*ann@registered\.example' 'and not the other'
	scenario smtp header 'ann@redemption.example, ann@registered.example, ann@re-registered.example' '550 5.1.2' - 'reject expired, accept ok, reject owner-changed'
	like "$dialogue" '550-5\.1\.2 .*ann@redemption\.example.* / 550 5\.1\.2 .*ann@re-registered\.example' 'of several refused, each'

	heading 'several messages in one session'
	compose "$tests_data/mail/plain.eml" app@svc.example ann@redemption.example
	start=$(next_line "$guard_log")
	dialogue=$("$scratch/bin/smtp_talk" "$smtp_port" "$message" <<-'EOT'
		EHLO app.svc.example
		MAIL FROM:<resets@accounts.example>
		RCPT TO:<ann@redemption.example>
		RCPT TO:<ann@registered.example>
		RSET
		MAIL FROM:<app@svc.example>
		RCPT TO:<ann@redemption.example>
		DATA
		MAIL FROM:<resets@accounts.example>
		RCPT TO:<ann@registered.example>
		DATA
		MAIL FROM:<resets@accounts.example>
		RCPT TO:<ann@re-registered.example>
		DATA
		MAIL FROM:<app@svc.example>
		RCPT TO:<eve@never-seen.example>
		DATA
		QUIT
	EOT
	)
	is "$(printf '%s\n' "$dialogue" | grep -E '^(RCPT|\.)' | sed -E 's/^(RCPT TO:|\.)(.*)\t([0-9]{3}).*/\3/' | paste -s -d ' ')" \
		'550 250 250 250 250 250 250 550 250 250' 'each message is judged by itself'
	is "$(verdicts "$start" | sed 's/.* reason=\([a-z-]*\) .*/\1/' | paste -s -d ' ')" 'expired ok owner-changed' \
		'and what is no reset leaves no line'
}

# SPDX-License-Identifier: BSD-2-Clause
#
# What resetguard does in an MTA, as tables: who sends what to whom, what the client
# is told, what is delivered, and what the milter logs, to the letter. They are
# played in Postfix by tests/postfix/run and in Sendmail by tests/sendmail/run.
# Where the two differ, a row begins with the one that it is about, @postfix or
# @sendmail.
#
# How a message comes:
#   smtp, submission, inbound   by the service of that {daemon_name}
#   sendmail                    by sendmail(1), recipients as arguments (-bm)
#   sendmail-t, sendmail-bs     the same, recipients in the header; SMTP on its input
#   addr=ADDRESS login=NAME     from that client, authenticated as that
#   from=SENDER utf8            with that MAIL FROM, and with SMTPUTF8

# The domains. The registry is asked by `resetguard refresh`, and the addresses
# come from `resetguard import`: ann@DOMAIN, verified at the date given;
# "imported" is the domain alone, "-" neither. The last column is what the log
# says of the domain; NOW is any time since the test began.
#
# domain | the registry says | verified at | the log says
domains() {
	cat <<-'EOT'
	registered.example     | active reg=2015-03-01 exp=+300d                           | 2024-05-01 | state=registered owner_since=2015-03-01 verified_at=2024-05-01 checked_at=NOW source=rdap
	second.example         | active reg=2016-04-02 exp=+100d                           | 2024-05-01 | state=registered owner_since=2016-04-02 verified_at=2024-05-01 checked_at=NOW source=rdap
	redemption.example     | pending delete+redemption period reg=2015-03-01 exp=-40d  | 2024-05-01 | state=redemption owner_since=NOW verified_at=2024-05-01 checked_at=NOW source=rdap
	pending-delete.example | pending delete reg=2015-03-01 exp=-75d                    | 2024-05-01 | state=pending-delete owner_since=NOW verified_at=2024-05-01 checked_at=NOW source=rdap
	unregistered.example   | 404                                                       | 2024-05-01 | state=unregistered owner_since=NOW verified_at=2024-05-01 checked_at=NOW source=rdap
	re-registered.example  | active reg=2025-06-01 exp=+200d                           | 2024-05-01 | state=registered owner_since=2025-06-01 verified_at=2024-05-01 checked_at=NOW source=rdap
	held.example           | client hold reg=2015-03-01 exp=+300d                      | 2024-05-01 | state=held owner_since=2015-03-01 verified_at=2024-05-01 checked_at=NOW source=rdap
	grace.example          | auto renew period reg=2015-03-01 exp=+340d                | 2024-05-01 | state=grace owner_since=2015-03-01 verified_at=2024-05-01 checked_at=NOW source=rdap
	overdue.example        | active reg=2015-03-01 exp=-3d                             | 2024-05-01 | state=grace owner_since=2015-03-01 verified_at=2024-05-01 checked_at=NOW source=rdap
	undated.example        | active                                                    | 2024-05-01 | state=registered verified_at=2024-05-01 checked_at=NOW source=rdap
	un-verified.example    | active reg=2015-03-01 exp=+300d                           | imported   | state=registered owner_since=2015-03-01 checked_at=NOW source=rdap
	pin-accept.example     | redemption period reg=2015-03-01 exp=-40d                 | 2024-05-01 | state=redemption owner_since=NOW verified_at=2024-05-01 checked_at=NOW source=rdap
	pin-reject.example     | active reg=2015-03-01 exp=+300d                           | 2024-05-01 | state=registered owner_since=2015-03-01 verified_at=2024-05-01 checked_at=NOW source=rdap
	unchecked.example      | 500                                                       | 2024-05-01 | state=unknown verified_at=2024-05-01
	unserved.nowhere       | -                                                         | 2024-05-01 | state=unknown verified_at=2024-05-01
	new-domain.example     | active reg=-20d exp=+345d                                 | -          | state=registered owner_since=REGISTERED verified_at=NOW checked_at=NOW source=rdap
	first-use.example      | active reg=2015-03-01 exp=+300d                           | -          | state=registered owner_since=2015-03-01 verified_at=NOW checked_at=NOW source=rdap
	xn--bcher-kva.example  | active reg=2015-03-01 exp=+300d                           | 2024-05-01 | state=registered owner_since=2015-03-01 verified_at=2024-05-01 checked_at=NOW source=rdap
	xn--strae-oqa.example  | redemption period reg=2015-03-01 exp=-40d                 | 2024-05-01 | state=redemption owner_since=NOW verified_at=2024-05-01 checked_at=NOW source=rdap
	strasse.example        | active reg=2015-03-01 exp=+300d                           | 2024-05-01 | state=registered owner_since=2015-03-01 verified_at=2024-05-01 checked_at=NOW source=rdap
	EOT
}

# What takes more time than a test has comes from an export, as JSON Lines:
# members beyond the domain and its state.
#
# domain | members | the log says
records() {
	cat <<-'EOT'
	stale.example     | registered_at=2015-03-01 checked_at=2025-06-01 first_seen_at=2023-01-01 | state=registered owner_since=2015-03-01 verified_at=2023-01-01 checked_at=2025-06-01 source=rdap
	outlived.example  | registered_at=2025-06-01 checked_at=now first_seen_at=2023-01-01  | state=registered owner_since=2025-06-01 verified_at=2023-01-01 checked_at=NOW source=rdap
	disputed.example  | registered_at=2015-03-01 checked_at=now first_seen_at=2023-01-01 flags={"imported":true,"disputed":true} | state=registered owner_since=2015-03-01 verified_at=2023-01-01 checked_at=NOW source=rdap
	unknown.example   | state="unknown" registered_at=2015-03-01 checked_at=now first_seen_at=2023-01-01 | state=unknown owner_since=2015-03-01 verified_at=2023-01-01 checked_at=NOW source=rdap
	EOT
}

# The messages of tests/data/mail that want the check, and the rule that says so.
# A class other than password-reset is named.
#
# message | rule | class
kinds() {
	cat <<-'EOT'
	header              | messages:2
	subject             | messages:3
	folded              | messages:3
	rfc2047-b           | messages:4
	rfc2047-b-split     | messages:4
	rfc2047-q-folded    | messages:4
	rfc2047-q-latin1    | messages:4
	raw-utf8            | messages:4
	raw-latin1          | messages:4
	rrvs                | rrvs
	disguised           | messages:3
	magic-link          | messages:8 | magic-link
	plain from=resets@accounts.example | messages:5
	plain login=reset-service          | messages:6
	EOT
}

# how: smtp, submission, inbound (three services of one Postfix) or sendmail;
# from=, login= and addr= make the sender, the SASL login and the client's
# address; utf8 asks for SMTPUTF8.
#
# client is told: what MAIL, RCPT or the end of the message were answered;
# for sendmail(1): sent, bounced, or waits (in the maildrop, to be tried again).
#
# logged: verdict and reason of each recipient, and verified_at where it is not
# the domain's; "-" for nothing at all.
#
# how | message | to | client is told | delivered to | logged
reasons() {
	cat <<-'EOT'
	# Every reason, by both ways in.
	smtp     | header | ann@registered.example     | 250 2.0.0     | ann@registered.example | accept ok
	sendmail | header | ann@registered.example     | sent          | ann@registered.example | accept ok
	smtp     | header | ann@redemption.example     | 550 5.1.2     | -                      | reject expired
	sendmail | header | ann@redemption.example     | bounced 5.1.2 | -                      | reject expired
	smtp     | header | ann@pending-delete.example | 550 5.1.2     | -                      | reject expired
	sendmail | header | ann@pending-delete.example | bounced 5.1.2 | -                      | reject expired
	smtp     | header | ann@unregistered.example   | 550 5.1.2     | -                      | reject expired
	sendmail | header | ann@unregistered.example   | bounced 5.1.2 | -                      | reject expired
	smtp     | header | ann@re-registered.example  | 550 5.7.18    | -                      | reject owner-changed
	sendmail | header | ann@re-registered.example  | bounced 5.7.18 | -                      | reject owner-changed
	smtp     | header | eve@outlived.example       | 550 5.7.18    | -                      | reject unverified
	sendmail | header | eve@outlived.example       | bounced 5.7.18 | -                      | reject unverified
	smtp     | header | eve@un-verified.example    | 550 5.7.18    | -                      | reject unverified
	sendmail | header | eve@un-verified.example    | bounced 5.7.18 | -                      | reject unverified
	smtp     | header | eve@new-domain.example     | 550 5.7.18    | -                      | reject new-domain
	sendmail | header | eve@new-domain.example     | bounced 5.7.18 | -                      | reject new-domain
	smtp     | header | eve@first-use.example      | 250 2.0.0     | eve@first-use.example  | accept ok
	smtp     | header | eve@never-seen.example     | 450 4.7.1     | -                      | tempfail no-record
	sendmail | header | eve@never-seen.example     | waits 4.7.1   | -                      | tempfail no-record
	smtp     | header | eve@disputed.example       | 450 4.7.1     | -                      | tempfail disputed
	sendmail | header | eve@disputed.example       | waits 4.7.1   | -                      | tempfail disputed
	smtp     | header | ann@held.example           | 450 4.7.1     | -                      | tempfail held
	sendmail | header | ann@held.example           | waits 4.7.1   | -                      | tempfail held
	smtp     | header | ann@unchecked.example      | 450 4.7.1     | -                      | tempfail unchecked
	sendmail | header | ann@unchecked.example      | waits 4.7.1   | -                      | tempfail unchecked
	smtp     | header | ann@unserved.nowhere       | 450 4.7.1     | -                      | tempfail unchecked
	smtp     | header | eve@unknown.example        | 450 4.7.1     | -                      | tempfail unknown
	sendmail | header | eve@unknown.example        | waits 4.7.1   | -                      | tempfail unknown
	smtp     | header | eve@stale.example          | 450 4.7.1     | -                      | tempfail stale
	sendmail | header | eve@stale.example          | waits 4.7.1   | -                      | tempfail stale
	smtp     | header | ann@undated.example        | 250 2.0.0     | ann@undated.example    | accept undated
	smtp     | header | ann@grace.example          | 250 2.0.0     | ann@grace.example      | accept grace
	smtp     | header | ann@overdue.example        | 250 2.0.0     | ann@overdue.example    | accept grace
	smtp     | header | ann@pin-accept.example     | 250 2.0.0     | ann@pin-accept.example | accept pinned
	smtp     | header | ann@pin-reject.example     | 550 5.7.1     | -                      | reject pinned
	sendmail | header | ann@pin-reject.example     | bounced 5.7.1 | -                      | reject pinned
	smtp     | header | bob@exempt.example         | 250 2.0.0     | bob@exempt.example     | accept exempt
	smtp     | header | bob@host.exempt.example    | 250 2.0.0     | bob@host.exempt.example | accept exempt
	smtp     | header | bob@localhost              | 550 5.1.3     | -                      | reject bad-address
	smtp     | header | bob@[127.0.0.1]            | 550 5.1.3     | -                      | reject bad-address
	# Sendmail takes this for a mailbox of its own host, by its full name.
	@postfix sendmail | header | bob@localhost     | bounced 5.1.3 | -                      | reject bad-address
	EOT
}

recognition() {
	cat <<-'EOT'
	# However a reset is written, it is recognised,
	smtp     | subject          | ann@redemption.example | 550 5.1.2     | - | reject expired
	smtp     | folded           | ann@redemption.example | 550 5.1.2     | - | reject expired
	smtp     | rfc2047-b        | ann@redemption.example | 550 5.1.2     | - | reject expired
	smtp     | rfc2047-b-split  | ann@redemption.example | 550 5.1.2     | - | reject expired
	smtp     | rfc2047-q-folded | ann@redemption.example | 550 5.1.2     | - | reject expired
	smtp     | rfc2047-q-latin1 | ann@redemption.example | 550 5.1.2     | - | reject expired
	smtp     | raw-utf8         | ann@redemption.example | 550 5.1.2     | - | reject expired
	smtp     | raw-latin1       | ann@redemption.example | 550 5.1.2     | - | reject expired
	smtp     | magic-link       | ann@redemption.example | 550 5.1.2     | - | reject expired
	sendmail | folded           | ann@redemption.example | bounced 5.1.2 | - | reject expired
	sendmail | rfc2047-q-folded | ann@redemption.example | bounced 5.1.2 | - | reject expired
	sendmail | raw-utf8         | ann@redemption.example | bounced 5.1.2 | - | reject expired
	# even behind the name of something harmless.
	smtp     | disguised        | ann@redemption.example | 550 5.1.2     | - | reject expired
	# A sender or a login may say it as well. What no header can mend is then
	# refused at RCPT, before there is a queue id; never for sendmail(1).
	smtp from=resets@accounts.example     | plain | ann@redemption.example    | ann@redemption.example 550 5.1.2   | - | reject expired
	smtp login=reset-service              | plain | ann@redemption.example    | ann@redemption.example 550 5.1.2   | - | reject expired
	smtp from=resets@accounts.example     | plain | ann@pin-reject.example    | ann@pin-reject.example 550 5.7.1   | - | reject pinned
	smtp from=resets@accounts.example     | plain | bob@localhost             | bob@localhost 550 5.1.3            | - | reject bad-address
	smtp from=resets@accounts.example     | plain | ann@re-registered.example | 550 5.7.18                         | - | reject owner-changed
	smtp from=resets@accounts.example     | plain | eve@never-seen.example    | 450 4.7.1                          | - | tempfail no-record
	smtp from=resets@accounts.example     | plain | ann@registered.example    | 250 2.0.0  | ann@registered.example | accept ok
	sendmail from=resets@accounts.example | plain | ann@redemption.example    | bounced 5.1.2                      | - | reject expired
	# An application may say itself since when the mailbox is the right one.
	smtp     | rrvs 2025-09-01 | ann@re-registered.example | 250 2.0.0  | ann@re-registered.example | accept ok verified_at=2025-09-01
	smtp     | rrvs 2025-01-01 | ann@re-registered.example | 550 5.7.18 | - | reject owner-changed verified_at=2025-01-01
	smtp     | rrvs 2020-01-01 | ann@registered.example    | 250 2.0.0  | ann@registered.example | accept ok
	smtp     | rrvs 2025-09-01 | ann@redemption.example    | 550 5.1.2  | - | reject expired verified_at=2025-09-01
	sendmail | rrvs 2025-01-01 | ann@re-registered.example | bounced 5.7.18 | - | reject owner-changed verified_at=2025-01-01
	EOT
}

recipients() {
	cat <<-'EOT'
	# However a recipient is written, its domain is found.
	smtp          | header | ANN@Redemption.EXAMPLE       | 550 5.1.2 | - | reject expired
	smtp          | header | ann@mail.redemption.example  | 550 5.1.2 | - | reject expired
	smtp          | header | ann%d%s@redemption.example   | 550 5.1.2 | - | reject expired
	smtp          | header | "ann"@redemption.example    | 550 5.1.2 | - | reject expired
	smtp          | header | ann@xn--bcher-kva.example    | 250 2.0.0 | ann@xn--bcher-kva.example | accept ok
	@postfix smtp utf8     | header | ann@bücher.example           | 250 2.0.0 | ann@bücher.example | accept ok
	@postfix smtp utf8     | header | jörg@bücher.example          | 250 2.0.0 | jörg@bücher.example | accept ok
	# Debian's Sendmail is built without SMTPUTF8.
	smtp          | header | ann@xn--strae-oqa.example    | 550 5.1.2 | - | reject expired
	@postfix smtp utf8     | header | ann@straße.example           | 550 5.1.2 | - | reject expired
	@postfix smtp utf8     | header | ann@strasse.example          | 250 2.0.0 | ann@strasse.example | accept ok
	sendmail      | header | ann@xn--bcher-kva.example    | sent      | ann@xn--bcher-kva.example | accept ok
	sendmail      | header | ann@bücher.example           | sent      | ann@bücher.example | accept ok
	# (Sendmail bounces nothing to such an address, and so tells nobody.)
	@postfix sendmail | header | ann@straße.example       | bounced 5.1.2 | - | reject expired
	# One message, several recipients, one answer: the worst; a deferral first.
	smtp     | header | ann@registered.example, ann@second.example | 250 2.0.0 | ann@registered.example, ann@second.example | accept ok, accept ok
	smtp     | header | ann@registered.example, ann@redemption.example | 550 5.1.2 | - | accept ok, reject expired
	smtp     | header | ann@redemption.example, ann@registered.example | 550 5.1.2 | - | reject expired, accept ok
	smtp     | header | ann@redemption.example, ann@held.example | 450 4.7.1 | - | reject expired, tempfail held
	smtp     | header | ann@registered.example, eve@never-seen.example | 450 4.7.1 | - | accept ok, tempfail no-record
	sendmail | header | ann@registered.example, ann@second.example | sent | ann@registered.example, ann@second.example | accept ok, accept ok
	sendmail | header | ann@registered.example, ann@redemption.example | bounced 5.1.2 | - | accept ok, reject expired
	sendmail | header | ann@registered.example, eve@never-seen.example | waits 4.7.1 | - | accept ok, tempfail no-record
	# A sender may be empty.
	smtp from= | header | ann@redemption.example | 550 5.1.2 | - | reject expired
	# At RCPT each is refused by itself, and the others get the message.
	smtp from=resets@accounts.example | plain | ann@registered.example, ann@redemption.example, ann@second.example | ann@redemption.example 550 5.1.2, 250 2.0.0 | ann@registered.example, ann@second.example | accept ok, reject expired, accept ok
	smtp from=resets@accounts.example | plain | ann@redemption.example, ann@unregistered.example | ann@redemption.example 550 5.1.2, ann@unregistered.example 550 5.1.2 | - | reject expired, reject expired
	EOT
}

# However sendmail(1) is used, it is sendmail(1) mail.
submissions() {
	cat <<-'EOT'
	sendmail-t  | header   | ann@registered.example | sent          | ann@registered.example | accept ok
	sendmail-t  | header   | ann@redemption.example | bounced 5.1.2 | -                      | reject expired
	sendmail-t  | header   | eve@never-seen.example | waits 4.7.1   | -                      | tempfail no-record
	sendmail-bs | header   | ann@registered.example | sent          | ann@registered.example | accept ok
	sendmail-bs | header   | ann@redemption.example | bounced 5.1.2 | -                      | reject expired
	sendmail-bs | header   | eve@never-seen.example | waits 4.7.1   | -                      | tempfail no-record
	sendmail-bs from=resets@accounts.example | plain | ann@redemption.example | bounced 5.1.2 | - | reject expired
	sendmail-bs | ordinary | ann@redemption.example | sent          | ann@redemption.example | -
	EOT
}

untouched() {
	cat <<-'EOT'
	# Mail that is no reset, whoever gets it,
	smtp     | ordinary   | ann@redemption.example   | 250 2.0.0 | ann@redemption.example | -
	smtp     | newsletter | ann@unregistered.example | 250 2.0.0 | ann@unregistered.example | -
	@postfix smtp | ordinary | bob@localhost         | 250 2.0.0 | bob@localhost | -
	sendmail | ordinary   | ann@redemption.example   | sent      | ann@redemption.example | -
	sendmail | ordinary   | eve@never-seen.example   | sent      | eve@never-seen.example | -
	# and mail that is not ours.
	# (To Sendmail every IPv4 client of this service comes as a mapped address.)
	smtp addr=192.0.2.7    | header | ann@redemption.example | 250 2.0.0 | ann@redemption.example | -
	@postfix smtp addr=::ffff:192.0.2.7 | header | ann@redemption.example | 250 2.0.0 | ann@redemption.example | -
	smtp addr=2001:db8::7  | header | ann@redemption.example | 250 2.0.0 | ann@redemption.example | -
	inbound addr=192.0.2.7 | header | ann@redemption.example | 250 2.0.0 | ann@redemption.example | -
	inbound addr=192.0.2.7 | header | bob@svc.example        | 250 2.0.0 | bob@svc.example        | -
	inbound addr=192.0.2.7 from=resets@accounts.example | plain | bob@svc.example | 250 2.0.0 | bob@svc.example | -
	# From elsewhere, but ours: authenticated, or by the submission service.
	smtp addr=192.0.2.7 login=app | header | ann@redemption.example | 550 5.1.2 | - | reject expired
	smtp addr=192.0.2.7 login=app | header | ann@registered.example | 250 2.0.0 | ann@registered.example | accept ok
	submission addr=192.0.2.7     | header | ann@redemption.example | 550 5.1.2 | - | reject expired
	inbound                       | header | ann@redemption.example | 550 5.1.2 | - | reject expired
	submission addr=192.0.2.7 login=app | header | ann@redemption.example | 550 5.1.2 | - | reject expired
	smtp addr=::1                 | header | ann@redemption.example | 550 5.1.2 | - | reject expired
	@postfix smtp addr=::ffff:127.0.0.1 | header | ann@redemption.example | 550 5.1.2 | - | reject expired
	EOT
}

# With mode = observe everything is let through, and the log says what would
# have become of it.
observed() {
	cat <<-'EOT'
	smtp     | header | ann@registered.example | 250 2.0.0 | ann@registered.example | accept ok
	smtp     | header | ann@redemption.example | 250 2.0.0 | ann@redemption.example | reject expired
	smtp     | header | ann@held.example       | 250 2.0.0 | ann@held.example       | tempfail held
	smtp     | header | eve@never-seen.example | 250 2.0.0 | eve@never-seen.example | tempfail no-record
	@postfix smtp | header | bob@localhost     | 250 2.0.0 | bob@localhost          | reject bad-address
	sendmail | header | ann@redemption.example | sent      | ann@redemption.example | reject expired
	sendmail | header | ann@held.example       | sent      | ann@held.example       | tempfail held
	smtp from=resets@accounts.example | plain | ann@redemption.example | 250 2.0.0 | ann@redemption.example | reject expired
	smtp     | header | ann@redemption.example, ann@held.example | 250 2.0.0 | ann@held.example, ann@redemption.example | reject expired, tempfail held
	EOT
}

# With other keys set: what an action, a class of its own and a text of one's
# own change.
configured() {
	cat <<-'EOT'
	smtp | header     | ann@held.example          | 250 2.0.0  | ann@held.example | accept held
	smtp | header     | ann@grace.example         | 450 4.7.1  | - | tempfail grace
	smtp | header     | ann@re-registered.example | 550 5.7.18 | - | reject owner-changed
	smtp | magic-link | ann@re-registered.example | 250 2.0.0  | ann@re-registered.example | accept owner-changed
	EOT
}

# With mixed = strip the refused recipients lose the message and the others get
# it; other actions than the usual are for the message as a whole.
#
# how | message | to | client is told | delivered to | logged
stripped() {
	cat <<-'EOT'
	smtp     | header | ann@registered.example, ann@redemption.example, ann@second.example | 250 2.0.0 | ann@registered.example, ann@second.example | accept ok, reject expired, accept ok
	sendmail | header | ann@redemption.example, ann@registered.example | sent | ann@registered.example | reject expired, accept ok
	smtp     | header | ann@redemption.example, ann@unregistered.example | 550 5.1.2 | - | reject expired, reject expired
	smtp     | header | ann@registered.example, ann@redemption.example, eve@never-seen.example | 450 4.7.1 | - | accept ok, reject expired, tempfail no-record
	EOT
}

# What on_REASON = quarantine and discard do: the client is told that all is well,
# and nobody has the message. Where others are to have it, quarantine holds it back
# from them too, and discard takes off it whom it is meant for.
#
# how | message | to | client is told | delivered to | logged
acted() {
	cat <<-'EOT'
	smtp     | header | eve@stale.example    | 250 2.0.0 | - | tempfail stale quarantine
	smtp     | header | eve@disputed.example | 250 2.0.0 | - | reject disputed discard
	smtp     | header | ann@registered.example, eve@stale.example    | 250 2.0.0 | - | accept ok, tempfail stale quarantine
	smtp     | header | ann@registered.example, eve@disputed.example | 250 2.0.0 | ann@registered.example | accept ok, reject disputed discard
	smtp     | header | ann@redemption.example, eve@stale.example    | 550 5.1.2 | - | reject expired, tempfail stale quarantine
	EOT
}

# With add_rrvs = yes: what the Require-Recipient-Valid-Since field of the delivered
# message says, if it has one.
#
# how | message | to | the field
fields() {
	cat <<-'EOT'
	# A verified address, and a domain that was verified for all of its addresses,
	smtp     | header   | ann@registered.example    | ann@registered.example; Wed, 01 May 2024 00:00:00 +0000
	sendmail | header   | ann@registered.example    | ann@registered.example; Wed, 01 May 2024 00:00:00 +0000
	smtp     | header   | Bob@second.example        | Bob@second.example; Sat, 01 Jun 2024 00:00:00 +0000
	# but none that was merely seen, or of which nothing is known.
	smtp     | header   | eve@first-use.example     | -
	smtp     | header   | bob@exempt.example        | -
	# Several recipients would see each other's; what is no reset is left alone,
	smtp     | header   | ann@registered.example, ann@second.example | -
	smtp     | ordinary | ann@registered.example    | -
	# and so is a field that the application has set.
	smtp     | rrvs 2025-09-01 | ann@re-registered.example | ann@re-registered.example; Mon, 01 Sep 2025 00:00:00 +0000
	EOT
}

# A reset is deferred by either way in while the cache cannot be believed.
cache_errors() {
	cat <<-'EOT'
	smtp     | header | ann@registered.example | 451 4.3.0   | - | tempfail cache-error
	smtp     | header | ann@redemption.example | 451 4.3.0   | - | tempfail cache-error
	sendmail | header | ann@registered.example | waits 4.3.0 | - | tempfail cache-error
	smtp     | header | bob@exempt.example     | 250 2.0.0   | bob@exempt.example | accept exempt
	smtp     | ordinary | ann@redemption.example | 250 2.0.0 | ann@redemption.example | -
	EOT
}


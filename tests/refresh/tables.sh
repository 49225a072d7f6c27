# SPDX-License-Identifier: BSD-2-Clause
#
# The tables of tests/refresh/run.

# What a registry says, and the state that is stored.
#
# domain | the registry says | state
statuses() {
	cat <<-'EOT'
	registered.example     | active reg=2015-03-01 exp=+300d                          | registered
	locked.example         | client transfer prohibited+server delete prohibited reg=2015-03-01 exp=+300d | registered
	no-status.example      | reg=2015-03-01 exp=+300d                                 | registered
	undated.example        | active                                                   | registered
	shouting.example       | ACTIVE reg=2015-03-01 exp=+300d ldhName=SHOUTING.EXAMPLE. | registered
	unheard-of.example     | active+quite unheard of reg=2015-03-01 exp=+300d         | registered
	pending-renew.example  | pending renew+active reg=2015-03-01 exp=+300d            | registered
	renewed.example        | auto renew period reg=2015-03-01 exp=+340d               | grace
	overdue.example        | active reg=2015-03-01 exp=-3d                            | grace
	client-hold.example    | client hold reg=2015-03-01 exp=+300d                     | held
	server-hold.example    | server hold reg=2015-03-01 exp=+300d                     | held
	inactive.example       | inactive reg=2015-03-01 exp=+300d                        | held
	redemption.example     | redemption period reg=2015-03-01 exp=-40d                | redemption
	both.example           | pending delete+redemption period reg=2015-03-01 exp=-40d | redemption
	restoring.example      | pending restore+pending delete reg=2015-03-01 exp=-40d   | redemption
	pending-delete.example | pending delete reg=2015-03-01 exp=-75d                   | pending-delete
	held-deleted.example   | client hold+pending delete reg=2015-03-01 exp=-75d       | pending-delete
	hyphens.example        | REDEMPTION PERIOD reg=2015-03-01 exp=-40d                | redemption
	denic.example          | free                                                     | unregistered
	unknown.example        | 404                                                      | unregistered
	xn--bcher-kva.example  | active reg=2015-03-01 exp=+300d                          | registered
	EOT
}

# Answers to a request for kept.example that tell nothing of it.
#
# what | how | and the reason given
failures() {
	cat <<-'EOT'
	larger than max_reply           | large_reply                                                | more than [0-9]+ bytes
	larger when unpacked            | large_reply; guard_configure "max_reply = 100k"             | more than [0-9]+ bytes
	not JSON                        | echo "<html>Quota exceeded</html>"|rdap_body kept.example | JSON
	broken off                      | rdap_fails kept.example cut                                | .
	ending in the middle            | head -c 900 "$registry_domains/kept.example.json"|rdap_body kept.example | JSON
	empty                           | rdap_body kept.example </dev/null                          | .
	about another name              | rdap_object kept.example "redemption period" ldhName=other.example | other\.example
	about no name                   | echo "{\"objectClassName\":\"domain\",\"status\":[\"redemption period\"]}"|rdap_body kept.example | .
	about no domain                 | echo "{\"objectClassName\":\"entity\",\"handle\":\"X\"}"|rdap_body kept.example | .
	an error document               | echo "{\"errorCode\":404,\"title\":\"Not Found\"}"|rdap_body kept.example | .
	a quota notice                  | echo "{\"notices\":[{\"title\":\"Rate limit exceeded\"}]}"|rdap_body kept.example | .
	an array                        | echo "[]"|rdap_body kept.example                        | .
	a server error                  | rdap_fails kept.example 500                                | 500
	throttled                       | rdap_fails kept.example 429                                | (429|throttl)
	sent elsewhere, and 404 there   | rdap_fails kept.example moved                              | .
	under a certificate for another | guard_configure "rdap_server = example $impostor_url"      | (certificate|SSL|TLS)
	from an unknown authority       | guard_configure "ca_file = $ca_dir/impostor.pem"           | (certificate|SSL|TLS)
	nobody answers                  | guard_configure "rdap_server = example $vanished_url"      | connect
	EOT
}

# A reply of 2 MB that is packed to a few thousand bytes on the way.
large_reply() {
	{
		sed '$d' "$registry_domains/kept.example.json"
		printf '"remarks":[{"description":["'
		head -c 2000000 /dev/zero | tr '\0' ' '
		printf '"]}]}\n'
	} | sed 's/active/redemption period/' | rdap_body kept.example
}

# A name that the server asked does not know.
#
# who says so | how | name | exit, result and state
authorities() {
	cat <<-'EOT'
	the host of the bootstrap file    | :                                                     | absent.example | 0: changed unregistered
	the host of rdap_server           | guard_configure "rdap_server = test $registry_url"    | absent.test    | 0: changed unregistered
	a host for its dates only         | guard_configure "rdap_server = test $registry_url dates-only" | dates-only.test | 69: failed unknown
	a host we were sent to            | rdap_fails sent.example moved                         | sent.example   | 69: failed unknown
	nobody: no server for the TLD     | :                                                     | absent.nowhere | 69: failed unknown
	EOT
}

# Invocations, in this order; registered.example and redemption.example are what
# their names say, never.example is not in the cache. An empty cell is no output.
#
# arguments | exit | standard output | standard error
invocations() {
	cat <<-'EOT'
	lookup ann@registered.example                        | 0  | accept.*ok       |
	lookup redemption.example                            | 1  | reject.*expired  |
	lookup never.example                                 | 75 | no-record        |
	lookup bob@localhost                                 | 1  | bad-address      |
	lookup bob@[127.0.0.1]                               | 1  | bad-address      |
	lookup ann@registered.example never.example          | 75 | no-record        |
	lookup never.example redemption.example              | 1  | expired          |
	lookup                                               | 64 |                  | name a domain
	lookup --json never.example                          | 75 | "reason":"no-record" |
	lookup --valid-since never registered.example        | 64 |                  | valid-since
	frobnicate                                           | 64 |                  | frobnicate
	lokup registered.example                             | 64 |                  | lokup
	list --frobnicate                                    | 64 |                  | frobnicate
	list --state flying                                  | 64 |                  | flying
	list --state grace                                   | 0  | overdue\.example |
	import /nonexistent/users.csv                        | 66 |                  | /nonexistent/users\.csv
	verify --note seen@desk no-status.example            | 0  | .*               | .*
	verify redemption.example                            | 65 |                  | redemption
	verify --at 2020-01-01 redemption.example            | 65 |                  | redemption
	verify                                               | 64 |                  | name a domain
	verify nothing/at/all                                | 65 |                  | nothing/at/all
	unverify registered.example                          | 64 |                  | note
	unverify --note handed-back unheard-of.example       | 0  | .*               | .*
	lookup eve@unheard-of.example                        | 1  | unverified       |
	verify eve@unheard-of.example                        | 0  | .*               | .*
	lookup eve@unheard-of.example                        | 0  | ok               |
	pin reject locked.example                            | 0  | .*               | .*
	lookup locked.example                                | 1  | pinned           |
	unpin locked.example                                 | 0  | .*               | .*
	lookup ann@locked.example                            | 0  | accept.*ok       |
	unpin locked.example                                 | 1  | .*               | .*
	pin --note ours accept both.example                  | 0  | .*               | .*
	lookup both.example                                  | 0  | pinned           |
	pin --until 2020-01-01 accept both.example           | 64 |                  | until
	pin perhaps both.example                             | 64 |                  | perhaps
	pin accept                                           | 64 |                  | a domain or an address
	history redemption.example                           | 0  | redemption       |
	history --json redemption.example                    | 0  | "schema":1       |
	EOT
}

# The cache directory: the milter is in the group.
#
# path | mode
layout() {
	cat <<-'EOT'
	.              | 2750
	cache/data.mdb | 640
	cache/lock.mdb | 660
	address.key    | 640
	wanted         | 2770
	EOT
}

# A line of a configuration, and what is said of it, after FILE:LINE.
mistakes() {
	cat <<-'EOT'
	chache_dir = /tmp                 | chache_dir.*cache_dir
	max-age = 3d                      | max.age.*max_age
	mode = enfroce                    | mode.*enforce
	max_age = soon                    | max_age
	max_age = 99999999999999999999d   | max_age
	mode                              | mode
	= observe                         | .
	socket_mode = 999                 | socket_mode
	socket = milter.sock              | socket.*unix:
	on_expired = explode              | on_expired.*(accept|reject)
	on_expried = reject               | on_expried.*on_expired
	originating_networks = 10.0.0.0/33 | originating_networks
	sources = rdap whois              | sources.*whois
	host_rate = fast                  | host_rate
	max_reply = -1                    | max_reply
	EOT
}

# The state that the statuses and the dates of a reply amount to, for jq(1).
state_of_reply='
	[(.status // [])[] | ascii_downcase | gsub("^ +| +$"; "")] as $statuses
	| def says(words): any($statuses[]; IN(words));
	[.events[]? | select(.eventAction == "expiration") | .eventDate[0:10]] as $expires
	| if says("redemption period", "pending restore") then "redemption"
	elif says("pending delete") then "pending-delete"
	elif says("client hold", "server hold", "inactive") then "held"
	elif says("auto renew period") or ($expires[0] // "9999") < (now | todate[0:10]) then "grace"
	else "registered" end'

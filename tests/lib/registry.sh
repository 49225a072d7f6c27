# SPDX-License-Identifier: BSD-2-Clause
#
# A domain registry of our own: nginx serves RDAP over TLS on 127.0.0.1 from
# files, one for each domain, and answers 404 for every other. What a name is
# answered can be changed at any time; the next request sees it.
#
# $registry_url   the registry, named by the bootstrap file for the TLDs given
# $elsewhere_url  a second registry host, named by no bootstrap file
# $impostor_url   the registry's replies under a certificate for another host
# $vanished_url   nobody listens there
# $bootstrap_url  the IANA bootstrap file; $bootstrap_file is the same as a file

# registry_begin TLD...
registry_begin() {
	local port elsewhere impostor

	registry_dir="$scratch/registry"
	registry_domains="$registry_dir/root/rdap/domain"
	registry_log="$registry_dir/access.log"
	bootstrap_file="$registry_dir/root/rdap/dns.json"
	mkdir -p "$registry_domains" "$registry_dir/tmp"
	[ "$(id -u)" -ne 0 ] || chown nobody "$registry_dir/tmp"

	ca_begin
	ca_sign registry 'IP:127.0.0.1,DNS:localhost'
	ca_sign impostor 'DNS:rdap.impostor.example'

	port=$(free_port)
	elsewhere=$(free_port)
	impostor=$(free_port)
	registry_url="https://127.0.0.1:$port/rdap/"
	elsewhere_url="https://localhost:$elsewhere/rdap/"
	impostor_url="https://127.0.0.1:$impostor/rdap/"
	vanished_url="https://127.0.0.1:$port_of_nobody/rdap/"
	bootstrap_url="https://127.0.0.1:$port/rdap/dns.json"

	bootstrap "$registry_url" "$@" >"$bootstrap_file"
	registry_conf "$port" "$elsewhere" "$impostor" >"$registry_dir/nginx.conf"
	spawn registry nginx -p "$registry_dir/" -c "$registry_dir/nginx.conf" -e "$registry_dir/error.log"
	registry_pid=$spawned
	await 'the registry to listen' test -s "$registry_dir/nginx.pid" ||
		die "$(cat "$registry_dir/error.log" "$scratch/registry.log")"
}

# bootstrap URL TLD...: a bootstrap file in the form of RFC 9224.
bootstrap() {
	local url="$1"

	shift
	jq -n --arg url "$url" '{
		version: "1.0",
		publication: "2026-01-01T00:00:00Z",
		description: "RDAP bootstrap file for Domain Name System registrations",
		services: [[$ARGS.positional, [$url]]]
	}' --args "$@"
}

registry_conf() {
	[ "$(id -u)" -ne 0 ] || echo 'user nobody nogroup;'
	cat <<-EOF
		daemon off;
		worker_processes 1;
		pid $registry_dir/nginx.pid;
		events { worker_connections 256; }
		http {
			client_body_temp_path $registry_dir/tmp/body;
			proxy_temp_path $registry_dir/tmp/proxy;
			fastcgi_temp_path $registry_dir/tmp/fastcgi;
			uwsgi_temp_path $registry_dir/tmp/uwsgi;
			scgi_temp_path $registry_dir/tmp/scgi;
			types { application/rdap+json json; text/html html; }
			root $registry_dir/root;
			log_format request '\$request_uri \$status';
			gzip on;
			gzip_min_length 100000;
			gzip_types application/rdap+json;
			ssl_certificate $ca_dir/registry.pem;
			ssl_certificate_key $ca_dir/registry.key;

			server {
				listen 127.0.0.1:$1 ssl;
				access_log $registry_log request;
				include $registry_dir/domains.conf;
			}
			server {
				listen 127.0.0.1:$2 ssl;
				access_log $registry_log request;
				location / { return 404 '{"errorCode":404,"title":"Not Found"}'; }
			}
			server {
				listen 127.0.0.1:$3 ssl;
				access_log $registry_log request;
				ssl_certificate $ca_dir/impostor.pem;
				ssl_certificate_key $ca_dir/impostor.key;
				include $registry_dir/domains.conf;
			}
			# Gets stuck in the middle of each reply; the server in front
			# of it gives up and breaks the connection off.
			server {
				listen unix:$registry_dir/stuck.sock;
				access_log off;
				gzip off;
				limit_rate 1;
				limit_rate_after 400;
			}
		}
	EOF
	cat >"$registry_dir/domains.conf" <<-EOF
		location = /rdap/dns.json {
			default_type application/json;
		}
		location ~ ^/rdap/domain/(?<name>[^/]+)\$ {
			default_type application/rdap+json;
			if (-f $registry_domains/\$name.429) { return 429; }
			if (-f $registry_domains/\$name.500) { return 500; }
			if (-f $registry_domains/\$name.moved) {
				return 302 ${elsewhere_url}domain/\$name;
			}
			if (-f $registry_domains/\$name.cut) {
				rewrite ^ /stuck/\$name.json last;
			}
			try_files /rdap/domain/\$name.json =404;
			error_page 404 = @unknown;
		}
		location ~ ^/stuck/(?<stuck>[^/]+)\$ {
			internal;
			proxy_pass http://unix:$registry_dir/stuck.sock:/rdap/domain/\$stuck;
			proxy_read_timeout 200ms;
			proxy_buffering off;
		}
		location @unknown {
			default_type application/rdap+json;
			return 404 '{"rdapConformance":["rdap_level_0"],"errorCode":404,"title":"Not Found","description":["The domain you are seeking is not known here."]}';
		}
	EOF
}

# date_at WHEN: 2019-03-01, -2d, +300d or now, as RFC 3339.
date_at() {
	case $1 in
	now) date -u +%Y-%m-%dT%H:%M:%SZ ;;
	[-+]*d) date -u -d "${1%d} days" +%Y-%m-%dT%H:%M:%SZ ;;
	*) date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ ;;
	esac
}

# rdap_event ACTION DATE, in the order and form that registries send.
rdap_event() {
	printf '{"eventAction":"%s","eventDate":"%s"},' "$1" "$2"
}

# rdap_object NAME [STATUS|reg=WHEN|exp=WHEN|handle=H|ns=HOST|ldhName=N]...:
# what the registry says of NAME from now on.
rdap_object() {
	local name="$1" reg='' exp='' handle='' ns='' ldh word statuses='' events=''

	ldh="$name"
	shift
	for word; do
		case $word in
		reg=*) reg=$(date_at "${word#*=}") ;;
		exp=*) exp=$(date_at "${word#*=}") ;;
		handle=*) handle="${word#*=}" ;;
		ns=*) ns="${word#*=}" ;;
		ldhName=*) ldh="${word#*=}" ;;
		*) statuses="$statuses\"$word\"," ;;
		esac
	done
	: "${handle:=$(printf %s "$name" | cksum | cut -d ' ' -f 1)_DOMAIN-EX}"
	: "${ns:=hosting.example}"
	events="${reg:+$(rdap_event registration "$reg")}${exp:+$(rdap_event expiration "$exp")}"
	rdap_answers "$name"
	cat >"$registry_domains/$name.new" <<-EOF
		{"objectClassName":"domain","handle":"$handle","ldhName":"$ldh",
		"links":[
		 {"value":"${registry_url}domain/$name","rel":"self","href":"${registry_url}domain/$name","type":"application/rdap+json"},
		 {"value":"${registry_url}domain/$name","rel":"related","href":"https://rdap.registrar.example/domain/$name","type":"application/rdap+json"}],
		"status":[${statuses%,}],
		"entities":[{"objectClassName":"entity","handle":"9999","roles":["registrar"],
		 "publicIds":[{"type":"IANA Registrar ID","identifier":"9999"}],
		 "vcardArray":["vcard",[["version",{},"text","4.0"],["fn",{},"text","Example Registrar"]]],
		 "entities":[{"objectClassName":"entity","roles":["abuse"],
		  "vcardArray":["vcard",[["version",{},"text","4.0"],["fn",{},"text",""],
		   ["email",{},"text","abuse@registrar.example"]]]}]}],
		"events":[$events$(rdap_event 'last changed' 2026-01-01T00:00:00Z)
		 {"eventAction":"last update of RDAP database","eventDate":"$(date_at now)"}],
		"secureDNS":{"delegationSigned":false},
		"nameservers":[{"objectClassName":"nameserver","ldhName":"NS1.$ns"},
		 {"objectClassName":"nameserver","ldhName":"NS2.$ns"}],
		"rdapConformance":["rdap_level_0","icann_rdap_technical_implementation_guide_0","icann_rdap_response_profile_0"],
		"notices":[{"title":"Terms of Use","description":["Fixture of a test."],
		 "links":[{"href":"https://registry.example/terms","type":"text/html"}]}]}
	EOF
	mv "$registry_domains/$name.new" "$registry_domains/$name.json"
}

# rdap_body NAME: the reply is standard input, whatever that may be.
rdap_body() {
	rdap_answers "$1"
	cat >"$registry_domains/$1.new"
	mv "$registry_domains/$1.new" "$registry_domains/$1.json"
}

# rdap_unknown NAME: the registry does not know NAME (any more).
rdap_unknown() {
	rdap_answers "$1"
	rm -f "$registry_domains/$1.json"
}

# rdap_fails NAME 429|500|moved|cut: throttled, a server's error, a redirection
# to a host that nobody vouches for, or a reply broken off in the middle.
rdap_fails() {
	rdap_answers "$1"
	: >"$registry_domains/$1.$2"
}

# rdap_answers NAME: takes rdap_fails back.
rdap_answers() {
	rm -f "$registry_domains/$1.429" "$registry_domains/$1.500" \
		"$registry_domains/$1.moved" "$registry_domains/$1.cut"
}

# rdap_requests NAME: how often the registry was asked for NAME.
rdap_requests() {
	grep -c "^/rdap/domain/$1 " "$registry_log"
}

# registry_says DOMAIN 'STATUS+STATUS key=WHEN...', or 404, 500, or "-" for what
# is not known either: a cell of a table, for rdap_object.
registry_says() {
	local domain="$1" words="$2" status

	case $words in
	404 | -) return ;;
	500)
		rdap_fails "$domain" 500
		return
		;;
	esac
	status=$(printf '%s\n' "$words" | sed 's/ [a-z]*=.*//')
	words=${words#"$status"}
	(
		set -f
		IFS=+
		set -- $status
		IFS=' '
		rdap_object "$domain" "$@" $words
	)
}

# registered NAME: the registration date that the registry gives.
registered() {
	jq -r '.events[] | select(.eventAction == "registration") | .eventDate' \
		"$registry_domains/$1.json" 2>/dev/null
}

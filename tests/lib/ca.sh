# SPDX-License-Identifier: BSD-2-Clause
#
# A certificate authority of our own and what it signs.

ca_begin() {
	ca_dir="$scratch/ca"
	ca_file="$ca_dir/ca.pem"
	mkdir -p "$ca_dir"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj '/CN=resetguard test authority' \
		-keyout "$ca_dir/ca.key" -out "$ca_file" 2>"$ca_dir/log" ||
		die "cannot make a certificate authority: $(cat "$ca_dir/log")"
}

# ca_sign NAME SUBJECT-ALTERNATIVE-NAMES: $ca_dir/NAME.pem and NAME.key.
ca_sign() {
	local name="$1" names="$2"

	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
		-keyout "$ca_dir/$name.key" -out "$ca_dir/$name.csr" 2>"$ca_dir/log" &&
		echo "subjectAltName=$names" >"$ca_dir/$name.ext" &&
		openssl x509 -req -in "$ca_dir/$name.csr" -days 2 -extfile "$ca_dir/$name.ext" \
			-CA "$ca_file" -CAkey "$ca_dir/ca.key" -CAcreateserial \
			-out "$ca_dir/$name.pem" 2>"$ca_dir/log" ||
		die "cannot sign a certificate: $(cat "$ca_dir/log")"
}

# ca_expire NAME: makes what ca_sign signed a certificate of our authority that ended long ago.
ca_expire() {
	mkdir -p "$ca_dir/past"
	: >"$ca_dir/past/index"
	echo 01 >"$ca_dir/past/serial"
	cat >"$ca_dir/past/conf" <<-EOF_CONF
		[ca]
		default_ca = past
		[past]
		database = $ca_dir/past/index
		serial = $ca_dir/past/serial
		new_certs_dir = $ca_dir/past
		certificate = $ca_file
		private_key = $ca_dir/ca.key
		default_md = sha256
		policy = any
		[any]
		commonName = supplied
	EOF_CONF
	openssl ca -batch -notext -config "$ca_dir/past/conf" -in "$ca_dir/$1.csr" \
		-extfile "$ca_dir/$1.ext" -startdate 20200101000000Z -enddate 20210101000000Z \
		-out "$ca_dir/$1.pem" 2>"$ca_dir/log" || die "$(cat "$ca_dir/log")"
}

# ca_self_sign NAME: a certificate of nobody but itself.
ca_self_sign() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=$1" -addext 'subjectAltName=IP:127.0.0.1' \
		-keyout "$ca_dir/$1.key" -out "$ca_dir/$1.pem" 2>"$ca_dir/log" || die "$(cat "$ca_dir/log")"
}

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

# SPDX-License-Identifier: BSD-2-Clause
#
# Everything of tests/lib. $SRC is the source tree, $BUILD where the programs are,
# $mta the MTA: postfix, or sendmail. postfix.sh and sendmail.sh offer the same:
#
# PROGRAM_begin     starts it, on $smtp_port, $submission_port and $inbound_port
# mta_introduce     the SMTP commands by which a client becomes $client_address and
#                   $client_login
# mta_source        the address that such a client comes from, if it must
# mta_await ID LINE waits until the MTA is done with a message; what it logged of it
#                   comes after LINE of $mail_log
# by_sendmail       see mail.sh
# $mta_inbox        the Maildir of the world
# $mta_socket       where the milter listens, for $mta_socket_group

: "${SRC:?the source tree}"
: "${BUILD:?the directory with resetguard and resetguard-milter}"
export LC_ALL=C.UTF-8
tests_lib="$SRC/tests/lib"
tests_data="$SRC/tests/data"
for part in resetguard resetguard-milter; do
	if [ ! -x "$BUILD/$part" ]; then
		echo "${0##*/}: $BUILD/$part is not there: build it first" >&2
		exit 1
	fi
done
for part in scratch tap ca registry "${mta:=postfix}" mail guard; do
	. "$tests_lib/$part.sh"
done

# read_row NAME...: one row of a table on standard input into the variables
# NAME..., cell by cell. Cells are separated by "|" with blanks on both sides;
# comments and empty lines are passed over.
read_row() {
	local row cell name

	while IFS= read -r row; do
		case $row in
		'' | '#'*) continue ;;
		esac
		row="$row "
		for name; do
			cell=${row%%" | "*}
			row=${row#"$cell"}
			row=${row#" |"}
			cell=${cell#"${cell%%[![:space:]]*}"}
			cell=${cell%"${cell##*[![:space:]]}"}
			eval "$name=\$cell"
		done
		return 0
	done
	return 1
}

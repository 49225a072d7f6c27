# SPDX-License-Identifier: BSD-2-Clause
#
# A Debian of its own in a directory, of the release that runs here, booted with its own
# systemd in name spaces of its own: for what only a whole system shows. Its network is
# that of the script, which therefore has one to itself (machine_network).
#
# $machine_root  its file system, as seen from outside

# machine_network SCRIPT: the script once more, with an empty network.
machine_network() {
	[ -z "${in_machine_network:-}" ] || {
		ip link set lo up
		return
	}
	export BUILD SRC in_machine_network=yes
	exec unshare -n sh "$1"
}

# machine_sources: apt's own sources of Debian, one a line.
machine_sources() {
	apt-get indextargets --format '$(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' | sed -n 's/^Debian //p' | sort -u
}

# machine_base DIRECTORY DEB PACKAGE...: makes a Debian with the PACKAGEs there, which
# serves many machines; what DEB depends on is downloaded into its apt. The status says
# whether the archive could be reached.
machine_base() {
	local directory="$1" deb="$2" packages key

	shift 2
	packages=$(echo "$@" | tr ' ' ,)
	key="$packages $(dpkg-deb -f "$deb" Depends)"
	[ "$(cat "$directory.key" 2>/dev/null)" != "$key" ] || return 0
	rm -rf "$directory" "$directory.key"
	machine_sources >"$directory.sources"
	mmdebstrap --quiet --variant=apt --include="$packages" --skip=cleanup/apt \
		--essential-hook='printf "postfix postfix/main_mailer_type select Internet Site\npostfix postfix/mailname string mail.svc.example\n" | chroot "$1" debconf-set-selections' \
		--customize-hook='echo "APT::Install-Recommends \"false\";" >"$1/etc/apt/apt.conf.d/99no-recommends"' \
		--customize-hook='echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/unsafe-io"' \
		--customize-hook="cp '$deb' \"\$1/tmp/package.deb\"" \
		--customize-hook='chroot "$1" apt-get -q -y --download-only install /tmp/package.deb' \
		--customize-hook='rm "$1/tmp/package.deb"' \
		"$(. /etc/os-release && echo "$VERSION_CODENAME")" "$directory" - \
		<"$directory.sources" >"$directory.log" 2>&1 || return 1
	echo "$key" >"$directory.key"
}

# machine_begin BASE: boots it. What it changes in BASE is gone with the scratch directory.
machine_begin() {
	mkdir -p "$scratch/machine/root" "$scratch/machine/upper" "$scratch/machine/work" "$scratch/machine/cgroup"
	spawn machine unshare -m sh "$tests_lib/machine_boot.sh" "$1" "$scratch/machine"
	await 'the machine to boot' machine_is_up || die "$(cat "$scratch/machine.log")"
	machine_root="/proc/$machine_init/root"
}

machine_is_up() {
	machine_init=$(cat "$scratch/machine/init") && [ -n "$machine_init" ] &&
		machine_state=$(machine systemctl is-system-running 2>/dev/null || :) &&
		case $machine_state in
		running | degraded) return 0 ;;
		*) return 1 ;;
		esac
}

# machine COMMAND...: runs it there as root.
machine() {
	nsenter --target "$machine_init" --mount --uts --ipc --pid --cgroup --root --wd \
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Boots a Debian for machine.sh: DIRECTORY/init gets the process id of its init. Runs until
# the machine is off, or a signal ends both.
#
# usage: unshare -m machine_boot.sh BASE DIRECTORY

set -eu
base=$1
directory=$2
root=$directory/root

if [ "${3:-}" = inside ]; then
	mount -t proc proc "$root/proc"
	mount --bind "$root/proc/sys" "$root/proc/sys"
	mount -o remount,bind,ro "$root/proc/sys"
	mount -t sysfs -o ro sysfs "$root/sys"
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	mkdir "$root/dev/pts" "$root/dev/shm"
	for device in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0' 'console 1 3'; do
		set -- $device
		mknod -m 666 "$root/dev/$1" c "$2" "$3"
	done
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	cd "$root"
	mkdir -p .outside
	pivot_root . .outside
	cd /
	umount -l /.outside
	exec env -i container=resetguard-tests PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
fi

mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$base,upperdir=$directory/upper,workdir=$directory/work" "$root"
mount -t cgroup2 cgroup2 "$directory/cgroup"
cgroup=$directory/cgroup/resetguard-$$
mkdir "$cgroup"
sh -c 'echo $$ >"$0/cgroup.procs" && exec unshare -m -p -u -i -C -f --kill-child "$@"' "$cgroup" \
	sh "$0" "$base" "$directory" inside &
machine=$!
# unshare(1) ignores SIGTERM while it waits.
trap 'kill -KILL "$machine"' HUP INT TERM
until init=$(cat "/proc/$machine/task/$machine/children") && [ -n "$init" ]; do
	kill -0 "$machine"
	sleep 0.05
done
echo "${init% }" >"$directory/init"
wait "$machine" || :
wait "$machine" 2>/dev/null || :
tries=200 # until the last of its processes has ended
until find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || [ "$tries" -eq 0 ]; do
	tries=$((tries - 1))
	sleep 0.05
done

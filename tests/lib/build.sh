# SPDX-License-Identifier: BSD-2-Clause
#
# Builds the two programs out of tree; the source tree stays as it is.

# build_programs SRC BUILD
build_programs() {
	local src="$1" build="$2"

	if [ ! -x "$src/configure" ] || [ -e "$src/config.status" ]; then
		# Not made ready for an out-of-tree build: a copy is.
		mkdir -p "$build.src" && tar -C "$src" --exclude=.git --exclude='*.o' --exclude='*.a' -cf - . | tar -C "$build.src" -xf - &&
			src="$build.src" &&
			rm -f "$src/config.status" &&
			(cd "$src" && ./autogen.sh) || return 1
	fi
	mkdir -p "$build" &&
		(cd "$build" && "$src/configure" && make -j "$(nproc)" resetguard resetguard-milter)
}

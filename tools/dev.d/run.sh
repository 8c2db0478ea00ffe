# shellcheck shell=bash
# ./dev run: the freshly built bulkhead; without arguments the show-piece, a hardened container of a real image.

cache_dir=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/bulkhead

built_bulkhead() {
	[[ -x build/release/src/bulkhead ]] || die "the build made no program bulkhead (build/release/src)"
	as_root build/release/src/bulkhead "$@"
}

# Makes $1, a tar of a minimal Debian of this machine's own release, from this machine's own archives.
make_debian_tar() {
	local tar=$1 codename
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	say "making a Debian $codename image with mmdebstrap, for this time and the next"
	tools/dev.d/apt_sources.py "$codename" >"$tar.sources"
	if ! [[ -s $tar.sources ]]; then
		echo "this machine has no apt source of $codename"
		return 1
	fi
	# Written to standard output, so that the file is the caller's whoever runs mmdebstrap.
	as_root timeout --kill-after=10 600 mmdebstrap --quiet --variant=minbase "$codename" - - <"$tar.sources" >"$tar.new" \
		2>"$tar.log" || {
		tail -n 3 "$tar.log"
		return 1
	}
	mv "$tar.new" "$tar"
}

# Makes $1, a tar of nothing but the static busybox.
make_busybox_tar() {
	local tar=$1 tree
	tree=$(mktemp -d)
	(
		# shellcheck source=tests/lib/busybox.bash
		source tests/lib/busybox.bash
		make_busybox_tree "$tree"
	)
	tar -C "$tree" --owner=0 --group=0 --numeric-owner -cf "$tar.new" .
	rm -rf "$tree"
	mv "$tar.new" "$tar"
}

has_image() { built_bulkhead image inspect "$1" >/dev/null 2>&1; }

# Imports the tar that the function $2 makes as image $1, unless either is there already.
need_image() {
	local name=$1 make=$2 tar=$cache_dir/$1.tar
	has_image "$name" && return
	mkdir -p "$cache_dir"
	[[ -f $tar ]] || "$make" "$tar" || return 1
	say "importing it as the image \"$name\""
	built_bulkhead import -c 'CMD ["/bin/sh"]' "$tar" "$name" >/dev/null || die "the image could not be imported"
}

show_piece() {
	local image=debian namespaces
	need_packages images
	if ! need_image debian make_debian_tar; then
		echo "Debian's archive did not answer: going on with an image of only busybox"
		image=busybox
		need_image busybox make_busybox_tar
	fi
	say "bulkhead run --rm -i $image sh -s < tools/show.sh"
	namespaces=$(as_root readlink /proc/self/ns/* | xargs)
	built_bulkhead run --rm -i -e HOST_NAMESPACES="$namespaces" "$image" sh -s <tools/show.sh
}

dev_run() {
	need_packages build tests >&2
	# Its line must not mix with the output of bulkhead.
	build_tree release >&2
	if (($#)); then
		built_bulkhead "$@"
	else
		show_piece
	fi
}

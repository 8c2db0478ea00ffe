# shellcheck shell=bash
# For attacks by images: the busybox tree, changed.
# shellcheck disable=SC2154 # $tree is the changer's

# Imports as $1 the busybox tree after the function $2 has changed it, in $tree. Further arguments are for `import`.
hostile_image() {
	local name=$1 change=$2 tree=$BATS_TEST_TMPDIR/tree.$1
	shift 2
	make_busybox_tree "$tree"
	"$change"
	tar -C "$tree" --numeric-owner --xattrs --xattrs-include='*' -cf "$tree.tar" .
	bulkhead import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin:/usr/bin' "$@" "$tree.tar" "$name" >/dev/null
}

# A directory of the host with a secret in it, $host, and what it holds, for link_is_harmless.
make_host_dir() {
	host=$BATS_TEST_TMPDIR/host
	mkdir "$host"
	echo of-the-host >"$host/secret"
}

assert_host_dir_untouched() {
	[[ $(ls -A "$host") == secret && $(cat "$host/secret") == of-the-host ]]
}

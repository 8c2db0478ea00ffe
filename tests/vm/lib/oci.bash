# shellcheck shell=bash
# For tests of bulkhead-oci in the guest, after ../lib/helpers and lib/guest: a state of its own for each test, $engine, and
# a bundle $b with the busybox tree, whose container is called $id.

setup_file() { :; }
teardown_file() { :; }

oci_setup() {
	engine=$(mktemp -d /tmp/bh.XXXXXX)
	chmod 755 "$engine"
	b=$engine/bundle
	id=c$BATS_TEST_NUMBER
	mkdir -p "$b/rootfs"
	make_busybox_tree "$b/rootfs"
}

oci_teardown() {
	local left
	for left in $(oci list -q); do
		oci delete -f "$left"
	done
	rm -rf --one-file-system "${engine:?}"
}

# Descriptor 3 is bats' own: a container must not keep a test waiting.
oci() {
	timeout 120 bulkhead-oci --root "$engine/oci" "$@" 3>&-
}

status_is() {
	oci state "$id" | grep -q "\"status\": *\"$1\""
}

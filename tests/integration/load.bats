# bulkhead load: archives of docker save, OCI archives and directories, from files and pipes; and everything that can be wrong
# with them.
load ../lib/helpers

archives=$tests_lib/archives.py

setup() {
	engine_setup
	lower=$BATS_FILE_TMPDIR/lower.tar
	upper=$BATS_FILE_TMPDIR/upper.tar
	[[ -f $upper ]] || make_layers
	archive=$BATS_TEST_TMPDIR/archive.tar
}

# A busybox layer, and one above it that changes, hides and adds.
make_layers() {
	local tree
	tree=$(mktemp -d "$BATS_FILE_TMPDIR/tree.XXXXXX")
	make_busybox_tree "$tree"
	mkdir -p "$tree/srv/old" "$tree/srv/opaque"
	echo lower >"$tree/srv/changed"
	touch "$tree/srv/gone" "$tree/srv/old/file" "$tree/srv/opaque/below"
	tar -C "$tree" --numeric-owner -cf "$lower" .
	rm -rf "$tree"
	mkdir -p "$tree/srv/opaque"
	echo upper >"$tree/srv/changed"
	touch "$tree/srv/.wh.gone" "$tree/srv/.wh.old" "$tree/srv/opaque/.wh..wh..opq" "$tree/srv/opaque/above"
	tar -C "$tree" --numeric-owner -cf "$upper.new" srv
	mv "$upper.new" "$upper"
	rm -rf "$tree"
}

in_image() {
	run bulkhead run --rm --network none "$@"
}

# The image is both layers, one over the other.
both_layers() {
	in_image "$1" cat /srv/changed
	assert_success
	assert_output upper
	in_image "$1" find /srv
	assert_success
	assert_output "$(printf '%s\n' /srv /srv/changed /srv/opaque /srv/opaque/above)"
}

nothing_left() {
	local left
	left=$(find "$engine/root"/{layers,blobs/sha256,tmp} -mindepth 1 2>/dev/null)
	[[ -z $left ]] || fail "left in the store: $left"
	run bulkhead images -q
	assert_output ''
}

# One line on stderr that holds $1, status 1, nothing kept.
refused() {
	assert_failure 1
	[[ ${#stderr_lines[@]} == 1 ]] || fail "$stderr"
	[[ $stderr == *"$1"* ]] || fail "$stderr"
	nothing_left
}

@test "docker save: a file, a pipe, a compressed file" {
	python3 "$archives" docker "$archive" app:1 "$lower" "$upper"
	run bulkhead load -i "$archive"
	assert_success
	assert_output "Loaded image: app:1"
	both_layers app:1
	gzip -k "$archive"
	run bulkhead load -i "$archive.gz"
	assert_output "Loaded image: app:1"
	zstd -q "$archive"
	run bulkhead load -q -i "$archive.zst"
	assert_success
	assert_output "Loaded image: app:1"
	run bash -c "cat '$archive' | '$BULKHEAD_BUILD/src/bulkhead' --root '$engine/root2' --state '$engine/state' load"
	assert_success
	assert_output "Loaded image: app:1"
}

@test "OCI: an archive, a directory, gzip and plain layers" {
	python3 "$archives" oci "$archive" docker.io/library/app:2 "$lower" "$upper"
	run bulkhead load -i "$archive"
	assert_success
	assert_output "Loaded image: app:2"
	both_layers app:2
	PLAIN=1 python3 "$archives" oci "$BATS_TEST_TMPDIR/layout/" example.org/app:3 "$lower" "$upper"
	run bulkhead load -i "$BATS_TEST_TMPDIR/layout"
	assert_success
	assert_output "Loaded image: example.org/app:3"
	both_layers example.org/app:3
	# the same layers, however packed, are there once
	[[ $(find "$engine/root/layers" -mindepth 1 -maxdepth 1 | wc -l) == 2 ]]
	run bulkhead images --digests --format '{{.Repository}}:{{.Tag}} {{.Digest}}'
	assert_line --regexp '^app:2 sha256:[0-9a-f]{64}$'
}

@test "layers are shared, and go with the last image" {
	python3 "$archives" docker "$archive" one:1 "$lower"
	bulkhead load -q -i "$archive"
	python3 "$archives" docker "$archive" two:1 "$lower" "$upper"
	bulkhead load -q -i "$archive"
	[[ $(find "$engine/root/layers" -mindepth 1 -maxdepth 1 | wc -l) == 2 ]]
	run bulkhead rmi one:1
	assert_success
	assert_line --index 0 "Untagged: one:1"
	both_layers two:1
	run bulkhead rmi two:1
	assert_success
	[[ $(grep -c '^Deleted: sha256:' <<<"$output") == 3 ]]
	nothing_left
}

@test "layers are kept as they came, until the last image that has them is removed" {
	local blob
	python3 "$archives" oci "$archive" one:1 "$lower" "$upper"
	bulkhead load -q -i "$archive"
	for blob in $(tar -tf "$archive" | sed -n 's,^blobs/sha256/\(.\),\1,p'); do
		tar -xOf "$archive" "blobs/sha256/$blob" | cmp - "$engine/root/blobs/sha256/$blob"
	done
	bulkhead rmi one:1
	nothing_left
}

@test "podman and docker write what is read, and it runs" {
	local podman=(podman --root "$engine/podman" --runroot "$engine/podman-run" --tmpdir "$engine/podman-tmp"
		--cgroup-manager cgroupfs --events-backend file --storage-driver vfs)
	python3 "$archives" docker "$archive" app:1 "$lower" "$upper"
	"${podman[@]}" load -q -i "$archive" 3>&-
	"${podman[@]}" save -q --format oci-archive -o "$BATS_TEST_TMPDIR/oci.tar" localhost/app:1 3>&-
	"${podman[@]}" save -q --format docker-archive -o "$BATS_TEST_TMPDIR/docker.tar" localhost/app:1 3>&-
	"${podman[@]}" save -q --format oci-dir -o "$BATS_TEST_TMPDIR/dir" localhost/app:1 3>&-
	local name
	for name in oci.tar docker.tar dir; do
		run bulkhead load -i "$BATS_TEST_TMPDIR/$name"
		assert_success
		assert_line "Loaded image: localhost/app:1"
		both_layers localhost/app:1
		bulkhead rmi -f localhost/app:1
	done
}

@test "a file capability is the container's own" {
	local program
	cat >"$BATS_TEST_TMPDIR/showcap.c" <<-'C'
		#include <stdio.h>
		#include <sys/xattr.h>
		int main(int argc, char **argv)
		{
			unsigned char cap[64];
			long n = getxattr(argc > 1 ? argv[1] : "", "security.capability", cap, sizeof(cap));
			for (long i = 0; i < n; i++)
				printf("%02x", cap[i]);
			return n < 0;
		}
	C
	program=$(compile "$BATS_TEST_TMPDIR/showcap.c")
	mkdir "$BATS_TEST_TMPDIR/tree"
	touch "$BATS_TEST_TMPDIR/tree/ping"
	setcap cap_net_raw+ep "$BATS_TEST_TMPDIR/tree/ping"
	tar -C "$BATS_TEST_TMPDIR/tree" --xattrs --xattrs-include='*' -cf "$BATS_TEST_TMPDIR/caps.tar" ping
	python3 "$archives" docker "$archive" caps:1 "$lower" "$BATS_TEST_TMPDIR/caps.tar"
	bulkhead load -q -i "$archive"
	in_image -v "$program:/showcap:ro" caps:1 /showcap /ping
	assert_success
	assert_output 0100000200200000000000000000000000000000
}

@test "not an archive, no file, nothing on stdin" {
	echo "this is no archive" >"$archive"
	run --separate-stderr bulkhead load -i "$archive"
	refused "tar: "
	run --separate-stderr bulkhead load -i "$BATS_TEST_TMPDIR/missing"
	refused "missing: No such file or directory"
	run --separate-stderr bash -c "'$BULKHEAD_BUILD/src/bulkhead' --root '$engine/root' --state '$engine/state' load </dev/null"
	refused ""
	tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/other.tar" archive.tar
	run --separate-stderr bulkhead load -i "$BATS_TEST_TMPDIR/other.tar"
	refused "neither index.json nor manifest.json"
}

@test "wrong digests" {
	local part
	for part in config layer manifest; do
		CORRUPT=$part python3 "$archives" oci "$archive" app:1 "$lower" "$upper"
		run --separate-stderr bulkhead load -i "$archive"
		refused "does not match its digest"
	done
}

@test "truncated at any place" {
	local size at
	python3 "$archives" oci "$archive" app:1 "$lower" "$upper"
	size=$(stat -c %s "$archive")
	for at in 10 600 $((size / 3)) $((size / 2)) $((size * 9 / 10)); do
		head -c "$at" "$archive" >"$archive.cut"
		run --separate-stderr bulkhead load -i "$archive.cut"
		refused ""
	done
	gzip "$archive"
	head -c 100000 "$archive.gz" >"$archive.cut"
	run --separate-stderr bulkhead load -i "$archive.cut"
	refused "ends early"
}

@test "a full disk" {
	mkdir "$engine/small"
	mount -t tmpfs -o size=1m,mode=700 none "$engine/small"
	python3 "$archives" oci "$archive" app:1 "$lower" "$upper"
	run --separate-stderr "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/small/root" --state "$engine/state" load -i "$archive"
	local said=$stderr failed=$status left
	left=$(find "$engine/small/root"/{layers,tmp} -mindepth 1 2>/dev/null || true)
	umount "$engine/small"
	[[ $failed == 1 && $said == *"No space left on device"* && $(wc -l <<<"$said") == 1 ]] || fail "$said"
	[[ -z $left ]] || fail "$left"
}

@test "killed while it loads: the next command finds a clean store" {
	local pid
	python3 "$archives" oci "$archive" app:1 "$lower" "$upper"
	mkfifo "$BATS_TEST_TMPDIR/slow"
	"$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" import - never:1 \
		<"$BATS_TEST_TMPDIR/slow" 3>&- &
	pid=$!
	exec {feed}>"$BATS_TEST_TMPDIR/slow"
	head -c 500000 "$lower" >&"$feed"
	wait_for 10 bash -c "[[ -n \$(find '$engine/root/tmp' -name busybox) ]]"
	kill -9 "$pid"
	wait "$pid" || true
	exec {feed}>&-
	wait_for 10 bash -c "'$BULKHEAD_BUILD/src/bulkhead' --root '$engine/root' --state '$engine/state' images -q && \
		[[ -z \$(ls '$engine/root/tmp') ]]"
	nothing_left
	run bulkhead load -i "$archive"
	assert_success
	both_layers app:1
}

@test "a helper that is killed is an error, and nothing is left" {
	local pid helper
	mkfifo "$BATS_TEST_TMPDIR/slow"
	"$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" import - never:1 \
		<"$BATS_TEST_TMPDIR/slow" >/dev/null 2>"$BATS_TEST_TMPDIR/said" 3>&- &
	pid=$!
	exec {feed}>"$BATS_TEST_TMPDIR/slow"
	head -c 500000 "$lower" >&"$feed"
	wait_for 10 bash -c "[[ -n \$(find '$engine/root/tmp' -name busybox) ]]"
	# its grandchild: the worker of the layer is between
	helper=$(pgrep -P "$(pgrep -P "$pid")" | tail -n 1)
	kill -9 "$helper"
	exec {feed}>&-
	wait "$pid" && status=0 || status=$?
	[[ $status == 1 ]]
	run cat "$BATS_TEST_TMPDIR/said"
	assert_output --regexp "killed by signal 9|ended early|ends early"
	nothing_left
}

@test "the same archive at once" {
	local i pids=()
	python3 "$archives" oci "$archive" app:1 "$lower" "$upper"
	for i in 1 2 3 4; do
		bulkhead load -q -i "$archive" >/dev/null &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	both_layers app:1
	[[ $(find "$engine/root/layers" -mindepth 1 -maxdepth 1 | wc -l) == 2 ]]
	[[ -z $(ls "$engine/root/tmp") ]]
}

# Volumes: directories of ours that outlive containers and hold container ids.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

@test "a named volume is made at first use and shared" {
	bulkhead run --rm -v data:/data busybox sh -c 'echo hi >/data/x'
	assert_equal "$(stat -c %u "$engine/root/volumes/data/_data/x")" 0
	run bulkhead run --rm -v data:/elsewhere:ro busybox cat /elsewhere/x
	assert_output hi
	run bulkhead run --rm -v data:/elsewhere:ro busybox touch /elsewhere/y
	assert_failure
	assert_output --partial "Read-only file system"
}

@test "two containers with different ranges see the same owners" {
	bulkhead run --rm -v data:/data busybox sh -c 'touch /data/root; touch /data/user; chown 1000:1000 /data/user'
	run bulkhead run --rm -v data:/data busybox stat -c '%n %u:%g' /data/root /data/user
	assert_output $'/data/root 0:0\n/data/user 1000:1000'
	run bulkhead run --rm -u 1000 -v data:/data busybox sh -c 'echo mine >/data/user && cat /data/user'
	assert_output mine
}

@test "an empty volume gets what the image has there, once" {
	bulkhead run --rm -v etc:/etc busybox sh -c 'rm /etc/group; echo changed >/etc/passwd'
	run bulkhead run --rm -v etc:/etc busybox cat /etc/passwd
	assert_output changed
	run bulkhead run --rm -v etc:/etc busybox test -e /etc/group
	assert_failure 1
	run bulkhead run --rm -v bare:/home:nocopy busybox ls -A /home
	assert_output ""
}

@test "an image's volume is anonymous and goes with --rm" {
	busybox_image data -c 'VOLUME /data'
	bulkhead run --rm --name web data touch /data/x
	assert_equal "$(find "$engine/root/volumes" -mindepth 1 -maxdepth 1 | wc -l)" 0
	bulkhead run --name web data touch /data/x
	run bulkhead inspect --format '{{ range .Mounts }}{{ len .Name }} {{ .Destination }}{{ end }}' web
	assert_output "64 /data"
	bulkhead start web
	wait_for 5 container_is web exited
	assert_equal "$(find "$engine/root/volumes" -name x | wc -l)" 1
}

@test "a mount of the user's stands before the image's volume" {
	busybox_image data -c 'VOLUME /data'
	bulkhead run --rm -v mine:/data data touch /data/x
	assert [ -e "$engine/root/volumes/mine/_data/x" ]
	assert_equal "$(find "$engine/root/volumes" -mindepth 1 -maxdepth 1 | wc -l)" 1
}

@test "names that are none" {
	local name
	for name in .hidden a 'sp ace' -dash a/b; do
		run bulkhead create "-v$name:/data" busybox true
		assert_failure
		refute_output --partial "no such file"
	done
	run bulkhead ps -aq
	assert_output ""
}

@test "a missing bind source is made by -v, not by --mount" {
	run bulkhead run --rm --mount "type=bind,source=$BATS_TEST_TMPDIR/new,target=/x" busybox true
	assert_failure
	assert_output --partial "bind source path does not exist: $BATS_TEST_TMPDIR/new"
	bulkhead run --rm -v "$BATS_TEST_TMPDIR/new/deep:/x" busybox touch /x/y
	assert [ -e "$BATS_TEST_TMPDIR/new/deep/y" ]
}

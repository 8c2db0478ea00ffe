# The helpers themselves: a leak that assert_host_clean does not see would let every test pass. Nothing of the product
# is needed here: "bulkhead" is a script that says what it was called with.
load helpers

id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

setup() {
	BULKHEAD_BUILD=$BATS_TEST_TMPDIR/build
	mkdir -p "$BULKHEAD_BUILD/src"
	printf '#!/bin/sh\ncase " $* " in *" ps "*) ;; *) echo "$@" ;; esac\n' >"$BULKHEAD_BUILD/src/bulkhead"
	chmod +x "$BULKHEAD_BUILD/src/bulkhead"
	engine_setup
}

# The leak is there: assert_host_clean must fail and name it. Without the wait, which only the good case needs.
assert_seen() {
	SECONDS=0
	sleep() { SECONDS=$((SECONDS + 10)); }
	run assert_host_clean
	unset -f sleep
	assert_failure
	assert_output --partial "$1"
}

@test "bulkhead is called with the test's own engine" {
	run bulkhead run --rm "a b"
	assert_success
	assert_output "--root $engine/root --state $engine/state run --rm a b"
}

@test "a clean host is clean" {
	run assert_host_clean
	assert_success
}

@test "a mount that is left is seen" {
	mkdir "$engine/m"
	mount -t tmpfs none "$engine/m"
	assert_seen "mount $engine/m"
	umount "$engine/m"
}

@test "a cgroup that is left is seen, by an id that only a deleted row still has" {
	local group
	group=$(awk '/ - cgroup2? / { print $5; exit }' /proc/self/mountinfo)/bulkhead-test-$id
	printf 'garbage\0%s\0garbage' "$id" >"$engine/root/state.db"
	mkdir "$group"
	assert_seen "cgroup $group"
	rmdir "$group"
}

@test "a process that is left is seen" {
	cp "$(command -v sleep)" "$engine/bulkhead-monitor"
	"$engine/bulkhead-monitor" 1000 3>&- &
	wait_for 5 grep -qF bulkhead /proc/$!/comm
	assert_seen "process $! bulkhead-monito"
	kill $!
}

@test "a leased id range that is left is seen" {
	mkdir -p /run/bulkhead/ids
	echo "$engine/state/containers/$id" >/run/bulkhead/ids/test-$$
	assert_seen "id range /run/bulkhead/ids/test-$$"
	rm /run/bulkhead/ids/test-$$
}

@test "a half-made file that is left is seen" {
	touch "$engine/root/.tmp-0123"
	assert_seen "temporary $engine/root/.tmp-0123"
	rm "$engine/root/.tmp-0123"
}

@test "a change of the host is seen" {
	host_before=${host_before/core_pattern/core_patter}
	assert_seen "changed on the host"
	host_before=$(host_fingerprint)
}

@test "what is left for a moment only is forgiven" {
	touch "$engine/root/.tmp-0123"
	(command sleep 0.5 && rm "$engine/root/.tmp-0123") 3>&- &
	run assert_host_clean
	assert_success
}

@test "the busybox tree has a shell, users and groups" {
	make_busybox_tree "$BATS_TEST_TMPDIR/tree"
	run chroot "$BATS_TEST_TMPDIR/tree" /bin/sh -c 'id -un && id -u user && id -Gn user'
	assert_success
	assert_line --index 0 root
	assert_line --index 1 1000
	assert_line --index 2 "user adm"
}

@test "wait_for gives up and says what it waited for" {
	run wait_for 0 sh -c 'echo not now; exit 1'
	assert_failure
	assert_output --partial "never came true: sh -c"
	assert_output --partial "not now"
}

@test "a C program for a container is static" {
	echo 'int main(void) { return 7; }' >"$BATS_TEST_TMPDIR/seven.c"
	run compile "$BATS_TEST_TMPDIR/seven.c"
	assert_success
	run ldd "$output"
	assert_output --partial "not a dynamic executable"
	run -7 "$BATS_FILE_TMPDIR/seven"
}

# run: what its options do inside of the container, and what it leaves when nothing could be run.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

@test "few open files are the program's limit, not that of its container's making" {
	run bulkhead run --rm --ulimit nofile=4:8 busybox sh -c 'ulimit -Sn; ulimit -Hn'
	assert_success
	assert_output $'4\n8'
	bulkhead run -d --name few --ulimit nofile=4:8 busybox sleep 1000
	run bulkhead exec few sh -c 'ulimit -Sn; ulimit -Hn'
	assert_output $'4\n8'
}

@test "a user's own group is among the groups: what is denied to it stays denied" {
	run bulkhead run --rm busybox id -G
	assert_output 0
	run bulkhead run --rm -u user busybox id -G
	assert_output '1000 4'
	run bulkhead run --rm -u user:extra --group-add 77 busybox id -G
	assert_output '2000 77'
}

@test "what could not be started leaves no container, volume or id file" {
	for wrong in nosuch /etc /etc/passwd; do
		! bulkhead run --name wrong -v /anonymous --cidfile "$BATS_TEST_TMPDIR/id" busybox "$wrong"
		run bulkhead run -d --name wrong -u nobody-here busybox true
		assert_failure 125
	done
	run bulkhead ps -aq
	assert_output ''
	[[ ! -e "$BATS_TEST_TMPDIR/id" ]]
	run ls -A "$engine/root/containers" "$engine/root/volumes" "$engine/state/containers"
	refute_output --regexp '[0-9a-f]{64}'
}

@test "a capability that only the host's root can use is told to be useless" {
	run --separate-stderr bulkhead run --rm --cap-add SYS_TIME --cap-add NET_RAW busybox true
	assert_success
	[[ $stderr == 'WARNING: --cap-add SYS_TIME has no effect in a user namespace: use --userns=host' ]]
	run --separate-stderr bulkhead run --rm --cap-add SYS_TIME --userns host busybox true
	[[ -z $stderr ]]
}

@test "a helper program that is not there is an error before anything runs" {
	mkdir "$BATS_TEST_TMPDIR/alone"
	cp "$BULKHEAD_BUILD/src/bulkhead" "$BATS_TEST_TMPDIR/alone/"
	alone() { "$BATS_TEST_TMPDIR/alone/bulkhead" --root "$engine/root" --state "$engine/state" "$@" 3>&-; }
	run -125 alone run -v "$BATS_TEST_TMPDIR:/made" busybox touch /made/it
	assert_output --partial 'bulkhead-monitor: No such file'
	[[ ! -e $BATS_TEST_TMPDIR/it ]]
	run bulkhead ps -aq
	assert_output ''
}

@test "a device, and a directory of devices" {
	local dir
	run bulkhead run --rm --device /dev/zero:/dev/nought:r busybox sh -c 'head -c 3 /dev/nought | wc -c'
	assert_output 3
	dir=$(mktemp -d /dev/bulkhead-test.XXXXXX)
	mkdir "$dir/deep" "$dir/empty"
	mknod -m 666 "$dir/deep/one" c 1 5
	touch "$dir/file"
	run bulkhead run --rm --device "$dir:/dev/all" busybox sh -c 'cd /dev/all && find . -type c && head -c 3 deep/one | wc -c'
	local empty
	empty=$(bulkhead run --rm --device "$dir/empty" busybox true 2>&1) || true
	rm -r "$dir"
	assert_output $'./deep/one\n3'
	[[ $empty == *"\"$dir/empty\": not a device node" ]]
	run bulkhead run --rm --device /etc busybox true
	assert_failure 125
	assert_output --partial '"/etc": not a device node'
}

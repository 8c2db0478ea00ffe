# A device of the host that no container is given (/dev/loop0, as good as a disk: block device 7:0), made and opened in one.
# Five walls, each alone. That reading it gives nothing makes no difference.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
	head -c 1 /dev/loop0 # natively it can be opened
}

# In the directory $1: makes the node there, and reads from it.
attack() {
	local dir=$1
	shift
	run --separate-stderr bulkhead run --rm "$@" busybox sh -c \
		"mknod $dir/disk b 7 0 && head -c 1 $dir/disk >/dev/null && echo succeeded"
}

refused() {
	assert_failure
	[[ $stderr == *"$1"* ]]
	assert_output ""
}

walls=(--security-opt seccomp=unconfined --security-opt no-new-privileges=false)
not_made='mknod: /tmp/disk: Operation not permitted'

@test "a block device" {
	attack /tmp
	refused 'mknod: /tmp/disk: Permission denied'
	# the capability alone
	attack /tmp "${walls[@]}" --userns=host --security-opt landlock=unconfined --cap-add ALL --cap-drop MKNOD
	refused "$not_made"
	# the user namespace alone
	attack /tmp "${walls[@]}" --security-opt landlock=unconfined --cap-add ALL
	refused "$not_made"
	# the Landlock domain alone
	attack /tmp "${walls[@]}" --userns=host --cap-add MKNOD
	refused 'mknod: /tmp/disk: Permission denied'
	# the control group's list of devices alone: in /dev there are nodes
	attack /dev "${walls[@]}" --userns=host --security-opt landlock=unconfined --cap-add MKNOD
	refused "/dev/disk: Operation not permitted"
	# the root without nodes alone: --privileged has every device, but not everywhere
	attack /tmp --privileged
	refused "/tmp/disk: Permission denied"
	attack /dev --privileged
	assert_success
	assert_output succeeded
}

@test "a device node of an image is not there" {
	local tree=$BATS_TEST_TMPDIR/tree
	make_busybox_tree "$tree"
	mknod "$tree/disk" b 7 0
	tar -C "$tree" -cf "$BATS_TEST_TMPDIR/image.tar" .
	bulkhead import "$BATS_TEST_TMPDIR/image.tar" hostile
	# --privileged: every wall but that it is not made
	run bulkhead run --rm --privileged hostile head -c 1 /disk
	assert_failure
	assert_output --partial "/disk"
	run bulkhead run --rm --privileged hostile test -b /disk
	assert_failure
	# the same node, made natively from the same archive, gives the device
	mkdir "$BATS_TEST_TMPDIR/unpacked"
	tar -C "$BATS_TEST_TMPDIR/unpacked" -xf "$BATS_TEST_TMPDIR/image.tar" ./disk
	head -c 1 "$BATS_TEST_TMPDIR/unpacked/disk" >/dev/null
}

# Masked and read-only paths of /proc and /sys (P11). core_pattern is given what it
# has: that the write is possible is enough.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

attack() {
	run --separate-stderr bulkhead run --rm "$@"
}

# Every wall but masks and read-only paths down.
only_paths=(--userns=host --cap-add ALL --security-opt seccomp=unconfined --security-opt no-new-privileges=false
	--security-opt landlock=unconfined)

@test "masked files and directories" {
	local look='cat /proc/interrupts /proc/keys /proc/key-users /proc/timer_list; ls -A /sys/firmware'
	attack busybox sh -c "$look"
	assert_success
	assert_output ""
	attack "${only_paths[@]}" busybox sh -c "$look"
	assert_success
	assert_output ""
	attack "${only_paths[@]}" --security-opt systempaths=unconfined busybox sh -c "$look"
	assert_output --partial CPU0
	assert_output --partial 'Timer List Version'
}

# Writes to the file $1 what it has.
rewrite() {
	echo "v=\$(cat $1) && echo \"\$v\" >$1 && echo succeeded"
}

@test "core_pattern" {
	local write
	write=$(rewrite /proc/sys/kernel/core_pattern)
	attack busybox sh -c "$write"
	assert_failure
	[[ $stderr == *'Read-only file system'* ]]
	# the read-only mount alone
	attack "${only_paths[@]}" busybox sh -c "$write"
	assert_failure
	[[ $stderr == *'Read-only file system'* ]]
	# the user namespace alone
	attack --cap-add ALL --security-opt seccomp=unconfined --security-opt landlock=unconfined \
		--security-opt systempaths=unconfined busybox sh -c "$write"
	assert_failure
	[[ $stderr == *'Permission denied'* ]]
	attack "${only_paths[@]}" --security-opt systempaths=unconfined busybox sh -c "$write"
	assert_success
	assert_output succeeded
}

# A bind of the host's /sys brings what is mounted there: systemd mounts tracefs and others.
@test "other kernel file systems below the host's /sys are masked, too" {
	run --separate-stderr unshare -m bash -c '
		mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing || exit
		[[ -n $(ls /sys/kernel/tracing) ]] || exit
		"$@"' - "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" \
		run --rm --network=host busybox ls -A /sys/kernel/tracing
	assert_success
	assert_output ""
}

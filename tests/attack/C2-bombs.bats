# Bombs (C2): processes, memory, descriptors, output. Each is bounded itself, so that the machine also survives its
# success, which is shown with the limit off or above it.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

# Of the control group, as the container's root sees it.
limit() {
	run bulkhead run --rm busybox sh -c "cat /sys/fs/cgroup/$1 2>/dev/null || cat /sys/fs/cgroup/$2"
	assert_success
}

forks='i=0; while [ $i -lt 200 ]; do sleep 30 & i=$((i+1)); done; echo succeeded; kill -KILL -1'

@test "processes" {
	limit pids/pids.max pids.max
	((output <= 4096))
	run bulkhead run --rm --pids-limit 64 busybox sh -c "$forks"
	assert_failure
	assert_output --partial "can't fork"
	refute_output --partial succeeded
	run bulkhead run --rm busybox sh -c "$forks"
	assert_output --partial succeeded
}

# The ceiling leaves the host a reserve.
@test "memory" {
	local total
	total=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) * 1024))
	limit memory/memory.limit_in_bytes memory.max
	((output <= total - (128 << 20)))
	run -137 bulkhead run --name bomb -m 64m busybox sh -c 'head -c 200m /dev/zero | tail >/dev/null; exit $?'
	run bulkhead inspect --format '{{ .State.OOMKilled }}' bomb
	assert_output true
	run bulkhead run --rm busybox sh -c 'head -c 200m /dev/zero | tail >/dev/null && echo succeeded'
	assert_output succeeded
}

@test "descriptors" {
	local descriptors
	descriptors=$(compile "$BATS_TEST_DIRNAME/src/descriptors.c")
	run bulkhead run --rm -v "$descriptors:/descriptors:ro" busybox /descriptors 3000
	assert_failure 1
	assert_output '1024: EMFILE'
	run bulkhead run --rm -v "$descriptors:/descriptors:ro" --ulimit nofile=4096:4096 busybox /descriptors 3000
	assert_success
	assert_output '3000: succeeded'
}

log_mib() {
	du -cm --apparent-size "$engine/root"/containers/*/*log* | awk 'END { print $1 }'
}

# 1 GB printed: rotation keeps the log small, and who prints is not held up.
@test "output" {
	local flood='yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | tr "\n" a'
	bulkhead run -d --name flood busybox sh -c "$flood | head -c 1000000000"
	wait_for 200 container_is flood exited
	run bulkhead inspect --format '{{ .State.ExitCode }}' flood
	assert_output 0
	(($(log_mib) <= 64))
	bulkhead rm flood
	# with room for all of it, all of it is kept
	bulkhead run -d --name flood --log-opt max-size=1g busybox sh -c "$flood | head -c 100000000"
	wait_for 60 container_is flood exited
	(($(log_mib) >= 95))
}

# kinds: plain v1 systemd
# The memory of all containers together (C2), on a machine that nobody else uses: a bomb without a limit of its own ends at
# the engine's, and the host keeps its reserve.
load ../lib/helpers
load lib/guest
# shellcheck source=tests/lib/groups.bash
source "$tests_lib/groups.bash"

# A container that takes $1 MiB.
attack() {
	run bulkhead run --name bomb -v /bulkhead/compiled/memory:/memory:ro "${@:2}" busybox /memory "$1"
}

was_killed() {
	assert_failure 137
	run bulkhead inspect --format '{{ .State.OOMKilled }}' bomb
	assert_output true
	bulkhead rm bomb
	container_is neighbour running
	run bulkhead exec neighbour echo alive
	assert_output alive
}

@test "memory: what is beyond the engine's limit is the host's" {
	local limit total
	bulkhead run -d --name neighbour busybox sleep 600
	total=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) * 1024))
	limit=$(group_read '' memory memory.limit_in_bytes memory.max)
	((limit > 0 && limit <= total - (256 << 20)))
	attack 10000
	was_killed
	# it did get there
	(($(group_read '' memory memory.max_usage_in_bytes memory.peak) >= limit - (4 << 20)))
	# the limit alone, and a little beyond it
	attack $(((limit >> 20) + 16)) --userns=host --cap-add ALL --security-opt seccomp=unconfined \
		--security-opt landlock=unconfined --security-opt no-new-privileges=false --security-opt systempaths=unconfined
	was_killed
	# without it that much is there to be had
	group_write '' memory $((total)) memory.limit_in_bytes memory.max
	attack $(((limit >> 20) + 16))
	group_write '' memory "$limit" memory.limit_in_bytes memory.max
	assert_success
	assert_output --partial succeeded
}

@test "a parent's own limit cannot lift the engine's" {
	local limit
	bulkhead run -d --name neighbour --cgroup-parent test-parent busybox sleep 600
	limit=$(group_read '' memory memory.limit_in_bytes memory.max)
	group_write test-parent memory $((1 << 40)) memory.limit_in_bytes memory.max
	attack $(((limit >> 20) + 16)) --cgroup-parent test-parent
	was_killed
	bulkhead rm -f neighbour
	group_remove test-parent
}

@test "a fork bomb leaves its neighbours alone" {
	bulkhead run -d --name bomb --pids-limit 64 -v /bulkhead/compiled/forks:/forks:ro busybox /forks bomb
	is_full() { [ "$(limit_of bomb pids pids.current pids.current)" = 64 ]; }
	wait_for 60 is_full
	run bulkhead run --rm busybox echo alive
	assert_success
	assert_output alive
	bulkhead rm -f bomb
}

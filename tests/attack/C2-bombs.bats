# Bombs (C2): processes, memory, descriptors; the flood of output is C2-log-flood.bats. Engine and containers are inside an
# outer control group: with the limit under test off a bomb takes all of that, and nothing of the machine.
load ../lib/helpers
source "$tests_lib/groups.bash"

setup() {
	outer=test-$BASHPID-$BATS_TEST_NUMBER
	contained=(--cgroup-parent "$outer/containers")
	engine_setup
	busybox_image
	bulkhead run --rm busybox true # makes the engine's group
	group_make "$outer" $((256 << 20)) 600
}

teardown() {
	engine_teardown
	group_remove "$outer"
}

# The engine, started in the outer group.
inside() {
	(
		group_enter "$outer/engine"
		exec "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" "$@" 3>&-
	)
}

# Runs the attack $1, a program of src, with the arguments $2 in a container with the options that follow.
attack() {
	local program
	program=$(compile "$BATS_TEST_DIRNAME/src/$1.c")
	# shellcheck disable=SC2206 # words
	local words=("/$1" $2) mount=$program:/$1:ro
	shift 2
	run --separate-stderr inside run --rm "${contained[@]}" -v "$mount" "$@" busybox "${words[@]}"
}

# Every wall down but limits.
only_limits=(--userns=host --cap-add ALL --security-opt seccomp=unconfined --security-opt landlock=unconfined
	--security-opt no-new-privileges=false --security-opt systempaths=unconfined)

# Whether the engine inside can still run a container.
neighbour() {
	run --separate-stderr inside run --rm "${contained[@]}" busybox echo alive
}

# --- processes --------------------------------------------------------------------------------------------------------

@test "processes: by default no more than 4096" {
	group_write "$outer" memory $((1 << 30)) memory.limit_in_bytes memory.max
	group_write "$outer" pids 6000 pids.max pids.max
	attack forks 5000
	assert_failure 1
	assert_output '4095: EAGAIN'
	attack forks 5000 "${only_limits[@]}"
	assert_failure 1
	assert_output '4095: EAGAIN'
	attack forks 5000 "${only_limits[@]}" --pids-limit -1
	assert_success
	assert_output '5000: succeeded'
}

# The group $1 has at least $2 processes.
has_processes() {
	(($(group_read "$1" pids pids.current pids.current) >= $2))
}

is_empty() {
	[[ $(group_read "$outer" pids pids.current pids.current) == 0 ]]
}

# From inside, or by $from from outside, as a bomb without a limit does not let its own command end.
start_fork_bomb() {
	local program
	program=$(compile "$BATS_TEST_DIRNAME/src/forks.c")
	"${from:-inside}" run -d --name bomb "${contained[@]}" -v "$program:/forks:ro" "$@" busybox /forks bomb
}

@test "a fork bomb leaves its neighbours alone" {
	start_fork_bomb --pids-limit 64
	wait_for 20 has_processes "$outer/containers/$(bulkhead inspect --format '{{ .Id }}' bomb)" 64
	neighbour
	assert_success
	assert_output alive
	bulkhead rm -f bomb
	# the limit alone
	start_fork_bomb --pids-limit 64 "${only_limits[@]}"
	wait_for 20 has_processes "$outer/containers/$(bulkhead inspect --format '{{ .Id }}' bomb)" 64
	neighbour
	assert_success
	assert_output alive
	bulkhead rm -f bomb
	# without it the bomb has everything that there is, and the engine inside cannot start a process
	from=bulkhead start_fork_bomb --pids-limit -1 "${only_limits[@]}"
	wait_for 60 has_processes "$outer" 590
	ASAN_OPTIONS=detect_leaks=0 neighbour # the search for leaks wants a process, too
	assert_failure
	refute_output alive
	# and it is ended from outside, whole
	run timeout 60 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" rm -f bomb 3>&-
	assert_success
	wait_for 20 is_empty
}

# --- memory -----------------------------------------------------------------------------------------------------------

# That it is in force for a container without a limit of its own, up to the last byte: tests/vm/bombs.bats.
@test "memory: the engine's group leaves the host a reserve" {
	local total limit
	total=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) * 1024))
	limit=$(group_read '' memory memory.limit_in_bytes memory.max)
	((limit > 0 && limit <= total - (128 << 20)))
}

bomb_was_killed() {
	assert_failure 137
	refute_output --partial succeeded
}

@test "a memory bomb is ended at its limit" {
	local program options
	program=$(compile "$BATS_TEST_DIRNAME/src/memory.c")
	for options in "" "${only_limits[*]}"; do
		# shellcheck disable=SC2086 # words
		attack memory 10000 -m 64m $options
		bomb_was_killed
		(($(group_read "$outer" memory memory.max_usage_in_bytes memory.peak) < 150 << 20))
	done
	run inside run --name bomb "${contained[@]}" -m 64m -v "$program:/memory:ro" busybox /memory 10000
	run bulkhead inspect --format '{{ .State.OOMKilled }}' bomb
	assert_output true
	# without a limit of its own it takes what it wants, or, if that is without end, all there is
	attack memory 120 "${only_limits[@]}"
	assert_success
	assert_output '120: succeeded'
	attack memory 10000 "${only_limits[@]}"
	bomb_was_killed
	(($(group_read "$outer" memory memory.max_usage_in_bytes memory.peak) >= 250 << 20))
}

# --- descriptors ------------------------------------------------------------------------------------------------------

@test "descriptors of one process" {
	attack descriptors 3000
	assert_failure 1
	assert_output '1024: EMFILE'
	attack descriptors 3000 "${only_limits[@]}"
	assert_failure 1
	assert_output '1024: EMFILE'
	attack descriptors 3000 "${only_limits[@]}" --ulimit nofile=4096:4096
	assert_success
	assert_output '3000: succeeded'
}

# A process may raise its own limit, and there are others: what they have together is memory, and limited as such.
@test "descriptors of many processes" {
	local options
	for options in "" "${only_limits[*]}"; do
		# shellcheck disable=SC2086 # words
		attack descriptors "12000 20" -m 32m $options
		assert_failure
		refute_output --partial succeeded
	done
	attack descriptors "12000 20" "${only_limits[@]}"
	assert_success
	assert_output '240000: succeeded'
}

# A flood of output (C2): 1 GB printed neither fills the host nor stalls it. Rotation bounds the log at every moment, and
# the engine, its other containers, and the end of the one that floods wait neither for the log nor for who does not read.
load ../lib/helpers
source "$tests_lib/groups.bash"

setup() {
	outer=test-$BASHPID-$BATS_TEST_NUMBER
	contained=(--cgroup-parent "$outer/containers")
	engine_setup
	busybox_image
	bulkhead run --rm busybox true # makes the engine's group
	group_make "$outer" $((1 << 30)) 600
	client=
}

teardown() {
	[[ -z $client ]] || kill -KILL "$client" 2>/dev/null || true
	engine_teardown
	group_remove "$outer"
}

# The engine, with its monitors, started in the outer group.
inside() {
	(
		group_enter "$outer/engine"
		exec "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" "$@" 3>&-
	)
}

flood="yes $(printf 'a%.0s' {1..100})"
long_line="$flood | tr '\n' a"

# The lines may have been rotated away between find and stat.
log_bytes() {
	find "$engine/root/containers" -name '*log*' -type f -printf '%s\n' 2>/dev/null |
		awk '{ n += $1 } END { print n + 0 }'
}

# The three files of the default, 10 MB each, and what was just read.
log_is_small() {
	(($(log_bytes) <= 3 * (10 << 20) + (1 << 20)))
}

# Everybody else is served, in a time that has nothing to do with the flood's.
others_are_served() {
	run timeout 20 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" run --rm \
		"${contained[@]}" busybox echo alive 3>&-
	assert_success
	assert_output alive
	run timeout 10 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" ps --format '{{ .Names }}' 3>&-
	assert_success
	assert_output flood
	run timeout 10 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" exec flood true 3>&-
	assert_success
}

stops_at_once() {
	run timeout 8 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" stop -t 1 flood 3>&-
	assert_success
	container_is flood exited
}

# Prints 1 GB by $1, keeping an eye on the log and, every now and then, on the others.
one_gigabyte_of() {
	local looks=0 served=0
	inside run -d --name flood "${contained[@]}" busybox sh -c "sleep 1; $1 | head -c 1000000000; sleep 2"
	until ((SECONDS > 250)) || container_is flood exited; do
		log_is_small || fail "a log of $(log_bytes) bytes"
		if ((++looks % 10 == 1)) && bulkhead exec flood pidof head >/dev/null; then
			others_are_served
			served=$((served + 1))
		fi
		sleep 0.02
	done
	((served > 0 && looks > 10))
	log_is_small
	(($(log_bytes) > 10 << 20)) # it did come by
	run bulkhead inspect --format '{{ .State.ExitCode }}' flood
	assert_output 0
}

@test "1 GB in lines" { one_gigabyte_of "$flood"; }
@test "1 GB in one line" { one_gigabyte_of "$long_line"; }

@test "without rotation all of it is kept" {
	inside run -d --name flood "${contained[@]}" --log-opt max-size=1g busybox sh -c "$long_line | head -c 100000000"
	wait_for 60 container_is flood exited
	(($(log_bytes) >= 95 << 20))
}

@test "ending what floods without end" {
	inside run -d --name flood "${contained[@]}" busybox sh -c "$flood"
	wait_for 20 eval '(($(log_bytes) > 10 << 20))'
	others_are_served
	run timeout 20 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" logs --tail 1 flood 3>&-
	assert_success
	assert_output --regexp '^a+$'
	stops_at_once
	log_is_small
}

# A client that does not read its end of a pipe, which is kept open.
deaf_client() {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 8<>"$BATS_TEST_TMPDIR/pipe"
	(
		group_enter "$outer/engine"
		exec "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" "$@" >&8 2>&1 </dev/null 3>&- 8>&-
	) &
	client=$!
}

log_stands_still() {
	local before
	before=$(log_bytes)
	sleep 0.5
	(($(log_bytes) == before && before > 0))
}

# Who started it and stays attached is waited for, as in a shell's pipe: by his own container and nobody else.
@test "a client of run that does not read" {
	deaf_client run --name flood "${contained[@]}" busybox sh -c "$flood"
	wait_for 20 log_stands_still
	container_is flood running
	others_are_served
	log_is_small
	stops_at_once
}

@test "a client of run that did not read and has gone" {
	deaf_client run --name flood "${contained[@]}" busybox sh -c "$flood | head -c 50000000"
	wait_for 20 log_stands_still
	container_is flood running
	kill -KILL "$client"
	wait_for 60 container_is flood exited
	run bulkhead inspect --format '{{ .State.ExitCode }}' flood
	assert_output 0
	log_is_small
}

@test "a client of attach that does not read" {
	inside run -d --name flood "${contained[@]}" busybox sh -c "sleep 2; $flood | head -c 200000000"
	deaf_client attach flood
	wait_for 100 container_is flood exited
	run bulkhead inspect --format '{{ .State.ExitCode }}' flood
	assert_output 0
	kill -0 "$client" # which was there all the time
	log_is_small
	run bulkhead logs --tail 1 flood
	assert_output --regexp '^a+$'
}

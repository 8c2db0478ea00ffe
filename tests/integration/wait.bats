# wait: the exit code, of what runs, has run, or is gone by then.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

@test "of a container that runs" {
	bulkhead run -d --name web busybox sh -c 'sleep 0.3; exit 9' >/dev/null
	run bulkhead wait web
	assert_success
	assert_output 9
}

@test "of a container that has ended, and of one that never ran" {
	run bulkhead run --name web busybox sh -c 'exit 4'
	run bulkhead wait web
	assert_output 4
	bulkhead create --name idle busybox true >/dev/null
	run bulkhead wait idle
	assert_output 0
}

@test "of a container that its end removes, by several at once" {
	bulkhead run -d --rm --name web busybox sh -c 'sleep 0.5; exit 6' >/dev/null
	local i
	for i in 1 2 3; do
		bulkhead wait web >"$BATS_TEST_TMPDIR/code$i" &
	done
	wait
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/code?)" $'6\n6\n6'
	run bulkhead ps -aq
	assert_output ""
}

# Its own client is waited for, and has the rest of the output when it reads on; nobody else waits for that.
@test "and stop, of a container whose client does not read" {
	local client
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	exec 8<>"$BATS_TEST_TMPDIR/pipe"
	bulkhead run --name web busybox sh -c 'trap "exit 5" TERM; yes | head -c 500000 & while :; do sleep 0.1; done' \
		>&8 8>&- &
	client=$!
	wait_for 10 container_is web running
	sleep 0.5
	bulkhead wait web >"$BATS_TEST_TMPDIR/code" 8>&- &
	run timeout 5 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" stop web 3>&- 8>&-
	assert_success
	wait_for 5 test -s "$BATS_TEST_TMPDIR/code"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/code")" 5
	container_is web exited
	kill -0 "$client"
	cat "$BATS_TEST_TMPDIR/pipe" >"$BATS_TEST_TMPDIR/output" 8>&- &
	wait "$client" || assert_equal $? 5
	exec 8>&-
	wait
	(($(stat -c %s "$BATS_TEST_TMPDIR/output") > 65536)) # more than the pipe had
}

@test "of nothing" {
	run bulkhead wait nobody
	assert_failure
	assert_output --partial "no such container: nobody"
}

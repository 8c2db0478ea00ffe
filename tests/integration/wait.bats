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

@test "of nothing" {
	run bulkhead wait nobody
	assert_failure
	assert_output --partial "no such container: nobody"
}

# kill: one signal to the first process.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

@test "SIGKILL by default" {
	bulkhead run -d --name web busybox sleep 1000 >/dev/null
	run bulkhead kill web
	assert_success
	assert_output web
	wait_for 5 container_is web exited
	assert_equal "$(bulkhead inspect --format '{{ .State.ExitCode }}' web)" 137
}

@test "a signal by any of its names" {
	local name
	for name in USR1 SIGUSR1 10; do
		bulkhead run -d --name "web$name" busybox sh -c \
			'trap "exit 5" USR1; echo ready; while :; do sleep 0.05; done' >/dev/null
		wait_for 5 eval "bulkhead logs web$name | grep -q ready"
		bulkhead kill -s "$name" "web$name"
		wait_for 5 container_is "web$name" exited
		assert_equal "$(bulkhead inspect --format '{{ .State.ExitCode }}' "web$name")" 5
	done
}

@test "what does not run cannot be killed" {
	local id
	id=$(bulkhead create --name web busybox true)
	run bulkhead kill web
	assert_failure
	assert_output --partial "container $id is not running"
	run bulkhead kill -s NONSENSE web
	assert_failure
	assert_output --partial NONSENSE
}

# stop: the container's signal, its time, then SIGKILL.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

# A container that prints the signals it gets and exits 7 on SIGQUIT.
listener() {
	bulkhead run -d --name web "$@" busybox sh -c \
		'trap "echo term" TERM; trap "echo quit; exit 7" QUIT; echo ready; while :; do sleep 0.05; done' >/dev/null
	wait_for 5 has_logged ready
}

has_logged() {
	bulkhead logs web | grep -qx "$1"
}

@test "SIGTERM, then SIGKILL when the time is over" {
	listener
	run bulkhead stop -t 1 web
	assert_success
	assert_output web
	has_logged term
	assert_equal "$(bulkhead inspect --format '{{ .State.ExitCode }}' web)" 137
}

@test "the container's own stop signal" {
	listener --stop-signal SIGQUIT
	bulkhead stop web
	has_logged quit
	assert_equal "$(bulkhead inspect --format '{{ .State.ExitCode }}' web)" 7
}

@test "a signal given, and the container's own time" {
	listener --stop-timeout 1
	bulkhead stop -s QUIT web
	assert_equal "$(bulkhead inspect --format '{{ .State.ExitCode }}' web)" 7
}

@test "no time limit: nothing is killed" {
	listener --stop-timeout 1
	bulkhead stop -t -1 web 3>&- &
	wait_for 10 has_logged term
	sleep 1.5
	container_is web running
	bulkhead kill -s QUIT web
	wait $!
	assert_equal "$(bulkhead inspect --format '{{ .State.ExitCode }}' web)" 7
}

@test "what does not run is stopped already" {
	bulkhead create --name web busybox true >/dev/null
	run bulkhead stop web
	assert_success
	run bulkhead stop nobody
	assert_failure
	assert_output --partial "no such container: nobody"
}

@test "--rm is gone when stop returns" {
	bulkhead run -d --rm --name web -v /data busybox sleep 1000 >/dev/null
	bulkhead stop -t 0 web
	run bulkhead ps -aq
	assert_output ""
	assert_equal "$(find "$engine/root/volumes" -mindepth 1 -maxdepth 1 | wc -l)" 0
}

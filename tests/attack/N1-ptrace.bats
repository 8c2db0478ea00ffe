# Tracing a process of the host: each of three walls refuses it alone.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
	program=$(compile "$BATS_TEST_DIRNAME/src/ptrace.c")
	sleep 1000 3>&- &
	victim=$!
}

teardown() {
	kill "$victim"
	engine_teardown
}

attack() {
	run --separate-stderr bulkhead run --rm -v "$program:/ptrace:ro" "$@" busybox /ptrace "$victim"
}

refused() {
	assert_failure 1
	assert_output "ptrace: $1"
}

may=(--cap-add SYS_PTRACE --security-opt no-new-privileges=false --security-opt seccomp=unconfined)

@test "ptrace of a process of the host" {
	attack
	refused 'No such process'
	# the pid namespace alone: it has no such number
	attack "${may[@]}" --userns=host --security-opt landlock=unconfined
	refused 'No such process'
	# the user namespace alone
	attack "${may[@]}" --pid=host --security-opt landlock=unconfined
	refused 'Operation not permitted'
	# the Landlock domain alone
	attack "${may[@]}" --pid=host --userns=host
	refused 'Operation not permitted'
	attack "${may[@]}" --pid=host --userns=host --security-opt landlock=unconfined
	assert_success
	assert_output "ptrace: succeeded"
	kill -0 "$victim"
}

# Tracing a process of the host or of a sibling: each of three walls refuses it alone.
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

# Traces the process $target.
attack() {
	run --separate-stderr bulkhead run --rm -v "$program:/ptrace:ro" "$@" busybox /ptrace "$target"
}

refused() {
	assert_failure 1
	assert_output "ptrace: $1"
}

may=(--cap-add SYS_PTRACE --security-opt no-new-privileges=false --security-opt seccomp=unconfined)

tracing_is_kept_from() {
	target=$1
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
	kill -0 "$target"
}

@test "ptrace of a process of the host" { tracing_is_kept_from "$victim"; }

@test "ptrace of a process of a sibling" {
	bulkhead run -d --name sibling busybox sleep 1000
	tracing_is_kept_from "$(container_pid sibling)"
	container_is sibling running
}

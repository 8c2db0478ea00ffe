# Processes of the host and of a sibling: seeing, signalling and reading them (N1). Tracing is N1-ptrace.bats.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
	setsid env SECRET=of-the-host sleep 1000 3>&- &
	victim=$!
	wait_for 5 grep -qa SECRET "/proc/$victim/environ"
}

teardown() {
	kill -KILL "$victim" || true # a test has
	engine_teardown
}

attack() {
	run bulkhead run --rm "$@"
}

is_alive() {
	[[ $(ps -o stat= -p "$1") =~ ^[^Z] ]]
}

may=(--security-opt seccomp=unconfined --security-opt no-new-privileges=false)
no_landlock=(--security-opt landlock=unconfined)

# Walls against signals: the pid namespace, the user namespace, Landlock's scope (where the kernel has it: ABI 6).
signals_are_kept_from() {
	local target=$1
	attack busybox kill -KILL "$target"
	assert_failure
	attack "${may[@]}" "${no_landlock[@]}" --userns=host --cap-add ALL busybox kill -KILL "$target"
	assert_failure
	assert_output --partial 'No such process'
	attack "${may[@]}" "${no_landlock[@]}" --pid=host --cap-add ALL busybox kill -KILL "$target"
	assert_failure
	assert_output --partial 'Operation not permitted'
	attack "${may[@]}" --pid=host --userns=host busybox kill -KILL "$target"
	assert_failure
	assert_output --partial 'Operation not permitted'
	is_alive "$target"
	attack "${may[@]}" "${no_landlock[@]}" --pid=host --userns=host busybox kill -KILL "$target"
	assert_success
	wait_for 5 eval "! is_alive $target"
}

@test "killing a process of the host" { signals_are_kept_from "$victim"; }

@test "killing a sibling" {
	bulkhead run -d --name sibling busybox sleep 1000
	signals_are_kept_from "$(container_pid sibling)"
	wait_for 5 container_is sibling exited
}

@test "seeing a process of the host" {
	attack busybox ps -o pid,args
	assert_success
	refute_output --partial 'sleep 1000'
	attack "${may[@]}" "${no_landlock[@]}" --userns=host --cap-add ALL busybox ps -o pid,args
	refute_output --partial 'sleep 1000'
	attack --pid=host busybox ps -o pid,args
	assert_output --partial 'sleep 1000'
}

# $1: its pid, $2: what is read of it, $3: what is found there. Walls: the pid namespace, the user namespace, Landlock.
reading_is_kept_from() {
	local file=/proc/$1/$2
	attack busybox cat "$file"
	assert_failure
	attack "${may[@]}" "${no_landlock[@]}" --userns=host --cap-add ALL busybox cat "$file"
	assert_failure
	assert_output --partial 'No such file or directory'
	attack "${may[@]}" "${no_landlock[@]}" --pid=host --cap-add ALL busybox cat "$file"
	assert_failure
	assert_output --partial 'Permission denied'
	attack "${may[@]}" --pid=host --userns=host --cap-add SYS_PTRACE busybox cat "$file"
	assert_failure
	assert_output --partial 'Permission denied'
	attack "${may[@]}" "${no_landlock[@]}" --pid=host --userns=host --cap-add SYS_PTRACE busybox cat "$file"
	assert_success
	assert_output --partial "$3"
}

@test "reading the environment of a process of the host" { reading_is_kept_from "$victim" environ SECRET=of-the-host; }

@test "the host's files through /proc/PID/root" {
	echo of-the-host >"$BATS_TEST_TMPDIR/secret"
	reading_is_kept_from "$victim" "root$BATS_TEST_TMPDIR/secret" of-the-host
}

@test "a sibling's files through /proc/PID/root" {
	bulkhead run -d --name sibling busybox sh -c 'umask 077; echo of-the-sibling >/secret; exec sleep 1000'
	wait_for 5 bulkhead exec sibling cat /secret
	reading_is_kept_from "$(container_pid sibling)" root/secret of-the-sibling
}

@test "entering the host's mount namespace" {
	echo of-the-host >"$BATS_TEST_TMPDIR/secret"
	local enter=(busybox nsenter -t "$victim" -m cat "$BATS_TEST_TMPDIR/secret")
	attack "${enter[@]}"
	assert_failure
	# the pid namespace alone
	attack "${may[@]}" "${no_landlock[@]}" --userns=host --cap-add ALL "${enter[@]}"
	assert_failure
	assert_output --partial "/proc/$victim/ns/mnt"
	# the user namespace alone
	attack "${may[@]}" "${no_landlock[@]}" --pid=host --cap-add ALL "${enter[@]}"
	assert_failure
	# the capability alone
	attack "${may[@]}" "${no_landlock[@]}" --pid=host --userns=host --cap-add ALL --cap-drop SYS_ADMIN "${enter[@]}"
	assert_failure
	assert_output --partial 'Operation not permitted'
	attack "${may[@]}" "${no_landlock[@]}" --pid=host --userns=host --cap-add ALL "${enter[@]}"
	assert_success
	assert_output of-the-host
}

# bulkhead-oci killed with SIGKILL at its system calls, one after the other: the next commands work, and nothing is left. strace
# (1) kills it: which call and which of its kind comes from a run that is not disturbed.
load ../lib/helpers
load ../lib/bundle

setup() {
	bundle_setup
	bundle_args sleep 1000
}
teardown() { bundle_teardown; }

# Calls that only look change nothing: dying there is dying at the next.
looking=' brk close epoll_wait fcntl fstat futex getdents64 getpid geteuid getrandom ioctl lseek mmap mprotect munmap newfstatat
	poll pread64 prctl prlimit64 read readlink readlinkat rt_sigaction rt_sigprocmask set_robust_list set_tid_address rseq
	arch_prctl access faccessat faccessat2 fstatfs statfs statx uname wait4 waitid clock_gettime '

# LeakSanitizer cannot work in who is traced.
trace() {
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 timeout 30 strace -qq "$@" 3>&-
}

# One point of three, and sanitized programs, which are slow, one of six; `./dev test all` has all of them.
stride=${KILL_STRIDE:-3}
[[ $BULKHEAD_BUILD != *asan* ]] || stride=6

# points COMMAND...: "CALL N" of every call of the command that changes something, after it began to.
points() {
	local oci=("$BULKHEAD_BUILD/src/bulkhead-oci" --root "$engine/oci")
	trace -o "$engine/trace" "${oci[@]}" "$@" </dev/null >/dev/null 2>&1
	grep -oE '^[a-z0-9_]+\(' "$engine/trace" | tr -d '(' | awk -v looking="$looking" '
		{ n[$1]++ } !index(looking, " " $1 " ") && $1 != "execve" && $1 != "exit_group" { print $1, n[$1] }' | awk "NR % $stride == 0"
}

# killed_at CALL N COMMAND...: the command dies there.
killed_at() {
	local call=$1 n=$2
	shift 2
	{
		trace -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" "$BULKHEAD_BUILD/src/bulkhead-oci" \
			--root "$engine/oci" "$@" </dev/null >/dev/null 2>&1
	} 2>/dev/null || true # where the shell says that it was killed
}

groups_left() {
	find /sys/fs/cgroup -type d -path "*/$groups/one*" 2>/dev/null || true # others' groups come and go
}

processes_left() {
	pgrep -f "bulkhead-oci --root $engine/oci" | grep -vx "$$"
}

assert_nothing_left() {
	local left
	left=$(groups_left)
	[[ -z $left ]] || fail "killed at $1: $left"
	wait_for 5 eval '! processes_left' || fail "killed at $1: it runs"
	left=$(find "$engine/oci" -mindepth 1 -maxdepth 1 ! -name .seccomp)
	[[ -z $left ]] || fail "killed at $1: $left"
}

@test "create" {
	local call n made=0
	mapfile -t list < <(points create -b "$bundle" one)
	oci delete -f one
	((${#list[@]} > 50 / stride))
	for point in "${list[@]}"; do
		read -r call n <<<"$point"
		killed_at "$call" "$n" create -b "$bundle" one
		if oci state one >/dev/null 2>&1; then
			made=$((made + 1))
		fi
		oci list >/dev/null || fail "killed at $point: list"
		oci delete -f one || fail "killed at $point: delete"
		assert_nothing_left "$point"
	done
	((made > 20 / stride))
}

@test "create, and the next create takes over what is left, but not what is complete" {
	local call n
	mapfile -t list < <(points create -b "$bundle" one)
	oci delete -f one
	for ((i = 0; i < ${#list[@]}; i += 7)); do
		read -r call n <<<"${list[i]}"
		killed_at "$call" "$n" create -b "$bundle" one
		if ! oci create -b "$bundle" one </dev/null >/dev/null 2>"$engine/error"; then
			grep -q "already exists" "$engine/error" || fail "killed at ${list[i]}: $(cat "$engine/error")"
		fi
		oci_status one >/dev/null
		oci delete -f one
		assert_nothing_left "${list[i]}"
	done
}

@test "start: it runs, or can still be started" {
	local call n
	oci create -b "$bundle" one </dev/null >/dev/null 2>&1
	mapfile -t list < <(points start one)
	oci delete -f one
	for point in "${list[@]}"; do
		read -r call n <<<"$point"
		oci create -b "$bundle" one </dev/null >/dev/null 2>&1
		killed_at "$call" "$n" start one
		case $(oci_status one) in
		created) oci start one || fail "killed at $point: start" ;;
		running) ;;
		*) fail "killed at $point: $(oci state one)" ;;
		esac
		wait_for 5 eval '[[ $(oci exec one cat /proc/1/comm) == sleep ]]' || fail "killed at $point: it does not run"
		oci delete -f one
		assert_nothing_left "$point"
	done
}

@test "exec: the container does not notice" {
	local call n
	oci_start one
	mapfile -t list < <(points exec one true)
	((${#list[@]} > 10 / stride))
	for point in "${list[@]}"; do
		read -r call n <<<"$point"
		killed_at "$call" "$n" exec one true
		oci_status_is one running || fail "killed at $point"
	done
	oci exec one true
	wait_for 5 eval '[[ $(oci ps -f json one) =~ ^\[[0-9]+\]$ ]]'
	oci delete -f one
	assert_nothing_left exec
}

@test "delete: the next one ends it" {
	local call n
	oci_start one
	mapfile -t list < <(points delete -f one)
	for point in "${list[@]}"; do
		read -r call n <<<"$point"
		oci_start one
		killed_at "$call" "$n" delete -f one
		oci state one >/dev/null 2>&1 || oci delete -f one
		oci delete -f one || fail "killed at $point"
		assert_nothing_left "$point"
	done
}

@test "the process that is being made: create says so, and leaves nothing" {
	local call
	for call in setsid pivot_root move_mount sethostname capset umount2; do
		run trace -f -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL" \
			"$BULKHEAD_BUILD/src/bulkhead-oci" --root "$engine/oci" create -b "$bundle" one </dev/null
		assert_failure 1
		assert_output --partial "killed"
		assert_nothing_left "$call"
	done
}

# --security-opt seccomp=: profiles in docker's format, and the filters kept from one start to the next.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
	profile=$BATS_TEST_TMPDIR/profile.json
}

# Runs a command in a container under the profile on standard input.
with_profile() {
	cat >"$profile"
	run bulkhead run --rm --security-opt "seccomp=$profile" busybox "$@"
}

@test "a container has a filter and no_new_privs, an unconfined one no filter" {
	run bulkhead run --rm busybox grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status
	assert_success
	assert_output $'NoNewPrivs:\t1\nSeccomp:\t2'
	run bulkhead run --rm --security-opt seccomp=unconfined busybox grep -E '^Seccomp:' /proc/self/status
	assert_success
	assert_output $'Seccomp:\t0'
}

@test "errno" {
	with_profile mkdir /tmp/x <<-'JSON'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		  {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
	JSON
	assert_failure 1
	assert_output "mkdir: can't create directory '/tmp/x': No space left on device"
}

@test "the older form, one name a rule, and a rule that looks at an argument" {
	with_profile sh -c 'chmod 4755 /tmp 2>/dev/null; echo $?; chmod 755 /tmp; echo $?' <<-'JSON'
		{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"], "syscalls": [
		  {"name": "chmod", "action": "SCMP_ACT_ERRNO", "args": [
		    {"index": 1, "value": 2048, "valueTwo": 2048, "op": "SCMP_CMP_MASKED_EQ"}]},
		  {"name": "fchmodat", "action": "SCMP_ACT_ERRNO", "args": [
		    {"index": 2, "value": 2048, "valueTwo": 2048, "op": "SCMP_CMP_MASKED_EQ"}]}]}
	JSON
	assert_success
	assert_output $'1\n0'
}

@test "kill and trap end the program with SIGSYS, log lets it go on" {
	local action want
	for action in KILL KILL_PROCESS KILL_THREAD TRAP LOG; do
		want=159
		[[ $action != LOG ]] || want=0
		with_profile mkdir /tmp/x <<-JSON
			{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
			  {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_$action"}]}
		JSON
		assert_equal "$action: $status" "$action: $want"
	done
}

@test "a rule for who has a capability" {
	cat >"$profile" <<-'JSON'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		  {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_NET_RAW"]}}]}
	JSON
	run bulkhead run --rm --security-opt "seccomp=$profile" busybox mkdir /tmp/x
	assert_failure
	run bulkhead run --rm --security-opt "seccomp=$profile" --cap-add NET_RAW busybox mkdir /tmp/x
	assert_success
}

@test "the default profile from its file is the default" {
	local file=$tests_lib/../../data/seccomp/default.json
	run bulkhead run --rm --security-opt "seccomp=$file" busybox unshare -U true
	assert_failure
	assert_output --partial "Operation not permitted"
	run bulkhead run --rm --security-opt "seccomp=$file" busybox true
	assert_success
}

# Nothing may be left of a container that could not be made.
refused() {
	assert_failure 125
	assert_output --partial "$1"
	run bulkhead ps -aq
	assert_output ""
}

@test "a profile with a mistake is refused by its place" {
	with_profile true <<-'JSON'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		  {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"},
		  {"names": ["read"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_FOO"}]}]}
	JSON
	refused 'syscalls[1].args[0].op: "SCMP_CMP_FOO" is not a comparison'
}

@test "what is no JSON, and no file" {
	with_profile true <<<'{"defaultAction": '
	refused "line "
	run bulkhead run --rm --security-opt "seccomp=$profile-missing" busybox true
	refused "$profile-missing: No such file or directory"
}

@test "notifications are refused: nobody listens" {
	with_profile true <<-'JSON'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}
	JSON
	refused "SCMP_ACT_NOTIFY needs a listener"
}

@test "numbers up to 64 bits" {
	with_profile sh -c 'echo written' <<-'JSON'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["personality"], "action": "SCMP_ACT_ERRNO", "args": [
		  {"index": 0, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]}]}
	JSON
	assert_success
	assert_output written
}

@test "a compiled filter is kept, for its owner's eyes only, and made again when damaged" {
	local file before
	run bulkhead run --rm busybox true
	assert_success
	run find "$engine/root/seccomp" -type f
	assert_equal "${#lines[@]}" 1
	file=${lines[0]}
	assert_equal "$(stat -c '%a %u %h' "$file")" "600 $EUID 1"
	assert_equal "$(stat -c '%a %u' "$engine/root/seccomp")" "700 $EUID"

	before=$(stat -c '%i' "$file")
	run bulkhead run --rm busybox true
	assert_success
	assert_equal "$(stat -c '%i' "$file")" "$before"

	# an attacker's filter that allows everything, had they got to write here: the last instruction's action
	printf '\xff' | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") - 2)) conv=notrunc status=none
	run bulkhead run --rm busybox unshare -U true
	assert_failure
	assert_output --partial "Operation not permitted"
	assert_not_equal "$(stat -c '%i' "$file")" "$before"
}

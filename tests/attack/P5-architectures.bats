# Around the filter by another system call table: i386's, through int 0x80, and x32's.
load ../lib/helpers
load calls

setup() {
	[[ $(uname -m) == x86_64 ]] || skip "only x86-64 has these tables"
	calls_setup
}

# Of a container that a signal ends nothing is printed; 128 + SIGSYS.
@test "an i386 call ends the program" {
	attack i386
	assert_failure 159
	assert_output ""
	attack i386 "${only_filter[@]}"
	assert_failure 159
	attack i386 "${only_filter[@]}" --security-opt seccomp=unconfined
	succeeded i386
}

# Most kernels are built without them: then the same call natively is ENOSYS, and what the filter says to it is seen in
# tests/unit/oci/test_seccomp.c, which runs the filter itself.
@test "an x32 call is refused" {
	run "$calls" x32
	[[ $output =~ ^x32:\ (ENOSYS|succeeded)$ ]]
	local native=$output
	attack x32
	assert_failure
	refute_output --partial succeeded
	attack x32 "${only_filter[@]}"
	assert_failure
	refute_output --partial succeeded
	attack x32 "${only_filter[@]}" --security-opt seccomp=unconfined
	assert_output "$native"
}

@test "i386 calls that are asked for are filtered" {
	attack i386 --security-opt seccomp-arch=x86
	refused i386 EPERM
	attack i386 "${only_filter[@]}" --security-opt seccomp-arch=x86 \
		--security-opt "seccomp=$(profile_without_capabilities)"
	refused i386 EPERM
	attack i386 "${only_filter[@]}" --security-opt seccomp=unconfined
	succeeded i386
}

# Setting the host's clock takes CAP_SYS_TIME in the host's user namespace, besides what the filter says (P5-calls.bats).
# Both calls would change nothing: one sets no time, the other the tick as it is.
load ../lib/helpers
load calls

setup() { calls_setup; }

# Every wall down but the capability: not asked for, or worth nothing in a user namespace.
clock_is_safe() {
	local walls=(--security-opt seccomp=unconfined --security-opt landlock=unconfined
		--security-opt no-new-privileges=false)
	attack "$1"
	refused "$1" EPERM
	attack "$1" "${walls[@]}" --userns=host
	refused "$1" EPERM
	attack "$1" "${walls[@]}" --cap-add SYS_TIME
	refused "$1" EPERM
	attack "$1" "${walls[@]}" --userns=host --cap-add SYS_TIME
	succeeded "$1"
}

@test "settimeofday" { clock_is_safe settimeofday; }
@test "adjtimex" { clock_is_safe adjtimex; }

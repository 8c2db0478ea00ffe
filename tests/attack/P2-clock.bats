# Setting the host's clock takes CAP_SYS_TIME in the host's user namespace, besides what the filter says (P5-calls.bats).
# Both calls would change nothing: one sets no time, the other the tick as it is.
load ../lib/helpers
load calls

setup() { calls_setup; }

@test "settimeofday" { host_capability_refuses settimeofday SYS_TIME; }
@test "adjtimex" { host_capability_refuses adjtimex SYS_TIME; }

# config.json: actions, conditions, flags, listeners. The rows are in rows_seccomp.py.

load leaves

@test "seccomp: every leaf is set and read back, and a wrong value refused" {
	leaves seccomp
}

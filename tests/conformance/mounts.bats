# config.json: every option, type, target and map. The rows are in rows_mounts.py.

load leaves

@test "mounts: every leaf is set and read back, and a wrong value refused" {
	leaves mounts
}

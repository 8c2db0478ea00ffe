# config.json: as an ordinary user who maps its own id. The rows are in rows_rootless.py.

load leaves

@test "rootless: every leaf is set and read back, and a wrong value refused" {
	leaves rootless
}

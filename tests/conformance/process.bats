# config.json: what the program is, may, and sees of itself. The rows are in rows_process.py.

load leaves

@test "process: every leaf is set and read back, and a wrong value refused" {
	leaves process
}

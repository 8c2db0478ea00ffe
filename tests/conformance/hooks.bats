# config.json: six kinds, what each is given, and what its failure does. The rows are in rows_hooks.py.

load leaves

@test "hooks: every leaf is set and read back, and a wrong value refused" {
	leaves hooks
}

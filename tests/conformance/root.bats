# config.json: root, names, devices, masks, settings. The rows are in rows_root.py.

load leaves

@test "root: every leaf is set and read back, and a wrong value refused" {
	leaves root
}

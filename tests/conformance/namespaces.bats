# config.json: new and joined, with their maps, clocks and network devices. The rows are in rows_namespaces.py.

load leaves

@test "namespaces: every leaf is set and read back, and a wrong value refused" {
	leaves namespaces
}

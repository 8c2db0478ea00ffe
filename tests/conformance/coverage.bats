# Which leaves of the specification's schema have rows, and why the others have none on this host.

load leaves

@test "every leaf of the schema has a row, or a reason" {
	run python3 "$BATS_TEST_DIRNAME/leaves.py" coverage
	sed 's/^/# /' <<<"$output" >&3
	((status == 0))
}

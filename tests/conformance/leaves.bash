# shellcheck shell=bash

# Runs the rows of one area, and prints those that failed.
leaves() {
	local status=0 output
	output=$(python3 "$BATS_TEST_DIRNAME/leaves.py" "$1" 2>&1 3>&-) || status=$?
	grep -v '^ok ' <<<"$output" || true
	return "$status"
}

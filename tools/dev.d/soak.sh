# shellcheck shell=bash
# ./dev soak and ./dev bench: what takes long and is not a part of the tests.

dev_soak() {
	local cycles=${1:-2000}
	[[ $cycles =~ ^[0-9]+$ ]] || die "soak: \"$cycles\" is not a number of cycles"
	need_packages build tests
	build_tree release
	as_root env BULKHEAD_BUILD="$top/build/release" SOAK_CYCLES="$cycles" bats tests/soak
}

dev_bench() {
	[[ -x tests/bench/run ]] || die "tests/bench/run is not there"
	need_packages build tests bench
	build_tree release >&2
	as_root tests/bench/run "$@"
}

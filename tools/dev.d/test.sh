# shellcheck shell=bash
# ./dev test: every step adds rows to $results (tools/test/tally.py), none ends the run, all are bounded in time.

results=build/test/results

# Adds one row for a step of our own.
record() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" >>"$results"; }

# Runs a command as one test named by the first two arguments.
step() {
	local suite=$1 name=$2
	shift 2
	if "$@" </dev/null; then
		record pass "$suite" "$name"
	else
		record fail "$suite" "$name" "status $?"
		return 1
	fi
}

# Both sanitizers write their reports to files: a test that compares output, or a program whose stderr nobody reads,
# cannot hide them.
sanitizer_reports=$top/build/test/sanitizer
sanitizer_options() {
	export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:log_path=$sanitizer_reports/asan
	export UBSAN_OPTIONS=print_stacktrace=1:log_path=$sanitizer_reports/ubsan
}

record_sanitizer_reports() {
	local report
	for report in "$sanitizer_reports"/*; do
		[[ -s $report ]] || continue
		record fail sanitizer "$(basename "$report")" "$(grep -m1 -E 'ERROR|runtime error' "$report" || true)"
		head -n 40 "$report"
	done
}

test_unit() {
	local tree=$1 status=0
	say "unit tests, $tree"
	as_root timeout --kill-after=10 600 meson test -C "build/$tree" --no-rebuild --suite unit --print-errorlogs --quiet \
		</dev/null >"build/test/unit-$tree.log" 2>&1 || status=$?
	((status == 0)) || tail -n 60 "build/test/unit-$tree.log"
	tools/test/tally.py meson "unit $tree" "build/$tree/meson-logs/testlog.json" "$status" >>"$results"
}

# The corpus of one target and $2 seconds of mutations of it, by the plain driver.
fuzz_smoke() {
	local name=$1 seconds=$2 status=0
	(
		cd build/test/fuzz
		FUZZ_SECONDS=$seconds timeout --kill-after=10 $((seconds + 60)) "$top/build/asan/tests/fuzz/fuzz_$name" \
			"$top/tests/fuzz/corpus/$name" >"fuzz_$name.log" 2>&1
	) || status=$?
	((status == 0)) || tail -n 40 "build/test/fuzz/fuzz_$name.log"
	return "$status"
}

# All files of the named directories below tests/ against one build tree.
test_bats() {
	local tree=$1 files=() output=build/test/bats-$1-$2 tap name
	shift
	mapfile -t files < <(for dir in "$@"; do find tests -maxdepth 2 -path "tests/$dir/*.bats"; done | LC_ALL=C sort)
	((${#files[@]})) || return 0
	say "$* against build/$tree"
	as_root rm -rf "$output" && mkdir -p "$output"
	[[ $tree != asan ]] || sanitizer_options
	as_root env BATS_FILE_SECONDS="${BATS_FILE_SECONDS:-}" tools/test/run_bats "$top/build/$tree" "$output" "${files[@]}"
	unset ASAN_OPTIONS UBSAN_OPTIONS
	for tap in "$output"/*.tap; do
		name=$(basename "$tap" .tap)
		tools/test/tally.py tap "$tree $name" "$tap" "$(cat "$output/$name.status" 2>/dev/null || echo 255)" >>"$results"
	done
}

# bulkhead-oci's files once more, on a kernel without the calls that it has something else for.
test_old_kernel() {
	local output=$top/build/test/bats-old-kernel tap name files
	say "bulkhead-oci without newer system calls"
	gcc -O1 -static -D_GNU_SOURCE -o build/test/without tests/lib/src/without.c || return
	mapfile -t files < <(find tests/integration -name 'oci_*.bats' ! -name oci_killed.bats | LC_ALL=C sort)
	as_root build/test/without clone3,close_range,landlock,mount_setattr,openat2,pidfd \
		tools/test/run_bats "$top/build/release" "$output" "${files[@]}"
	for tap in "$output"/*.tap; do
		name=$(basename "$tap" .tap)
		tools/test/tally.py tap "old-kernel $name" "$tap" "$(cat "$output/$name.status" 2>/dev/null || echo 255)" >>"$results"
	done
}

test_standard() {
	local tree
	check_all
	for tree in asan release; do
		test_unit "$tree"
	done
	say "fuzz smoke, 3 s each"
	mkdir -p build/test/fuzz
	fuzz_each "" fuzz_smoke 3
	for tree in asan release; do
		test_bats "$tree" integration attack conformance
	done
	test_bats release lib
}

# Each system call of bulkhead-oci's commands, of which the standard run takes some.
test_every_kill() {
	local output=$top/build/test/bats-every-kill
	say "bulkhead-oci killed at every system call"
	as_root env KILL_STRIDE=1 BATS_FILE_SECONDS=600 tools/test/run_bats "$top/build/release" "$output" \
		tests/integration/oci_killed.bats
	tools/test/tally.py tap "every-kill oci_killed" "$output/integration-oci_killed.tap" \
		"$(cat "$output/integration-oci_killed.status" 2>/dev/null || echo 255)" >>"$results"
}

# What takes longer: the other compiler, hosts that this machine is not, engines to live beside.
test_more() {
	local status=0
	need_packages bench vm
	step build clang build_tree clang && test_unit clang
	test_bats release peers
	test_every_kill
	test_old_kernel
	say "virtual machines"
	as_root timeout --kill-after=10 2700 tests/vm/run </dev/null >build/test/vm.tap || status=$?
	tools/test/tally.py tap vm build/test/vm.tap "$status" >>"$results"
	step build fuzz build_tree fuzz && fuzz_each "libFuzzer " fuzz_target 60
}

dev_test() {
	local all=false tree
	case ${1:-} in
	all) all=true ;;
	'') ;;
	*) die "test: \"$1\" is neither nothing nor \"all\"" ;;
	esac
	need_packages build tests images check
	as_root rm -rf build/test
	mkdir -p build/test "$sanitizer_reports"
	chmod 1777 "$sanitizer_reports"
	: >"$results"
	for tree in release asan; do
		step build "$tree" build_tree "$tree" || { tools/test/tally.py sum "$results"; return 1; }
	done
	test_standard
	! $all || test_more
	record_sanitizer_reports
	say "result"
	tools/test/tally.py sum "$results"
}

# The harness of tests/vm, without a machine: QEMU's place is taken by a script that reports what a guest would, or
# breaks off as a guest could. Whatever goes wrong must become a `not ok` and a status that is not zero.

# shellcheck disable=SC2016 # the dollars are the guest's

setup() {
	lib=$BATS_TEST_DIRNAME/../vm/lib
	work=$BATS_TEST_TMPDIR/work
	mkdir -p "$work/plan" "$BATS_TEST_TMPDIR/bin"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	echo a.bats >"$work/plan/plain.1"
}

# guest SCRIPT: what the guest does; $token marks its lines.
guest() {
	{
		echo '#!/bin/bash'
		# shellcheck disable=SC2016 # for the script
		echo 'token=$(grep -o "bulkhead.token=[0-9a-f]*" <<<"$*") token=@${token#*=}'
		echo "$1"
	} >"$BATS_TEST_TMPDIR/bin/qemu-system-x86_64"
	chmod +x "$BATS_TEST_TMPDIR/bin/qemu-system-x86_64"
}

# One boot by the harness, and its summary.
one_boot() {
	# shellcheck disable=SC2034,SC1091 # the sourced files use them
	(
		timeout_s=${1:-60} memory_mib=64
		. "$lib/common.sh"
		. "$lib/tap.sh"
		. "$lib/boot.sh"
		turn_off_s=2
		boot plain 1
		tap_summary
	)
}

last_line_is() {
	echo "$output"
	[ "${lines[-1]}" = "$1" ]
}

@test "results are counted, skips apart" {
	guest 'printf "%s\n" "$token file a.bats" 1..3 "ok 1 x" "ok 2 y # skip why" "ok 3 z" "$token status a.bats 0" "$token end"'
	run one_boot
	[ "$status" -eq 0 ]
	last_line_is 'vm: 2 passed, 0 failed, 1 skipped'
	[[ ${lines[*]} == *'ok 1 [plain] a.bats: x'* ]]
}

@test "a failed test fails the run" {
	guest 'printf "%s\n" "$token file a.bats" 1..2 "ok 1 x" "not ok 2 y" "$token status a.bats 1" "$token end"'
	run one_boot
	[ "$status" -ne 0 ]
	last_line_is 'vm: 1 passed, 1 failed, 0 skipped'
}

@test "a guest that breaks off fails the run" {
	guest 'printf "%s\n" "$token file a.bats" 1..2 "ok 1 x"'
	run one_boot
	[ "$status" -ne 0 ]
	last_line_is 'vm: 1 passed, 1 failed, 0 skipped'
	[[ $output == *'without a report'* ]]
}

@test "a guest that says nothing fails the run, and its console is shown" {
	guest 'echo no such machine >&2; exit 1'
	run one_boot
	[ "$status" -ne 0 ]
	last_line_is 'vm: 0 passed, 1 failed, 0 skipped'
	[[ $output == *'no such machine'* ]]
}

@test "a guest that hangs is stopped at the limit" {
	guest 'printf "%s\n" "$token file a.bats" 1..2 "ok 1 x"; exec sleep 100'
	run one_boot 2
	[ "$status" -ne 0 ]
	last_line_is 'vm: 1 passed, 1 failed, 0 skipped'
	[[ $output == *'stopped after 2 s, in a.bats after 1 results'* ]]
}

@test "a guest that does not turn off is stopped" {
	guest 'printf "%s\n" "$token file a.bats" 1..1 "ok 1 x" "$token status a.bats 0" "$token end"; exec sleep 100'
	run one_boot
	[ "$status" -ne 0 ]
	last_line_is 'vm: 1 passed, 1 failed, 0 skipped'
	[[ $output == *'did not turn off within 2 s'* ]]
}

@test "what proves the kind is first, and what leaves something running is last" {
	mkdir "$work/vm"
	for name in attacks host units parts.1 parts.2; do
		echo '# kinds: plain' >"$work/vm/$name.bats"
	done
	cp "$lib/../kinds" "$work/vm/"
	rm "$work/plan/plain.1"
	run bash -c '. "$1/common.sh"; vm_dir=$2/vm; . "$1/plan.sh"; write_plan "$2/plan" $(select_files)' _ "$lib" "$work"
	[ "$status" -eq 0 ]
	[ "$(paste -sd' ' "$work/plan/plain.1")" = 'host.bats attacks.bats units.bats parts.1.bats' ]
	[ "$(cat "$work/plan/plain.2")" = parts.2.bats ]
}

@test "fewer results than planned fail the run" {
	guest 'printf "%s\n" "$token file a.bats" 1..2 "ok 1 x" "$token status a.bats 0" "$token end"'
	run one_boot
	[ "$status" -ne 0 ]
	last_line_is 'vm: 1 passed, 1 failed, 0 skipped'
	[[ $output == *'1 results for a plan of 2'* ]]
}

@test "bats that fails without a failed test fails the run" {
	guest 'printf "%s\n" "$token file a.bats" 1..1 "ok 1 x" "$token status a.bats 1" "$token end"'
	run one_boot
	[ "$status" -ne 0 ]
	last_line_is 'vm: 1 passed, 1 failed, 0 skipped'
	[[ $output == *'bats ended with status 1'* ]]
}

@test "a planned file that did not run fails the run" {
	echo b.bats >>"$work/plan/plain.1"
	guest 'printf "%s\n" "$token file a.bats" 1..1 "ok 1 x" "$token status a.bats 0" "$token end"'
	run one_boot
	[ "$status" -ne 0 ]
	last_line_is 'vm: 1 passed, 1 failed, 0 skipped'
	[[ $output == *'1 test files ran, not 2'* ]]
}

@test "no test at all fails the run" {
	: >"$work/plan/plain.1"
	guest 'echo "$token end"'
	run one_boot
	[ "$status" -ne 0 ]
	last_line_is 'vm: 0 passed, 0 failed, 0 skipped'
}

@test "what a test prints cannot pass for the report" {
	guest 'printf "%s\n" "$token file a.bats" 1..1 "ok 1 x" "@0123 status a.bats 0" "@0123 end"'
	run one_boot
	[ "$status" -ne 0 ]
	[[ $output == *'without a report'* ]]
}

@test "what the guest finds amiss fails the run" {
	guest 'printf "%s\n" "$token failed no library" "$token file a.bats" 1..1 "ok 1 x" "$token status a.bats 0" "$token end"'
	run one_boot
	[ "$status" -ne 0 ]
	[[ $output == *'not ok 1 [plain] no library'* ]]
}

@test "one part of a sequence brings the others, in their boots" {
	mkdir "$BATS_TEST_TMPDIR/vm"
	cp "$lib/../kinds" "$BATS_TEST_TMPDIR/vm/"
	for part in 1 2; do
		echo '# kinds: plain v1' >"$BATS_TEST_TMPDIR/vm/s.$part.bats"
	done
	rm "$work/plan/plain.1"
	# shellcheck disable=SC2034,SC1091 # the sourced files use it
	run bash -c '. "$1/common.sh"; vm_dir=$2/vm; . "$1/plan.sh"; write_plan "$2/work/plan" $(select_files s.2.bats)' \
		_ "$lib" "$BATS_TEST_TMPDIR"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(cat "$work/plan/plain.1" "$work/plan/v1.1" "$work/plan/plain.2" | paste -sd' ')" = 's.1.bats s.1.bats s.2.bats' ]
}

@test "a test that does not say where it runs is an error" {
	mkdir "$BATS_TEST_TMPDIR/vm"
	cp "$lib/../kinds" "$BATS_TEST_TMPDIR/vm/"
	echo '# kinds: plain mars' >"$BATS_TEST_TMPDIR/vm/mars.bats"
	: >"$BATS_TEST_TMPDIR/vm/none.bats"
	for file in mars none; do
		run bash -c '. "$1/common.sh"; vm_dir=$2/vm; . "$1/plan.sh"; write_plan "$2/work/plan" $3.bats' \
			_ "$lib" "$BATS_TEST_TMPDIR" "$file"
		[ "$status" -ne 0 ]
		[[ $output == *"$file.bats: "* ]]
	done
}

# logs: what a container printed, across rotations, while it runs and after.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

@test "both streams, each to its own" {
	bulkhead run --name web busybox sh -c 'echo out; echo err >&2' >/dev/null 2>&1
	run --separate-stderr bulkhead logs web
	assert_success
	assert_equal "$output" out
	assert_equal "$stderr" err
}

@test "a tail, and none" {
	bulkhead run --name web busybox seq 100 >/dev/null
	run bulkhead logs --tail 3 web
	assert_output $'98\n99\n100'
	run bulkhead logs --tail 0 web
	assert_output ""
	run bulkhead logs web
	assert_equal "${#lines[@]}" 100
}

@test "the last of a rotated log is what is kept, and nothing of it twice" {
	bulkhead run --name web --log-opt max-size=8k --log-opt max-file=3 busybox seq 2000 >/dev/null
	(($(find "$engine/root/containers" -name '*-json.log*' | wc -l) <= 3))
	bulkhead logs web >"$BATS_TEST_TMPDIR/kept"
	local first
	first=$(head -n 1 "$BATS_TEST_TMPDIR/kept")
	assert_equal "$(tail -n 1 "$BATS_TEST_TMPDIR/kept")" 2000
	((first > 1))
	diff <(seq "$first" 2000) "$BATS_TEST_TMPDIR/kept"
}

@test "following ends with the container and has it all" {
	bulkhead run -d --name web --log-opt max-size=8k --log-opt max-file=100 busybox \
		sh -c 'for i in $(seq 300); do echo $i; [ $((i % 50)) = 0 ] && sleep 0.05; done' >/dev/null
	run timeout 20 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" logs -f web 3>&-
	assert_success
	assert_output "$(seq 300)"
}

@test "following a container that has ended returns at once" {
	bulkhead run --name web busybox echo hi >/dev/null
	run timeout 5 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" logs -f web 3>&-
	assert_success
	assert_output hi
}

@test "timestamps and a bound" {
	bulkhead run --name web busybox echo hi >/dev/null
	run bulkhead logs -t web
	assert_output --regexp '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z hi$'
	run bulkhead logs --details web
	assert_output " hi"
	run bulkhead logs --since 2100-01-01T00:00:00Z web
	assert_output ""
	run bulkhead logs --until 2001-01-01T00:00:00Z web
	assert_output ""
}

@test "bytes that are not text come out as replacement characters, NUL bytes as they are" {
	bulkhead run --name web busybox printf 'a\0b\377c\n' >/dev/null
	bulkhead logs web | od -An -tx1 | tr -d ' \n' >"$BATS_TEST_TMPDIR/hex"
	assert_equal "$(cat "$BATS_TEST_TMPDIR/hex")" 610062efbfbd630a
}

@test "no log, no reading" {
	bulkhead run --name web --log-driver none busybox echo hi
	run bulkhead logs web
	assert_failure
	assert_output --partial "does not support reading"
}

# ps: what runs and what ran.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

@test "running containers, and with -a all, newest first" {
	bulkhead run --name first busybox true
	bulkhead run -d --name second busybox sleep 1000 >/dev/null
	bulkhead create --name third busybox true >/dev/null
	run bulkhead ps --format '{{ .Names }}'
	assert_output second
	run bulkhead ps -a --format '{{ .Names }} {{ .State }}'
	assert_output $'third created\nsecond running\nfirst exited'
}

@test "an exit code is in the status" {
	run bulkhead run --name first busybox sh -c 'exit 3'
	assert_failure 3
	run bulkhead ps -a --format '{{ .Status }}'
	assert_output --regexp '^Exited \(3\) '
}

@test "an ended container is seen as ended without anybody waiting for it" {
	bulkhead run -d --name quick busybox true >/dev/null
	wait_for 5 container_is quick exited
	run bulkhead ps -q
	assert_output ""
}

@test "by id, by prefix, by name, never by two" {
	local id
	id=$(bulkhead create --name web busybox true)
	for ref in "$id" "${id:0:12}" "${id:0:20}" web; do
		assert_equal "$(bulkhead inspect --format '{{ .Name }}' "$ref")" /web
	done
	for _ in {1..17}; do bulkhead create busybox true >/dev/null; done
	local letter
	letter=$(bulkhead ps -aq | cut -c 1 | sort | uniq -d | head -n 1)
	run bulkhead rm "$letter"
	assert_failure
	assert_output --partial "more than one container"
}

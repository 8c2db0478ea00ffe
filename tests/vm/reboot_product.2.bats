# kinds: plain systemd
# After the reboot of reboot_product.1.bats.
load ../lib/helpers
load lib/guest

setup_file() { :; }
teardown_file() { :; }
setup() { engine=/var/lib/reboot_product; }
teardown() { :; }

@test "after a reboot: run-time state was on a tmpfs and is gone" {
	[ ! -e /run/reboot_product ]
	mkdir -m 700 /run/reboot_product
}

@test "after a reboot: ps says what runs, which is nothing" {
	run bulkhead ps -q
	assert_success
	assert_output ''
	run bulkhead ps -a --format '{{ .Names }}: {{ .Status }}'
	assert_success
	# who was told of the end may have said so, who was not has 255, and so has who could not be asked
	assert_line --regexp '^listens: Exited \((5|137|255)\)'
	assert_line --regexp '^deaf: Exited \((137|255)\)'
	assert_line --regexp '^cut: Exited \(255\)'
	assert_line --regexp '^ended: Exited \(3\)'
	assert_line --regexp '^made: Created'
	refute_line --partial passing # --rm
}

@test "after a reboot: inspect tells why" {
	run bulkhead inspect --format '{{ .State.Status }} {{ .State.Running }} {{ .State.Pid }} {{ .State.ExitCode }} {{ .State.Error }}' cut
	assert_success
	assert_output 'exited false 0 255 host was restarted'
	[ "$(bulkhead inspect --format '{{ .Id }}' cut)" = "$(cat "$engine/cut.id")" ]
	run bulkhead exec cut true
	assert_failure
	assert_output --partial 'not running'
}

@test "after a reboot: containers start again, volumes and logs are there" {
	bulkhead start listens cut made
	container_is listens running
	container_is cut running
	run bulkhead exec cut echo here
	assert_output here
	bulkhead stop -t 60 listens
	[ "$(bulkhead wait listens)" = 5 ]
	[ "$(bulkhead logs listens | grep -c up)" = 2 ]
	run bulkhead run --rm -v data:/data busybox wc -l /data/starts
	assert_output '2 /data/starts'
}

@test "after a reboot: nothing stale is left" {
	mapfile -t ids < <(bulkhead ps -aq)
	bulkhead rm -f -v "${ids[@]}"
	run host_leftovers
	assert_output ''
	run find "$engine/root/containers" "$engine/state/containers" -mindepth 1
	assert_output ''
	rm -rf --one-file-system "$engine" /run/reboot_product
}

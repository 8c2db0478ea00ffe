# kinds: systemd systemd-v1
# systemd ends what is in a unit's or session's control group with it: containers and their monitors are not there.
load ../lib/helpers
load lib/guest

@test "a container outlives the unit that started it" {
	systemd-run --quiet --wait --collect --unit starter bash -c \
		"bulkhead --root '$engine/root' --state '$engine/state' run -d --name web busybox sleep 600"
	container_is web running
	run bulkhead exec web echo still here
	assert_output 'still here'
}

@test "a container outlives the unit of its client, ended by force" {
	systemd-run --quiet --collect --unit starter2 \
		bulkhead --root "$engine/root" --state "$engine/state" run --name attached busybox sleep 600
	wait_for 120 container_is attached running
	systemctl kill --signal KILL starter2
	is_over() { ! systemctl --quiet is-active starter2; }
	wait_for 60 is_over
	container_is attached running
	run bulkhead exec attached echo too
	assert_output too
}

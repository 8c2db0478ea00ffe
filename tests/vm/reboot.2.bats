# kinds: plain v1 apparmor selinux systemd systemd-v1
# Runs in the boot after reboot.1.bats, on the same disk.

@test "another boot has begun" {
	[ "$BULKHEAD_VM_BOOT" = 2 ]
	run cat /proc/sys/kernel/random/boot_id
	[ "$status" -eq 0 ]
	[ -n "$output" ]
	[ "$output" != "$(cat /var/lib/reboot.boot_id)" ]
}

@test "the disk is the one of the first boot" {
	[ -s /var/lib/reboot.boot_id ]
}

@test "run-time state is gone" {
	[ ! -e /run/reboot.gone ]
}

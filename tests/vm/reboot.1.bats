# kinds: plain v1 apparmor selinux systemd systemd-v1
# What the next boot must find: see reboot.2.bats.

@test "state is written before a reboot" {
	cp /proc/sys/kernel/random/boot_id /var/lib/reboot.boot_id
	[ -s /var/lib/reboot.boot_id ]
	[ "$BULKHEAD_VM_BOOT" = 1 ]
	touch /run/reboot.gone
}

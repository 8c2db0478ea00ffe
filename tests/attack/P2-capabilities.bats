# What takes a capability that a default container has not (P2), with the system call filter off. Modules, another
# kernel and a reboot are tried where they can be survived: tests/vm/attacks.bats.
load ../lib/helpers
load calls

setup() { calls_setup; }

@test "the kernel's log" { host_capability_refuses syslog SYSLOG; }
@test "swap" { host_capability_refuses swapon SYS_ADMIN; }
@test "a file that cannot be removed any more" { host_capability_refuses immutable LINUX_IMMUTABLE; }

# The mounts are the container's own, so that with the capability it may.
@test "mounting" { capability_refuses mount SYS_ADMIN; }

but_masks=(--security-opt seccomp=unconfined --security-opt landlock=unconfined --security-opt no-new-privileges=false)

@test "unmounting the mask of /proc/interrupts" {
	attack umount
	refused umount EPERM
	attack umount "${but_masks[@]}" --userns=host --cap-add ALL --cap-drop SYS_ADMIN
	refused umount EPERM
	attack umount "${but_masks[@]}" --cap-add SYS_ADMIN
	succeeded umount
}

# What came from another user namespace's mounts is locked in place even with it (mount_namespaces(7)).
@test "another root" {
	attack pivot_root
	refused pivot_root EPERM
	attack pivot_root "${but_masks[@]}" --userns=host --cap-add ALL --cap-drop SYS_ADMIN
	refused pivot_root EPERM
	attack pivot_root "${but_masks[@]}" --cap-add SYS_ADMIN
	refused pivot_root EINVAL
	attack pivot_root "${but_masks[@]}" --userns=host --cap-add SYS_ADMIN
	succeeded pivot_root
}

@test "raw sockets" { capability_refuses raw NET_RAW; }
@test "packet sockets" { capability_refuses packet NET_RAW; }

# On the host's network the capability is the host's own, which a user namespace has not.
@test "raw and packet sockets on the host's network" {
	local call
	for call in raw packet; do
		attack "$call" --network=host
		refused "$call" EPERM
		attack "$call" "${only_capabilities[@]}" --network=host --cap-add ALL
		refused "$call" EPERM
		attack "$call" "${only_capabilities[@]}" --network=host --userns=host --cap-add NET_RAW
		succeeded "$call"
	done
}

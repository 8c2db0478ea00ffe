# What the system call filter alone keeps from a container (P5, P2): the same attack is refused by a default container,
# refused where the filter is the last wall, and succeeds without it.
load ../lib/helpers
load calls

setup() { calls_setup; }

no='Operation not permitted'

@test "a user namespace by unshare" { filter_refuses_without_capability unshare "$no"; }
@test "a user namespace by clone" { filter_refuses_without_capability clone "$no"; }
@test "a user namespace by clone3, which no filter can look into" { filter_refuses_without_capability clone3 'Function not implemented'; }
@test "entering a namespace" { filter_refuses_without_capability setns "$no"; }
@test "mounting" { filter_refuses_without_capability mount "$no"; }
@test "mounting by the newer calls" { filter_refuses_without_capability fsopen "$no"; }
@test "unmounting the mask of /proc/interrupts" { filter_refuses_without_capability umount "$no"; }
@test "another root" { filter_refuses pivot_root "$no"; }

@test "bpf" { filter_refuses_without_capability bpf "$no"; }
@test "perf_event_open" { filter_refuses_without_capability perf_event_open "$no"; }
@test "userfaultfd" { filter_refuses userfaultfd "$no"; }
@test "io_uring" { filter_refuses io_uring 'Function not implemented'; }
@test "a socket to the hypervisor" { filter_refuses vsock 'Address family not supported by protocol'; }
@test "the same with a bit that the kernel drops" { filter_refuses vsock_disguised 'Address family not supported by protocol'; }
@test "a personality with executable data" { filter_refuses personality "$no"; }
@test "another process's descriptors" { filter_refuses_without_capability pidfd_getfd "$no"; }

@test "add_key" { filter_refuses add_key "$no"; }
@test "request_key" { filter_refuses request_key "$no"; }
@test "keyctl" { filter_refuses keyctl "$no"; }

@test "swap" { filter_refuses swapon "$no"; }
@test "the kernel's log" { filter_refuses_without_capability syslog "$no"; }
@test "the clock" { filter_refuses_without_capability settimeofday "$no"; }

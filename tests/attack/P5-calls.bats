# What the system call filter alone keeps from a container (P5, P2): the same attack is refused by a default container,
# refused where the filter is the last wall, and succeeds without it.
load ../lib/helpers
load calls

setup() { calls_setup; }

@test "a user namespace by unshare" { filter_refuses_without_capability unshare EPERM; }
@test "a user namespace by clone" { filter_refuses_without_capability clone EPERM; }
@test "a user namespace by clone3, which no filter can look into" { filter_refuses_without_capability clone3 ENOSYS; }
@test "entering a namespace" { filter_refuses_without_capability setns EPERM; }
@test "mounting" { filter_refuses_without_capability mount EPERM; }
@test "mounting by the newer calls" { filter_refuses_without_capability fsopen EPERM; }
@test "unmounting the mask of /proc/interrupts" { filter_refuses_without_capability umount EPERM; }
@test "another root" { filter_refuses pivot_root EPERM; }

@test "bpf" { filter_refuses_without_capability bpf EPERM; }
@test "perf_event_open" { filter_refuses_without_capability perf_event_open EPERM; }
@test "userfaultfd" { filter_refuses userfaultfd EPERM; }
@test "io_uring" { filter_refuses io_uring ENOSYS; }
@test "a socket to the hypervisor" { filter_refuses vsock EAFNOSUPPORT; }
@test "the same with a bit that the kernel drops" { filter_refuses vsock_disguised EAFNOSUPPORT; }
@test "a personality with executable data" { filter_refuses personality EPERM; }
@test "another process's descriptors" { filter_refuses_without_capability pidfd_getfd EPERM; }

@test "add_key" { filter_refuses add_key EPERM; }
@test "request_key" { filter_refuses request_key EPERM; }
@test "keyctl" { filter_refuses keyctl EPERM; }

@test "swap" { filter_refuses swapon EPERM; }
@test "the kernel's log" { filter_refuses_without_capability syslog EPERM; }
@test "the clock" { filter_refuses_without_capability settimeofday EPERM; }

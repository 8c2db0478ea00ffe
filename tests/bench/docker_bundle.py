#!/usr/bin/python3
"""docker_bundle.py PROFILE ROOTFS CGROUP ARG... > config.json: what Docker gives its OCI runtime for `docker run
--network none` on default settings, for the peers that are such runtimes. PROFILE is Docker's seccomp profile."""
import json
import sys

import docker_profile

CAPS = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
]
MOUNTS = [
    ("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
    ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
    ("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
    ("/sys/fs/cgroup", "cgroup", "cgroup", ["ro", "nosuid", "noexec", "nodev"]),
    ("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
    ("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
]
MASKED = ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
          "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"]
READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
NODES = [(1, 5), (1, 3), (1, 9), (1, 8), (5, 0), (5, 1)]


def devices():
    """Nothing, then making of any node, the usual ones, pseudoterminals; as Docker writes them."""
    rules = [{"allow": False, "access": "rwm"}]
    rules += [{"allow": True, "type": "c", "major": a, "minor": b, "access": "rwm"} for a, b in NODES]
    rules += [{"allow": True, "type": kind, "access": "m"} for kind in "cb"]
    rules += [{"allow": True, "type": "c", "major": 136, "access": "rwm"}]
    return rules


def seccomp(path):
    default, rules = docker_profile.load(path, set(CAPS))
    kept = ("names", "action", "args", "errnoRet")
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": default,
        "architectures": docker_profile.machine()[2],
        "syscalls": [{key: rule[key] for key in kept if rule.get(key)} for rule in rules],
    }


def config(profile, rootfs, cgroup, args):
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": args,
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=bench"],
            "cwd": "/",
            "capabilities": {name: CAPS for name in ("bounding", "effective", "permitted")},
            "oomScoreAdj": 0,
        },
        "root": {"path": rootfs},
        "hostname": "bench",
        "mounts": [{"destination": d, "type": t, "source": s, "options": o} for d, t, s, o in MOUNTS],
        "linux": {
            "resources": {"devices": devices(), "memory": {}, "cpu": {"shares": 0}, "blockIO": {"weight": 0}},
            "cgroupsPath": cgroup,
            "namespaces": [{"type": name} for name in ("mount", "network", "uts", "pid", "ipc")],
            "seccomp": seccomp(profile),
            "maskedPaths": MASKED,
            "readonlyPaths": READONLY,
        },
    }


def main():
    if len(sys.argv) < 5:
        raise SystemExit("usage: docker_bundle.py PROFILE ROOTFS CGROUP ARG...")
    json.dump(config(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]), sys.stdout, indent=1)


main()

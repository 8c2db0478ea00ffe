"""root, names, devices, masks, sysctl and what else is under linux without a suite of its own."""

import os
import subprocess

from leaves import HostMount, expect, expect_match, find, no_selinux, put, row, source, wrong


@row("ociVersion")
def version_in_state(b):
    b.set("ociVersion", "1.0.2-dev")
    b.start()
    expect(b.state_of()["ociVersion"], "1.0.2-dev")


@row("annotations.*")
def annotations_in_state(b):
    b.set("annotations", {"org.example.a": "1", "b": "x y", "": "empty"})
    b.config["annotations"].pop("")
    b.start()
    expect(b.state_of()["annotations"], {"org.example.a": "1", "b": "x y"})


@row("root.path")
def root_elsewhere(b):
    os.rename(b.rootfs, os.path.join(b.path, "other"))
    b.set("root.path", os.path.join(b.path, "other"))
    expect(b.read("ls -d /bin"), "/bin")
    b.set("root.path", "other")
    expect(b.read("ls -d /bin"), "/bin")


@row("root.readonly")
def root_readonly(b):
    script = "touch /x 2>/dev/null && echo written; touch /dev/shm/y && echo elsewhere"
    b.set("root.readonly", True)
    expect(b.read(script), "elsewhere")
    b.set("root.readonly", False)
    expect(b.read(script), "written\nelsewhere")


@row("hostname", "domainname")
def names(b):
    b.set("hostname", "a-host")
    b.set("domainname", "example.org")
    before = os.uname().nodename
    expect(b.read("hostname; cat /proc/sys/kernel/domainname"), "a-host\nexample.org")
    expect(os.uname().nodename, before, "the host's")


@row("hostname")
def name_of_a_namespace_that_is_joined(b):
    pid = b.start()
    id_, b.id = b.id, b.id + "-2"
    b.namespaces("mount", "pid", "ipc", "network", uts=f"/proc/{pid}/ns/uts")
    b.set("hostname", "renamed")
    expect(b.read("hostname"), "renamed")
    expect(b.exec("hostname", id_=id_), "renamed")


def root_tags(b, propagation):
    if propagation:
        b.set("linux.rootfsPropagation", propagation)
    return " ".join(sorted(t.split(":")[0] for t in find(b.read("cat /proc/self/mountinfo"), "/")["tags"]))


@row("linux.rootfsPropagation")
def root_propagation(b):
    with HostMount(os.path.join(b.path, "host"), "--make-shared") as path:
        subprocess.run(["cp", "-a", b.rootfs, path], check=True)
        b.set("root.path", os.path.join(path, "rootfs"))
        for word, tag in (("private", ""), ("rprivate", ""), ("slave", "master"), ("rslave", "master"),
                          ("shared", "master shared"), ("rshared", "master shared"), ("unbindable", "unbindable"),
                          ("runbindable", "unbindable")):
            expect(root_tags(b, word), tag, word)


@row("linux.rootfsPropagation")
def root_propagation_as_the_host_sees_it(b):
    """As with runc, pivot_root(2) needs a root that is nobody's peer: it shares with its own children alone."""
    with HostMount(os.path.join(b.path, "host"), "--make-shared") as path:
        subprocess.run(["cp", "-a", b.rootfs, path], check=True)
        b.set("root.path", os.path.join(path, "rootfs"))
        b.give("CAP_SYS_ADMIN")
        for word in ("shared", "slave", "private"):
            b.set("linux.rootfsPropagation", word)
            id_ = f"{b.id}-{word}"
            b.start("mount -t tmpfs tmpfs /mnt; touch /tmp/done; exec sleep 60", id_=id_)
            done = os.path.join(path, "rootfs/tmp/done")
            while not os.path.exists(done):
                pass
            os.unlink(done)
            with open("/proc/self/mountinfo") as f:
                expect(f" {path}/rootfs/mnt " in f.read(), False, word)
            b.call("delete", "--force", id_)


@row("linux.maskedPaths[]")
def masked_paths(b):
    os.makedirs(os.path.join(b.rootfs, "secret/dir"))
    os.symlink("/secret", os.path.join(b.rootfs, "way"))
    b.write("secret/file", "secret")
    b.write("secret/dir/file", "secret")
    b.set("linux.maskedPaths", ["/secret/file", "/way/dir", "/nowhere", "/proc/keys", "/proc/acpi"])
    got = b.read("cat /secret/file; stat -c %t:%T /secret/file /proc/keys; ls -A /secret/dir /proc/acpi;"
                 " touch /secret/dir/x 2>/dev/null || echo read-only")
    expect(got.split(), ["1:3", "1:3", "/proc/acpi:", "/secret/dir:", "read-only"])


@row("linux.maskedPaths[]")
def masks_cannot_be_led_elsewhere(b):
    """CVE-2025-31133: the null device is the host's, whatever the bundle's root has in its place."""
    b.config["mounts"] = [m for m in b.config["mounts"] if not m["destination"].startswith("/dev")]
    os.symlink("/proc/sys/kernel/core_pattern", os.path.join(b.rootfs, "dev/null"))
    b.set("linux.maskedPaths", ["/proc/keys", "/proc/kcore"])
    result = b.run("stat -c %t:%T /proc/keys; readlink /dev/null")
    expect(result.out, "1:3")
    os.remove(os.path.join(b.rootfs, "dev/null"))
    b.set("linux.maskedPaths", ["/mnt/link"])
    os.symlink("/proc/self/environ", os.path.join(b.rootfs, "mnt/link"))
    result = b.run("stat -c %t:%T /proc/self/environ")
    expect(result.status == 0 and result.out == "1:3", False, "a process's file hidden")


@row("linux.readonlyPaths[]")
def readonly_paths(b):
    b.set("linux.readonlyPaths", ["/mnt", "/proc/sys", "/bin/busybox", "/nowhere"])
    got = b.read("touch /mnt/x 2>/dev/null || echo 1; grep -c '/proc/sys ro' /proc/self/mountinfo;"
                 " echo >>/bin/busybox || echo 3").split()
    expect(got, ["1", "1", "3"])


@row("linux.sysctl.*")
def settings(b):
    b.set("linux.sysctl", {"net.ipv4.ip_forward": "1", "kernel.shmmax": "123456", "net/ipv4/conf/lo/forwarding": "0",
                           "fs.mqueue.msg_max": "77"})
    expect(b.read("cd /proc/sys; cat net/ipv4/ip_forward kernel/shmmax net/ipv4/conf/lo/forwarding fs/mqueue/msg_max"),
           "1\n123456\n0\n77")


def device(**values):
    return {"path": "/dev/x", "type": "c", "major": 1, "minor": 3, **values}


@row("linux.devices[].type", "linux.devices[].path", "linux.devices[].major", "linux.devices[].minor",
     "linux.devices[].fileMode", "linux.devices[].uid", "linux.devices[].gid")
def devices(b):
    b.set("linux.devices", [
        device(fileMode=0o640, uid=1000, gid=5), device(path="/mnt/deep/block", type="b", major=7, minor=200),
        device(path="/dev/u", type="u", minor=5, fileMode=0o100600),
        {"path": "/dev/fifo", "type": "p", "fileMode": 0o622}, device(path="/dev/null", fileMode=0o600),
    ])
    got = b.read("for i in /dev/x /mnt/deep/block /dev/u /dev/fifo /dev/null; do stat -c '%F|%a|%u:%g|%t:%T' $i; done")
    expect(got.splitlines(), ["character special file|640|1000:5|1:3", "block special file|666|0:0|7:c8",
                              "character special file|600|0:0|1:5", "fifo|622|0:0|0:0",
                              "character special file|600|0:0|1:3"])


@row("linux.devices[].path")
def devices_that_every_container_has(b):
    got = b.read("cd /dev; stat -c '%n %a %t:%T' null zero full random urandom tty; for i in fd stdin stdout stderr ptmx; do readlink $i; done")
    expect(got.splitlines(), ["null 666 1:3", "zero 666 1:5", "full 666 1:7", "random 666 1:8", "urandom 666 1:9",
                              "tty 666 5:0", "/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2",
                              "pts/ptmx"])


@row("linux.devices[].path")
def device_behind_links(b):
    """CVE-2025-52565: what the image has in a node's place is replaced, not followed."""
    b.config["mounts"] = [m for m in b.config["mounts"] if not m["destination"].startswith("/dev")]
    target = source(b, "victim", file="host")
    os.symlink("../../../../../../.." + target, os.path.join(b.rootfs, "dev/x"))
    os.symlink("/etc/passwd", os.path.join(b.rootfs, "dev/zero"))
    b.set("linux.devices", [device()])
    expect(b.read("stat -c %t:%T /dev/x /dev/zero; head -n 1 /etc/passwd"), "1:3\n1:5\nroot:x:0:0:root:/root:/bin/sh")
    expect(open(target).read(), "host")


@row("linux.personality.domain")
def personality(b):
    b.set("linux.personality", {"domain": "LINUX32"})
    expect(b.read("probe personality; uname -m"), "8\ni686")
    b.set("linux.personality", {"domain": "LINUX"})
    expect(b.read("probe personality"), "0")


@row("linux.personality.flags[]")
def personality_flags(b):
    b.set("linux.personality", {"domain": "LINUX32", "flags": ["ADDR_NO_RANDOMIZE"]})
    result = b.run("probe personality")
    expect(result.out, "8")
    expect_match("personality.flags", result.err)


@row("linux.memoryPolicy.mode", "linux.memoryPolicy.nodes", "linux.memoryPolicy.flags[]")
def memory_policy(b):
    for mode, number in (("MPOL_PREFERRED", 1), ("MPOL_BIND", 2), ("MPOL_INTERLEAVE", 3), ("MPOL_PREFERRED_MANY", 5)):
        b.set("linux.memoryPolicy", {"mode": mode, "nodes": "0"})
        expect(b.read("probe memory-policy"), f"mode={number} flags=0 nodes=1", mode)
    b.set("linux.memoryPolicy", {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]})
    expect(b.read("probe memory-policy"), "mode=2 flags=32768 nodes=1")
    for mode, number in (("MPOL_DEFAULT", 0), ("MPOL_LOCAL", 4)):
        b.set("linux.memoryPolicy", {"mode": mode})
        expect(b.read("probe memory-policy"), f"mode={number} flags=0 nodes=0", mode)


@row("linux.mountLabel", needs=no_selinux)
def mount_label(b):
    label = "system_u:object_r:container_file_t:s0:c1,c2"
    b.set("linux.mountLabel", label)
    expect_match(label, b.read("getfattr -n security.selinux /dev/shm"))


def no_resctrl():
    return "the host has no resctrl; that it is an error is"


for leaf in ("closID", "schemata[]", "l3CacheSchema", "memBwSchema", "enableMonitoring"):
    row(f"linux.intelRdt.{leaf}", needs=no_resctrl)(lambda b: None)

wrong("ociVersion", put("ociVersion", "2.0.0"), "ociVersion")
wrong("annotations.*", put("annotations", {"a": 1}), "annotations.a")
wrong("root.path", put("root.path", "no-such-root"), "root.path")
wrong("root.readonly", put("root.readonly", "yes"), "root.readonly")
wrong("hostname", put("hostname", "x" * 65), "hostname")
wrong("domainname", put("domainname", "x" * 65), "domainname")
wrong("linux.rootfsPropagation", put("linux.rootfsPropagation", "wide"), "linux.rootfsPropagation")
wrong("linux.maskedPaths[]", put("linux.maskedPaths", ["proc/kcore"]), r"linux.maskedPaths\[0\]")
wrong("linux.readonlyPaths[]", put("linux.readonlyPaths", ["sys"]), r"linux.readonlyPaths\[0\]")
wrong("linux.sysctl.*", put("linux.sysctl", {"kernel.panic": "1"}), "linux.sysctl.kernel.panic")
wrong("linux.sysctl.*", put("linux.sysctl", {"net.no_such": "1"}), "net/no_such")
wrong("linux.sysctl.*", put("linux.sysctl", {"net.ipv4/../../kernel/panic": "1"}), "linux.sysctl")
for member, value in (("type", "x"), ("path", "dev/x"), ("major", -1), ("minor", "3"), ("fileMode", 1 << 17),
                      ("uid", -1), ("gid", 2**32)):
    wrong(f"linux.devices[].{member}", put("linux.devices", [device(**{member: value})]), rf"linux.devices\[0\].{member}")
wrong("linux.personality.domain", put("linux.personality", {"domain": "SUNOS"}), "linux.personality.domain")
wrong("linux.personality.flags[]", put("linux.personality", {"domain": "LINUX", "flags": [1]}), "linux.personality.flags")
wrong("linux.memoryPolicy.mode", put("linux.memoryPolicy", {"mode": "MPOL_X"}), "linux.memoryPolicy.mode")
wrong("linux.memoryPolicy.nodes", put("linux.memoryPolicy", {"mode": "MPOL_BIND", "nodes": "1000"}), "linux.memoryPolicy")
wrong("linux.memoryPolicy.nodes", put("linux.memoryPolicy", {"mode": "MPOL_BIND", "nodes": "3-1"}), "linux.memoryPolicy")
wrong("linux.memoryPolicy.flags[]", put("linux.memoryPolicy", {"mode": "MPOL_LOCAL", "flags": ["MPOL_F_STATIC_NODES"]}),
      "linux.memoryPolicy.flags")
wrong("linux.mountLabel", put("linux.mountLabel", "no:such:label"), "linux.mountLabel")
for member, value in (("closID", "x"), ("schemata", ["L3:0=f"]), ("l3CacheSchema", "L3:0=f"), ("memBwSchema", "MB:0=20"),
                      ("enableMonitoring", True)):
    leaf = f"linux.intelRdt.{member}" + ("[]" if member == "schemata" else "")
    wrong(leaf, put("linux.intelRdt", {member: value}), "linux.intelRdt")

"""linux.namespaces and what belongs to them: maps of ids, offsets of clocks, network devices."""

import os
import subprocess

from leaves import Failed, expect, expect_match, put, row, wrong

NAMES = {"mount": "mnt", "pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts", "user": "user", "cgroup": "cgroup",
         "time": "time"}
ALL = ("pid", "network", "ipc", "uts", "mount")


def links(b, **how):
    text = b.read("for i in mnt pid net ipc uts user cgroup time; do readlink /proc/self/ns/$i; done", **how)
    return dict(zip(("mount", "pid", "network", "ipc", "uts", "user", "cgroup", "time"), text.split()))


def ours(pid="self"):
    return {kind: os.readlink(f"/proc/{pid}/ns/{name}") for kind, name in NAMES.items()}


def chown_root(b, uid=100000, gid=None):
    subprocess.run(["chown", "-hR", f"{uid}:{gid or uid}", b.rootfs], check=True)


def user_namespace(b, uids=None, gids=None, *kinds):
    maps = uids or [{"containerID": 0, "hostID": 100000, "size": 65536}]
    b.namespaces(*(kinds or ALL), "user")
    b.set("linux.uidMappings", maps)
    b.set("linux.gidMappings", gids or maps)


@row("linux.namespaces[].type")
def each_new(b):
    b.namespaces(*ALL, "cgroup", "time")
    got, host = links(b), ours()
    for kind in NAMES:
        expect(got[kind] != host[kind], kind != "user", kind)


@row("linux.namespaces[].type")
def each_left_out(b):
    for kind in ("ipc", "uts", "network"):
        b.namespaces(*(k for k in ALL if k != kind))
        if kind == "uts":
            b.config.pop("hostname", None)
        expect(links(b)[kind], ours()[kind], kind)


@row("linux.namespaces[].type")
def no_pid_namespace(b):
    b.namespaces("mount", "network", "ipc", "uts")
    expect(b.read("test $$ != 1 && echo other"), "other")


@row("linux.namespaces[].type")
def no_mount_namespace(b):
    b.namespaces("pid", "ipc", "uts", "network")
    b.set("linux.maskedPaths", [])
    b.set("linux.readonlyPaths", [])
    b.config["mounts"] = []
    with open("/proc/self/mountinfo") as f:
        before = f.read()
    expect(b.read("ls -d /bin/probe; ls /home 2>/dev/null || echo inside"), "/bin/probe\ninside")
    with open("/proc/self/mountinfo") as f:
        expect(f.read(), before, "the host's mounts")


@row("linux.namespaces[].path")
def each_by_path(b):
    b.namespaces(*ALL, "cgroup", "time")
    pid = b.start()
    theirs, first = ours(pid), b.id
    b.config["mounts"] = [m for m in b.config["mounts"] if m["destination"] != "/sys/fs/cgroup"]
    for kind in ("ipc", "uts", "network", "pid", "cgroup", "time"):
        b.id = f"{first}-{kind}"
        b.namespaces(*(k for k in ALL if k != kind), **{kind: f"/proc/{pid}/ns/{NAMES[kind]}"})
        got = links(b)
        expect(got[kind], theirs[kind], kind)
        expect(got["mount"] != theirs["mount"], True)


@row("linux.namespaces[].path")
def all_by_path(b):
    b.namespaces(*ALL)
    pid = b.start()
    theirs, first = ours(pid), b.id
    b.id = f"{first}-all"
    b.set("linux.maskedPaths", [])
    b.set("linux.readonlyPaths", [])
    b.config["mounts"] = []
    b.namespaces(**{kind: f"/proc/{pid}/ns/{NAMES[kind]}" for kind in ALL})
    # Its root is the bundle's own, without a proc: the host looks.
    inner = b.start()
    expect({kind: value for kind, value in ours(inner).items() if kind in ALL},
           {kind: value for kind, value in theirs.items() if kind in ALL})


@row("linux.namespaces[].path")
def user_and_others_by_path(b):
    chown_root(b)
    user_namespace(b)
    b.config["mounts"] = [m for m in b.config["mounts"] if m["destination"] != "/sys/fs/cgroup"]
    pid = b.start()
    theirs, first = ours(pid), b.id
    b.id = f"{first}-user"
    del b.config["linux"]["uidMappings"], b.config["linux"]["gidMappings"]
    b.namespaces("pid", "mount", "uts", user=f"/proc/{pid}/ns/user", network=f"/proc/{pid}/ns/net", ipc=f"/proc/{pid}/ns/ipc")
    got = links(b)
    for kind in ("user", "network", "ipc"):
        expect(got[kind], theirs[kind], kind)
    b.id = f"{first}-mount"
    b.set("linux.maskedPaths", [])
    b.set("linux.readonlyPaths", [])
    b.config["mounts"] = []
    b.namespaces("pid", user=f"/proc/{pid}/ns/user", mount=f"/proc/{pid}/ns/mnt", uts=f"/proc/{pid}/ns/uts")
    inner = b.start()
    for kind in ("user", "mount", "uts"):
        expect(ours(inner)[kind], theirs[kind], kind + ", joined with its user namespace")


@row("linux.namespaces[].path")
def namespace_of_the_host_and_own_user(b):
    """The network is the host's root's, the user namespace new: it is joined before."""
    b.config["mounts"] = [m for m in b.config["mounts"] if m["destination"] not in ("/sys/fs/cgroup", "/sys")]
    b.namespaces(*ALL)
    pid = b.start()
    theirs, first = ours(pid), b.id
    b.id = f"{first}-user"
    chown_root(b)
    user_namespace(b, None, None, "pid", "mount", "uts", "ipc")
    b.config["linux"]["namespaces"].append({"type": "network", "path": f"/proc/{pid}/ns/net"})
    expect(links(b)["network"], theirs["network"])


@row("linux.namespaces[].path")
def joined_user_and_network_of_the_host(b):
    """Neither has a right to the other's: each is joined by who may."""
    b.config["mounts"] = [m for m in b.config["mounts"] if m["destination"] not in ("/sys/fs/cgroup", "/sys")]
    b.namespaces(*ALL)
    network = b.start()
    first = b.id
    chown_root(b)
    b.id = f"{first}-user"
    user_namespace(b)
    pid = b.start(id_=b.id)
    b.id = f"{first}-both"
    del b.config["linux"]["uidMappings"], b.config["linux"]["gidMappings"]
    b.namespaces("pid", "mount", "uts", "ipc", user=f"/proc/{pid}/ns/user", network=f"/proc/{network}/ns/net")
    got = links(b)
    expect((got["user"], got["network"]), (ours(pid)["user"], ours(network)["network"]))


@row("linux.uidMappings[].containerID", "linux.uidMappings[].hostID", "linux.uidMappings[].size",
     "linux.gidMappings[].containerID", "linux.gidMappings[].hostID", "linux.gidMappings[].size")
def maps_of_several_ranges(b):
    chown_root(b)
    uids = [{"containerID": 0, "hostID": 100000, "size": 1}, {"containerID": 1000, "hostID": 300000, "size": 10},
            {"containerID": 1, "hostID": 200000, "size": 500}]
    gids = [{"containerID": 0, "hostID": 100000, "size": 1}, {"containerID": 7, "hostID": 400000, "size": 1}]
    user_namespace(b, uids, gids)
    b.config["mounts"] = [m for m in b.config["mounts"] if m["destination"] not in ("/sys/fs/cgroup", "/dev/pts")]
    text = b.read("cat /proc/self/uid_map; echo; cat /proc/self/gid_map; touch /tmp/file; stat -c %u:%g /tmp/file")
    uid_text, rest = text.split("\n\n")
    expect(sorted(tuple(map(int, line.split())) for line in uid_text.splitlines()),
           sorted((m["containerID"], m["hostID"], m["size"]) for m in uids))
    lines = rest.splitlines()
    expect([tuple(map(int, line.split())) for line in lines[:2]], [(0, 100000, 1), (7, 400000, 1)])
    expect(lines[2], "0:0")
    expect(os.stat(os.path.join(b.rootfs, "tmp/file")).st_uid, 100000, "on the host")


@row("linux.uidMappings[].containerID")
def root_is_not_mapped(b):
    chown_root(b, 100000)
    maps = [{"containerID": 1000, "hostID": 100000, "size": 10}]
    user_namespace(b, maps, maps)
    b.set("process.user", {"uid": 1000, "gid": 1000})
    b.config["mounts"] = [m for m in b.config["mounts"] if m["destination"] not in ("/sys/fs/cgroup", "/dev/pts")]
    expect(b.read("id -u; id -g; stat -c %u /bin/probe"), "1000\n1000\n1000")


@row("linux.uidMappings[].containerID")
def devices_in_a_user_namespace(b):
    chown_root(b)
    user_namespace(b)
    b.config["mounts"] = [m for m in b.config["mounts"] if m["destination"] != "/sys/fs/cgroup"]
    b.set("linux.devices", [{"path": "/dev/fifo", "type": "p", "fileMode": 0o600}])
    got = b.read("cd /dev; stat -c '%n %t:%T' null zero full random urandom tty; stat -c %F fifo; echo x >null")
    expect(got.splitlines(), ["null 1:3", "zero 1:5", "full 1:7", "random 1:8", "urandom 1:9", "tty 5:0", "fifo"])


@row("linux.timeOffsets.monotonic.secs", "linux.timeOffsets.monotonic.nanosecs", "linux.timeOffsets.boottime.secs",
     "linux.timeOffsets.boottime.nanosecs")
def clocks(b):
    b.namespaces(*ALL, "time")
    b.set("linux.timeOffsets", {"monotonic": {"secs": 1000, "nanosecs": 5}, "boottime": {"secs": 500000, "nanosecs": 7}})
    import time
    before = (time.clock_gettime(time.CLOCK_MONOTONIC), time.clock_gettime(time.CLOCK_BOOTTIME))
    text = b.read("cat /proc/self/timens_offsets; probe clocks")
    expect([tuple(line.split()) for line in text.splitlines()[:2]], [("monotonic", "1000", "5"), ("boottime", "500000", "7")])
    for now, then, offset in zip(text.splitlines()[2].split(), before, (1000, 500000)):
        if not 0 <= float(now) - then - offset < 20:
            raise Failed(f"a clock shows {now}, it was {then} before")


@row("linux.timeOffsets.boottime.secs")
def clocks_of_a_namespace_that_is_joined(b):
    b.namespaces(*ALL, "time")
    b.set("linux.timeOffsets", {"boottime": {"secs": 77777}})
    pid = b.start()
    b.id += "-joins"
    del b.config["linux"]["timeOffsets"]
    b.namespaces(*ALL, time=f"/proc/{pid}/ns/time")
    expect_match(r"boottime +77777 +0", b.read("cat /proc/self/timens_offsets"))


class Pair:
    """Two ends of a veth on the host; both are gone with the namespace that one has moved to."""

    def __init__(self):
        self.a, self.b = f"lf{os.getpid() % 100000}a", f"lf{os.getpid() % 100000}b"
        subprocess.run(["ip", "link", "add", self.a, "type", "veth", "peer", "name", self.b], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "link", "del", self.b], check=False, stderr=subprocess.DEVNULL)


@row("linux.netDevices.*.name")
def network_device(b):
    with Pair() as pair:
        for address in ("192.0.2.7/24", "2001:db8::7/64"):
            subprocess.run(["ip", "address", "add", address, "dev", pair.a, *(["nodad"] if ":" in address else [])], check=True)
        b.set("linux.netDevices", {pair.a: {"name": "inside0"}})
        got = b.read("ip address show inside0")
        expect_match("inside0.*UP", got)
        expect_match("inet 192.0.2.7/24", got)
        expect_match("inet6 2001:db8::7/64 scope global", got)
    with Pair() as pair:
        b.set("linux.netDevices", {pair.a: {}})
        expect_match(pair.a, b.read(f"ip link show {pair.a}"))


@row("linux.netDevices.*.name")
def network_device_in_a_user_namespace(b):
    chown_root(b)
    user_namespace(b)
    b.config["mounts"] = [m for m in b.config["mounts"] if m["destination"] != "/sys/fs/cgroup"]
    with Pair() as pair:
        b.set("linux.netDevices", {pair.a: {"name": "inside0"}})
        expect_match("inside0", b.read("ip link show inside0"))


def kinds(*listed):
    return put("linux.namespaces", [{"type": "mount"}, {"type": "uts"}, {"type": "pid"}, *listed])


def mapped(kind, **more):
    def change(config):
        line, other = {"containerID": 0, "hostID": 0, "size": 1, **more}, {"containerID": 0, "hostID": 0, "size": 1}
        config["linux"]["namespaces"].append({"type": "user"})
        config["linux"].update({"uidMappings": [other], "gidMappings": [other], kind: [line]})

    return change


wrong("linux.namespaces[].type", kinds({"type": "net"}), r"linux.namespaces\[3\].type")
wrong("linux.namespaces[].type", kinds({"type": "pid"}), r"linux.namespaces\[3\]")
wrong("linux.namespaces[].type", kinds({"path": "/proc/self/ns/net"}), r"linux.namespaces\[3\]")
wrong("linux.namespaces[].path", kinds({"type": "network", "path": "/no/such/namespace"}), "/no/such/namespace")
wrong("linux.namespaces[].path", kinds({"type": "network", "path": "/proc/self/ns/uts"}), "namespace")
for kind_ in ("uidMappings", "gidMappings"):
    wrong(f"linux.{kind_}[].containerID", mapped(kind_, containerID=2**32), rf"linux.{kind_}\[0\].containerID")
    wrong(f"linux.{kind_}[].hostID", mapped(kind_, hostID=-1), rf"linux.{kind_}\[0\].hostID")
    wrong(f"linux.{kind_}[].size", mapped(kind_, size=0), rf"linux.{kind_}\[0\].size")
wrong("linux.netDevices.*.name", put("linux.netDevices", {"lo": {"name": "a/b"}}), "linux.netDevices.lo.name")
wrong("linux.netDevices.*.name", put("linux.netDevices", {"no-such-dev": {}}), "linux.netDevices.no-such-dev")
for clock in ("boottime", "monotonic"):
    for member, value in (("secs", "1"), ("nanosecs", 10**9)):
        wrong(f"linux.timeOffsets.{clock}.{member}",
              put("linux", {"namespaces": [{"type": "mount"}, {"type": "time"}], "timeOffsets": {clock: {member: value}}}),
              rf"linux.timeOffsets.{clock}.{member}")

"""mounts: every option, type, target and map."""

import os
import re
import subprocess

from leaves import Failed, HostMount, expect, expect_match, find, info, put, row, source, wrong


@row("mounts[].destination", "mounts[].source", "mounts[].type", "mounts[].options[]")
def bind_a_directory(b):
    path = source(b)
    with open(os.path.join(path, "file"), "w") as f:
        f.write("here")
    b.mount("/data/made/below", "bind", path, "bind")
    expect(b.read("cat /data/made/below/file; echo new >/data/made/below/new"), "here")
    expect(open(os.path.join(path, "new")).read(), "new\n")


@row("mounts[].source")
def source_relative_to_the_bundle(b):
    source(b, "beside", file="relative")
    b.mount("/data", "none", "beside", "bind")
    expect(b.read("cat /data"), "relative")


@row("mounts[].destination")
def bind_a_file(b):
    b.mount("/etc/made.conf", "bind", source(b, "file", file="text\n"), "bind", "ro")
    expect(b.read("cat /etc/made.conf; echo x 2>/dev/null >>/etc/made.conf || echo read-only"), "text\nread-only")


@row("mounts[].destination")
def destination_behind_links(b):
    os.symlink("/../../../../../../mnt", os.path.join(b.rootfs, "link"))
    os.symlink("loop", os.path.join(b.rootfs, "loop"))
    b.mount("/link/inside", "tmpfs", "tmpfs", "size=64k")
    expect(info(b, "/mnt/inside")["type"], "tmpfs")
    b.config["mounts"][-1]["destination"] = "/loop/x"
    b.fails("/loop/x")


@row("mounts[].destination")
def destination_in_proc(b):
    """CVE-2019-16884, CVE-2023-28642: neither by name nor by a link of the image."""
    b.mount("/proc/self/attr", "bind", source(b), "bind")
    b.fails("/proc")
    b.config["mounts"].pop()
    b.mount("/proc", "tmpfs", "tmpfs")
    b.fails("/proc")
    b.config["mounts"].pop()
    os.symlink("/proc/self", os.path.join(b.rootfs, "trap"))
    b.mount("/trap/attr", "tmpfs", "tmpfs")
    b.fails("/proc|trap")
    b.config["mounts"].pop()
    os.rmdir(os.path.join(b.rootfs, "proc"))
    os.symlink("/mnt", os.path.join(b.rootfs, "proc"))
    result = b.run("grep ' /mnt ' /proc/self/mountinfo")
    if result.status == 0:
        raise Failed("proc was led elsewhere, and the masks with it")


@row("mounts[].destination")
def destination_in_proc_that_is_allowed(b):
    b.mount("/proc/uptime", "bind", source(b, "uptime", file="1.00 1.00"), "bind")
    expect(b.read("cat /proc/uptime"), "1.00 1.00")


@row("mounts[].destination")
def destination_without_a_slash(b):
    b.mount("data", "tmpfs", "tmpfs")
    expect(info(b, "/data")["type"], "tmpfs")


@row("mounts[].destination")
def destination_twice(b):
    b.mount("/data", "tmpfs", "tmpfs", "size=64k")
    b.mount("/data/below", "tmpfs", "tmpfs", "size=128k")
    expect(info(b, "/data/below")["super"].count("size=128k"), 1)


PLAIN = [("ro", "ro", "rw"), ("nosuid", "nosuid", "suid"), ("nodev", "nodev", "dev"), ("noexec", "noexec", "exec"),
         ("noatime", "noatime", "atime"), ("nodiratime", "nodiratime", "diratime"), ("relatime", "relatime", "norelatime"),
         ("nosymfollow", "nosymfollow", "symfollow")]


@row("mounts[].options[]")
def flags_of_a_bind(b):
    path = source(b)
    for option, shown, _ in PLAIN:
        b.mount(f"/{option}", "bind", path, "bind", option)
    for option, shown, opposite in PLAIN:
        b.mount(f"/{opposite}", "bind", path, "bind", option, opposite)
    text = b.read("cat /proc/self/mountinfo")
    for option, shown, opposite in PLAIN:
        expect(shown in find(text, f"/{option}")["options"], True, option)
        if opposite not in ("norelatime", "rw"):
            expect(shown in find(text, f"/{opposite}")["options"], False, opposite)
    expect("rw" in find(text, "/rw")["options"], True)


@row("mounts[].options[]")
def flags_of_a_file_system(b):
    for option, _, _ in PLAIN:
        b.mount(f"/{option}", "tmpfs", "tmpfs", option)
    b.mount("/strictatime", "tmpfs", "tmpfs", "strictatime")
    b.mount("/defaults", "tmpfs", "tmpfs", "defaults")
    b.mount("/sync", "tmpfs", "tmpfs", "sync", "dirsync", "lazytime", "silent", "async", "sync")
    text = b.read("cat /proc/self/mountinfo")
    for option, shown, _ in PLAIN:
        expect(shown in find(text, f"/{option}")["options"], True, option)
    expect(set(find(text, "/strictatime")["options"]), {"rw"})
    expect(find(text, "/defaults")["options"], ["rw", "relatime"])
    expect({"sync", "dirsync", "lazytime"} <= set(find(text, "/sync")["super"]), True, "flags of the file system")


@row("mounts[].options[]")
def bind_keeps_what_the_host_has(b):
    with HostMount(os.path.join(b.path, "host"), "-o", "noexec,nodev") as path:
        b.mount("/kept", "bind", path, "bind", "ro")
        b.mount("/cleared", "bind", path, "bind", "exec")
        text = b.read("cat /proc/self/mountinfo")
    expect({"ro", "noexec", "nodev"} <= set(find(text, "/kept")["options"]), True, "kept")
    expect("noexec" in find(text, "/cleared")["options"], False, "cleared")


@row("mounts[].options[]")
def bind_and_rbind(b):
    with HostMount(os.path.join(b.path, "host")) as path, HostMount(os.path.join(path, "below")):
        b.mount("/one", "bind", path, "bind")
        b.mount("/all", "bind", path, "rbind", "ro")
        text = b.read("cat /proc/self/mountinfo")
    expect(" /one/below " in text, False, "bind brings what is below")
    expect("rw" in find(text, "/all/below")["options"], True, "ro is of one mount")
    expect("ro" in find(text, "/all")["options"], True)


TREE = [("rro", "ro", "rrw"), ("rnosuid", "nosuid", "rsuid"), ("rnodev", "nodev", "rdev"), ("rnoexec", "noexec", "rexec"),
        ("rnoatime", "noatime", "ratime"), ("rnodiratime", "nodiratime", "rdiratime"),
        ("rnosymfollow", "nosymfollow", "rsymfollow"), ("rrelatime", "relatime", "rnorelatime")]


@row("mounts[].options[]")
def recursive_attributes(b):
    with HostMount(os.path.join(b.path, "host")) as path, HostMount(os.path.join(path, "below"), "-o", "nosuid"):
        for option, _, opposite in TREE:
            b.mount(f"/{option}", "bind", path, "rbind", option)
            b.mount(f"/{opposite}", "bind", path, "rbind", option, opposite)
        b.mount("/rstrictatime", "bind", path, "rbind", "rstrictatime")
        b.mount("/rnostrictatime", "bind", path, "rbind", "rstrictatime", "rnostrictatime")
        b.mount("/fs", "tmpfs", "tmpfs", "rro", "rnosuid")
        text = b.read("cat /proc/self/mountinfo")
    for option, shown, opposite in TREE:
        for below in ("", "/below"):
            expect(shown in find(text, f"/{option}{below}")["options"], True, option + below)
            if opposite != "rnorelatime":
                expect(shown in find(text, f"/{opposite}{below}")["options"], False, opposite + below)
    expect({"relatime", "noatime"} & set(find(text, "/rstrictatime/below")["options"]), set())
    expect({"ro", "nosuid"} <= set(find(text, "/fs")["options"]), True, "of a new file system")


def tags(b, *options):
    with HostMount(os.path.join(b.path, "host"), "--make-shared") as path, HostMount(os.path.join(path, "below")):
        b.mount("/p", "bind", path, "rbind", *options)
        text = b.read("cat /proc/self/mountinfo")
        b.config["mounts"].pop()
    kinds = []
    for place in ("/p", "/p/below"):
        kinds.append(" ".join(sorted(tag.split(":")[0] for tag in find(text, place)["tags"])))
    return kinds


@row("mounts[].options[]")
def propagation(b):
    for option, top, below in (
        ("private", "", "*"), ("rprivate", "", ""), ("slave", "master", "*"), ("rslave", "master", "master"),
        ("shared", "shared", "*"), ("rshared", "shared", "shared"), ("unbindable", "unbindable", "*"),
        ("runbindable", "unbindable", "unbindable"),
    ):
        got = tags(b, option)
        expect(got[0], top, option)
        if below != "*":
            expect(got[1], below, option + " below")
    expect(tags(b)[0], "master", "by itself")


@row("mounts[].options[]")
def propagation_as_the_host_sees_it(b):
    """What is mounted on one side appears on the other, or not."""
    for option, comes_in, goes_out in (("rshared", True, True), ("rslave", True, False), ("rprivate", False, False)):
        with HostMount(os.path.join(b.path, "host"), "--make-shared") as path:
            for name in ("in", "out"):
                os.makedirs(os.path.join(path, name))
            b.give("CAP_SYS_ADMIN")
            b.mount("/p", "bind", path, "rbind", option)
            pid = b.start("mount -t tmpfs tmpfs /p/out && touch /p/out/seen; touch /tmp/done; exec sleep 60",
                          id_=f"{b.id}-{option}")
            while not os.path.exists(os.path.join(b.rootfs, "tmp/done")):
                pass
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", os.path.join(path, "in")], check=True)
            with open(f"/proc/{pid}/mountinfo") as f:
                inside = f.read()
            with open("/proc/self/mountinfo") as f:
                outside = f.read()
            b.call("delete", "--force", f"{b.id}-{option}")
            os.unlink(os.path.join(b.rootfs, "tmp/done"))
            b.config["mounts"].pop()
        expect(" /p/in " in inside, comes_in, option + ", in")
        expect(f" {path}/out " in outside, goes_out, option + ", out")


@row("mounts[].options[]")
def tmpfs_and_its_data(b):
    b.mount("/data", "tmpfs", "tmpfs", "size=128k", "mode=1700", "uid=1000", "gid=1001", "nr_inodes=50")
    got = b.read("stat -c %u:%g:%a /data; stat -f -c %b /data; cat /proc/self/mountinfo").splitlines()
    expect(got[:2], ["1000:1001:1700", "32"])
    expect({"size=128k", "mode=1700", "nr_inodes=50"} <= set(find("\n".join(got), "/data")["super"]), True)


@row("mounts[].options[]")
def tmpcopyup(b):
    os.makedirs(os.path.join(b.rootfs, "full/deep"))
    b.write("full/deep/file", "copied\n")
    os.chmod(os.path.join(b.rootfs, "full"), 0o750)
    b.mount("/full", "tmpfs", "tmpfs", "tmpcopyup")
    expect(b.read("cat /full/deep/file; echo changed >/full/deep/file; stat -f -c %T /full"), "copied\ntmpfs")
    expect(open(os.path.join(b.rootfs, "full/deep/file")).read(), "copied\n")


@row("mounts[].options[]")
def remount(b):
    b.mount("/data", "tmpfs", "tmpfs", "size=64k")
    b.mount("/data", "tmpfs", "tmpfs", "remount", "ro", "nosuid", "size=128k")
    got = info(b, "/data")
    expect(("ro" in got["options"], "nosuid" in got["options"], "size=128k" in got["super"]), (True, True, True))
    b.config["mounts"][-1] = {"destination": "/data", "type": "none", "options": ["remount", "bind", "noexec"]}
    got = info(b, "/data")
    expect(("noexec" in got["options"], "rw" in got["super"]), (True, True))
    b.config["mounts"][-1]["destination"] = "/mnt"
    b.fails("/mnt")


@row("mounts[].type")
def kernel_file_systems(b):
    b.mount("/k/proc", "proc", "proc", "nosuid", "hidepid=2")
    b.mount("/k/sys", "sysfs", "sysfs", "ro")
    b.mount("/k/pts", "devpts", "devpts", "newinstance", "mode=0600", "ptmxmode=0666")
    b.mount("/k/mqueue", "mqueue", "mqueue", "nosuid")
    b.mount("/k/tmp", "tmpfs", "other-name", "size=4k")
    b.mount("/k/ramfs", "ramfs", "ramfs", "mode=700")
    text = b.read("cat /proc/self/mountinfo; stat -f -c %t /k/proc /k/sys /k/pts /k/mqueue")
    for name, type_ in (("proc", "proc"), ("sys", "sysfs"), ("pts", "devpts"), ("mqueue", "mqueue"), ("tmp", "tmpfs"),
                        ("ramfs", "ramfs")):
        expect(find(text, f"/k/{name}")["type"], type_)
    expect(text.splitlines()[-4:], ["9fa0", "62656572", "1cd1", "19800202"])
    expect_match(" - tmpfs other-name ", text)
    expect("hidepid=invisible" in find(text, "/k/proc")["super"], True)


@row("mounts[].type")
def overlay(b):
    for name in ("lower", "upper", "work"):
        source(b, name)
    with open(os.path.join(b.path, "lower/file"), "w") as f:
        f.write("low")
    b.mount("/o", "overlay", "overlay", f"lowerdir={b.path}/lower", f"upperdir={b.path}/upper", f"workdir={b.path}/work")
    expect(b.read("cat /o/file; echo up >/o/file"), "low")
    expect(open(os.path.join(b.path, "upper/file")).read(), "up\n")


@row("mounts[].type")
def control_groups(b):
    for namespace in (False, True):
        b.set("linux.namespaces", [{"type": t} for t in ("pid", "network", "ipc", "uts", "mount") + ("cgroup",) * namespace])
        for type_ in ("cgroup", "cgroup2"):
            b.config["mounts"][-1]["type"] = type_
            text = b.read("cat /proc/self/mountinfo; ls /sys/fs/cgroup")
            expect_match(r" /sys/fs/cgroup\S* \S*ro\S* ", text)
            own = [line.split() for line in text.splitlines() if re.search(r" - cgroup2? ", line)]
            expect({line[3] == "/" for line in own}, {namespace}, "the group is the root")


@row("mounts[].type")
def type_that_is_empty(b):
    b.mount("/data", "", source(b), "bind")
    del b.config["mounts"][-1]["type"]
    expect(info(b, "/data")["options"][0], "rw")


def owned(b, path, uid, gid):
    with open(os.path.join(path, "file"), "w") as f:
        f.write("x")
    os.chown(os.path.join(path, "file"), uid, gid)


MAP = [{"containerID": 0, "hostID": 100000, "size": 1000}, {"containerID": 1000, "hostID": 300000, "size": 1000}]


@row("mounts[].uidMappings[].containerID", "mounts[].uidMappings[].hostID", "mounts[].uidMappings[].size",
     "mounts[].gidMappings[].containerID", "mounts[].gidMappings[].hostID", "mounts[].gidMappings[].size",
     "mounts[].options[]")
def own_maps(b):
    path = source(b)
    owned(b, path, 5, 1006)
    b.mount("/m", "bind", path, "bind", "idmap", uidMappings=MAP, gidMappings=MAP)
    expect(b.read("stat -c %u:%g /m/file"), "100005:300006")


@row("mounts[].options[]")
def map_of_the_user_namespace(b):
    with HostMount(os.path.join(b.path, "host")) as path, HostMount(os.path.join(path, "below")):
        owned(b, path, 5, 1006)
        owned(b, os.path.join(path, "below"), 7, 8)
        b.config["linux"]["namespaces"].append({"type": "user"})
        b.set("linux.uidMappings", MAP)
        b.set("linux.gidMappings", MAP)
        os.chown(b.rootfs, 100000, 100000)
        subprocess.run(["chown", "-hR", "100000:100000", b.rootfs], check=True)
        b.config["mounts"] = [m for m in b.config["mounts"] if m["destination"] not in ("/sys/fs/cgroup",)]
        b.mount("/one", "bind", path, "rbind", "idmap")
        b.mount("/all", "bind", path, "rbind", "ridmap")
        text = b.read("stat -c %u:%g /one/file /one/below/file /all/file /all/below/file")
    expect(text.splitlines(), ["5:1006", "65534:65534", "5:1006", "7:8"])


def mount_with(**more):
    def change(config):
        whole = {"destination": "/x", "type": "bind", "source": "/tmp", "options": ["bind"]}
        whole.update(more)
        config["mounts"].append(whole)

    return change


def map_with(kind, **more):
    line = {"containerID": 0, "hostID": 0, "size": 1, **more}
    other = {"containerID": 0, "hostID": 0, "size": 1}
    maps = {"uidMappings": [other], "gidMappings": [other], kind: [line]}
    return mount_with(options=["bind", "idmap"], **maps)


wrong("mounts[].destination", mount_with(destination=""), r"mounts\[7\].destination")
wrong("mounts[].source", mount_with(source="/no/such/source"), "/no/such/source")
wrong("mounts[].type", mount_with(type="no-such-fs", options=[]), r"/x: .*no-such-fs")
wrong("mounts[].options[]", mount_with(type="tmpfs", options=["size=much"]), "/x: .*size")
wrong("mounts[].options[]", mount_with(type="tmpfs", options=["idmap"]), r"mounts\[7\]")
for kind_ in ("uidMappings", "gidMappings"):
    wrong(f"mounts[].{kind_}[].containerID", map_with(kind_, containerID=-1), rf"mounts\[7\].{kind_}\[0\].containerID")
    wrong(f"mounts[].{kind_}[].hostID", map_with(kind_, hostID=2**32), rf"mounts\[7\].{kind_}\[0\].hostID")
    wrong(f"mounts[].{kind_}[].size", map_with(kind_, size=0), rf"mounts\[7\].{kind_}\[0\].size")

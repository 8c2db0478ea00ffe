"""An ordinary user who maps one id, its own: what config.json says holds as far as the kernel lets it."""

import json
import os
import subprocess

from leaves import Failed, expect, expect_match, find, row

USER = 12345


def rootless(b, **changes):
    """The bundle of an ordinary user, with the config.json of `spec --rootless`."""
    subprocess.run(["chown", "-hR", f"{USER}:{USER}", b.path], check=True)
    result = b.call("spec", "--rootless", user=USER)
    if result.status:
        raise Failed(result.err)
    with open(os.path.join(b.path, "config.json")) as f:
        b.config = json.load(f)
    b.set("process.terminal", False)
    b.set("root.readonly", False)
    for path, value in changes.items():
        b.set(path.replace("_", "."), value)


def call(b, *arguments):
    result = b.call(*arguments, user=USER)
    if result.status:
        raise Failed(f"{arguments}: {result.err}")
    return result.out


@row("linux.uidMappings[].hostID", "linux.gidMappings[].hostID")
def one_id(b):
    rootless(b)
    result = b.run("id -u; id -g; cat /proc/self/uid_map /proc/self/setgroups; touch /tmp/mine", user=USER)
    expect(result.out.split(), ["0", "0", "0", str(USER), "1", "deny"], result.err)
    expect(os.stat(os.path.join(b.rootfs, "tmp/mine")).st_uid, USER)


@row("linux.uidMappings[].containerID", "process.user.uid")
def one_id_that_is_not_root(b):
    rootless(b)
    for kind in ("uidMappings", "gidMappings"):
        b.set(f"linux.{kind}", [{"containerID": 1000, "hostID": USER, "size": 1}])
    b.set("process.user", {"uid": 1000, "gid": 1000})
    expect(b.run("id -u; id -g", user=USER).out.split(), ["1000", "1000"])


@row("mounts[].source", "mounts[].options[]", "linux.maskedPaths[]", "linux.devices[].path")
def mounts(b):
    source = os.path.join(b.path, "source")
    os.makedirs(source)
    with open(os.path.join(source, "file"), "w") as f:
        f.write("bound")
    rootless(b)
    b.mount("/data", "bind", source, "bind", "ro")
    b.mount("/tmpfs", "tmpfs", "tmpfs", "size=64k", "nosuid")
    result = b.run("cat /data/file; stat -c %t:%T /dev/null /dev/zero /proc/keys; ls -A /sys/firmware;"
                   " cat /proc/self/mountinfo", user=USER)
    expect(result.out.splitlines()[0], "bound1:3", result.err)
    expect(result.out.splitlines()[1:3], ["1:5", "1:3"])
    expect("ro" in find(result.out, "/data")["options"], True)
    expect(find(result.out, "/proc")["type"], "proc")
    expect("ro" in find(result.out, "/sys")["options"], True)


@row("hostname", "linux.namespaces[].type", "annotations.*", "process.noNewPrivileges")
def life(b):
    """Every command of it, by the same user."""
    rootless(b, annotations={"a": "b"}, hostname="mine")
    b.set("process.args", ["/bin/sleep", "60"])
    b.save()
    os.chown(os.path.join(b.path, "config.json"), USER, USER)
    try:
        with open(os.path.join(b.path, "log"), "w") as log:
            subprocess.run(["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", b.base.open_program(),
                            "--root", f"{b.path}/state", "create", "--bundle", b.path, b.id], stdin=subprocess.DEVNULL,
                           stdout=log, stderr=log, timeout=30)
        expect(json.loads(call(b, "state", b.id))["status"], "created", open(os.path.join(b.path, "log")).read())
        call(b, "start", b.id)
        state = json.loads(call(b, "state", b.id))
        expect((state["status"], state["annotations"]), ("running", {"a": "b"}))
        expect(os.stat(f"/proc/{state['pid']}").st_uid, USER)
        expect(call(b, "exec", b.id, "/bin/sh", "-c", "hostname; id -u; grep NoNewPrivs /proc/self/status").split(),
               ["mine", "0", "NoNewPrivs:", "1"])
        expect_match(b.id, call(b, "list"))
    finally:
        call(b, "delete", "--force", b.id)
    try:
        with open(f"/proc/{state['pid']}/stat") as f:
            expect(f.read().rsplit(")")[-1].split()[0], "Z", "its first process")
    except FileNotFoundError:
        pass


@row("process.user.additionalGids[]")
def groups_that_cannot_be_had(b):
    rootless(b)
    b.set("process.user.additionalGids", [5])
    result = b.run("true", user=USER)
    expect(result.status != 0, True)
    expect_match("groups", result.err)
    expect([name for name in os.listdir(f"{b.path}/state") if not name.startswith(".")], [], "what is left")


@row("linux.namespaces[].type")
def limits_that_cannot_be_had(b):
    rootless(b)
    b.set("linux.resources", {"pids": {"limit": 10}})
    result = b.run("true", user=USER)
    expect(result.status != 0, True)
    expect_match("linux.resources.pids.limit: this host's groups have no controller", result.err)
    expect([name for name in os.listdir(f"{b.path}/state") if not name.startswith(".")], [], "what is left")


@row("linux.seccomp.defaultAction", "linux.seccomp.syscalls[].action")
def filter_of_calls(b):
    rootless(b)
    b.set("linux.seccomp", {"defaultAction": "SCMP_ACT_ALLOW",
                            "syscalls": [{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 18}]})
    for value in (True, False):
        b.set("process.noNewPrivileges", value)
        expect(b.run("probe call 121", user=USER).out, "errno=18")


@row("hooks.createRuntime[].path", "hooks.createContainer[].path")
def hooks(b):
    rootless(b)
    b.set("hooks", {kind: [{"path": "/bin/sh", "args": ["sh", "-c", f"id -u >{b.path}/state/{kind}"], "env": ["PATH=/bin:/usr/bin"]}]
                    for kind in ("createRuntime", "createContainer", "poststop")})
    result = b.run("echo ran", user=USER)
    expect(result.out, "ran", result.err)
    for kind, uid in (("createRuntime", USER), ("createContainer", 0), ("poststop", USER)):
        expect(open(os.path.join(b.path, "state", kind)).read().strip(), str(uid), kind)


@row("linux.namespaces[].type")
def root_of_another_user_namespace(b):
    """As podman starts it for an ordinary user: root, but not the host's; without control groups."""
    subprocess.run(["chown", "-hR", f"{USER}:{USER}", b.path], check=True)
    b.config["mounts"] = [m for m in b.config["mounts"] if m["destination"] not in ("/sys/fs/cgroup", "/sys", "/dev/pts")]
    b.namespaces("pid", "ipc", "uts", "mount", "user")
    for kind in ("uidMappings", "gidMappings"):
        b.set(f"linux.{kind}", [{"containerID": 0, "hostID": 0, "size": 1}])
    b.set("process.args", ["/bin/id", "-u"])
    b.save()
    p = subprocess.run(["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "unshare", "-Urm",
                        b.base.open_program(), "--root", f"{b.path}/state", "run", "--bundle", b.path, b.id],
                       capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)
    expect((p.stdout.strip(), p.returncode), ("0", 0), p.stderr)

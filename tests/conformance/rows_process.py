"""process: what the program is, may, and sees of itself."""

import array
import json
import os
import resource
import select
import socket
import subprocess
import threading

from leaves import RUNTIME, TIMEOUT, Failed, expect, expect_match, no_selinux, not_shown, put, row, wrong

SETS = {"bounding": "CapBnd", "permitted": "CapPrm", "effective": "CapEff", "inheritable": "CapInh", "ambient": "CapAmb"}
CHOWN, KILL, NET_RAW = 1 << 0, 1 << 5, 1 << 13


def status_of(text, name):
    return next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith(name + ":"))


def with_terminal(bundle, script):
    """Runs it with a console socket, and returns what the terminal says."""
    path = os.path.join(bundle.path, "console")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    server.settimeout(TIMEOUT)
    bundle.set("process.terminal", True)
    bundle.set("process.args", ["/bin/sh", "-c", script])
    bundle.save()
    bundle.ids.append(bundle.id)
    p = subprocess.Popen(
        [RUNTIME, "--root", bundle.state, "create", "--bundle", bundle.path, "--console-socket", path, bundle.id],
        cwd=bundle.path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    try:
        connection, _ = server.accept()
        _, fds, _, _ = socket.recv_fds(connection, 256, 1)
    finally:
        server.close()
        _, err = p.communicate(timeout=TIMEOUT)
    if p.returncode or not fds:
        raise Failed(f"create: {err}")
    if bundle.call("start", bundle.id).status:
        raise Failed("start")
    said = b""
    while select.select([fds[0]], [], [], TIMEOUT)[0]:
        try:
            chunk = os.read(fds[0], 4096)
        except OSError:  # EIO: the last who had the other end is gone
            break
        if not chunk:
            break
        said += chunk
    os.close(fds[0])
    return said.decode()


@row("process.args[]")
def arguments_with_every_byte(b):
    odd = "a b\tc\n'\"\\$(x) ü"
    result = b.run(args=["/bin/printf", "[%s]", odd, "", "x"])
    expect(result.out, f"[{odd}][][x]")


@row("process.args[]")
def program_by_path_of_env(b):
    os.makedirs(os.path.join(b.rootfs, "opt"))
    os.symlink("/bin/busybox", os.path.join(b.rootfs, "opt/echo"))
    b.set("process.env", ["PATH=/nowhere:/opt"])
    expect(b.run(args=["echo", "found"]).out, "found")


@row("process.args[]")
def program_that_is_missing(b):
    result = b.run(args=["/bin/nothing"])
    expect(result.status != 0, True)
    expect_match("/bin/nothing", result.err)


@row("process.env[]")
def environment_is_exact(b):
    b.set("process.env", ["PATH=/bin", "A=1", "B=x=y", "EMPTY="])
    expect(sorted(b.run(args=["/bin/env"]).out.splitlines()), ["A=1", "B=x=y", "EMPTY=", "HOME=/root", "PATH=/bin"])


@row("process.cwd")
def working_directory(b):
    b.set("process.cwd", "/mnt/made/for/it")
    expect(b.read("pwd; stat -c %u:%a ."), "/mnt/made/for/it\n0:755")


@row("process.cwd")
def working_directory_stays_inside(b):
    os.symlink("../../../../../etc", os.path.join(b.rootfs, "mnt/link"))
    b.set("process.cwd", "/mnt/link")
    expect(b.read("pwd -P; cat passwd | head -n 1"), "/etc\nroot:x:0:0:root:/root:/bin/sh")


@row("process.cwd")
def working_directory_by_descriptor(b):
    for n in range(3, 20):
        b.set("process.cwd", f"/proc/self/fd/{n}/../../..")
        result = b.run("ls -d /tmp/bo.* /vmlinuz /home 2>&1; pwd")
        if result.status == 0 and "/tmp/bo." in result.out.splitlines()[0]:
            raise Failed(f"descriptor {n} leads to the host: {result.out}")


@row("process.terminal")
def terminal(b):
    said = with_terminal(b, "tty; test -t 0 && test -t 1 && test -t 2 && echo all; stat -c %t:%T /dev/console; ls /dev/pts")
    expect_match(r"/dev/(pts/0|console)", said)
    expect_match("all", said)
    expect_match("88:0", said)


@row("process.terminal")
def no_terminal(b):
    expect(b.read("test -t 1 || echo none; test -e /dev/console || echo no console"), "none\nno console")


@row("process.consoleSize.height", "process.consoleSize.width")
def console_size(b):
    b.set("process.consoleSize", {"height": 33, "width": 121})
    expect_match("rows=33 columns=121", with_terminal(b, "probe size"))


@row("process.user.uid", "process.user.gid")
def user_without_entry(b):
    b.set("process.user", {"uid": 4242, "gid": 4343})
    expect(b.read("id -u; id -g; echo $HOME; grep ^Groups: /proc/self/status"), "4242\n4343\n/\nGroups:")


@row("process.user.uid")
def home_of_user(b):
    b.set("process.user", {"uid": 1000, "gid": 1000})
    expect(b.read("echo $HOME"), "/home/user")


@row("process.user.umask")
def umask(b):
    b.set("process.user.umask", 0o027)
    expect(b.read("umask; touch /tmp/x; stat -c %a /tmp/x"), "0027\n640")


@row("process.user.umask")
def umask_default(b):
    expect(b.read("umask"), "0022")


@row("process.user.additionalGids[]")
def additional_groups(b):
    b.set("process.user", {"uid": 1000, "gid": 1000, "additionalGids": [5, 70000]})
    expect(b.read("grep ^Groups: /proc/self/status").split(), ["Groups:", "5", "70000"])


@row("process.capabilities.bounding[]", "process.capabilities.permitted[]", "process.capabilities.effective[]",
     "process.capabilities.inheritable[]", "process.capabilities.ambient[]")
def capabilities_of_root(b):
    b.set("process.noNewPrivileges", False)
    b.set("process.capabilities", {"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
                                   "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN"],
                                   "inheritable": ["CAP_CHOWN"], "ambient": []})
    text = b.read("cat /proc/self/status")
    # execve(2) gives root the bounding set (capabilities(7)).
    for kind, mask in (("bounding", CHOWN | KILL | NET_RAW), ("inheritable", CHOWN), ("ambient", 0)):
        expect(int(status_of(text, SETS[kind]), 16), mask, kind)


@row("process.capabilities.bounding[]", "process.capabilities.permitted[]", "process.capabilities.effective[]",
     "process.capabilities.inheritable[]", "process.capabilities.ambient[]")
def capabilities_of_user(b):
    b.set("process.user", {"uid": 1000, "gid": 1000})
    b.set("process.capabilities", {"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
                                   "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN", "CAP_KILL"],
                                   "inheritable": ["CAP_CHOWN", "CAP_KILL"], "ambient": ["CAP_CHOWN"]})
    text = b.read("cat /proc/self/status")
    for kind, mask in (("bounding", CHOWN | KILL | NET_RAW), ("inheritable", CHOWN | KILL), ("ambient", CHOWN),
                       ("permitted", CHOWN), ("effective", CHOWN)):
        expect(int(status_of(text, SETS[kind]), 16), mask, kind)


@row("process.capabilities.bounding[]")
def no_capabilities(b):
    del b.config["process"]["capabilities"]
    text = b.read("cat /proc/self/status")
    for name in SETS.values():
        expect(int(status_of(text, name), 16), 0, name)


@row("process.capabilities.bounding[]")
def capability_that_nobody_knows(b):
    b.set("process.capabilities", {"bounding": ["CAP_FLY", "CAP_CHOWN"], "permitted": ["CAP_CHOWN"]})
    result = b.run("grep CapBnd /proc/self/status")
    expect(int(result.out.split()[1], 16), CHOWN)
    expect_match("CAP_FLY", result.err)


@row("process.noNewPrivileges")
def no_new_privileges(b):
    expect(b.read("grep NoNewPrivs /proc/self/status").split()[1], "1")
    b.set("process.noNewPrivileges", False)
    expect(b.read("grep NoNewPrivs /proc/self/status").split()[1], "0")


@row("process.oomScoreAdj")
def oom_score(b):
    b.set("process.oomScoreAdj", 432)
    expect(b.read("cat /proc/self/oom_score_adj"), "432")


@row("process.rlimits[].type", "process.rlimits[].hard", "process.rlimits[].soft")
def limits(b):
    names = {"NOFILE": "Max open files", "NPROC": "Max processes", "CORE": "Max core file size", "CPU": "Max cpu time",
             "DATA": "Max data size", "FSIZE": "Max file size", "MEMLOCK": "Max locked memory",
             "MSGQUEUE": "Max msgqueue size", "NICE": "Max nice priority", "RSS": "Max resident set",
             "RTPRIO": "Max realtime priority", "RTTIME": "Max realtime timeout", "SIGPENDING": "Max pending signals",
             "STACK": "Max stack size", "LOCKS": "Max file locks", "AS": "Max address space"}
    wanted, limits_ = {}, []
    for name, label in names.items():
        ours = resource.getrlimit(getattr(resource, f"RLIMIT_{name}", 10))[1]  # RLIMIT_LOCKS has no name there
        top = 1 << 33 if ours == resource.RLIM_INFINITY else ours
        soft, hard = max(top // 2, 0), top
        limits_.append({"type": f"RLIMIT_{name}", "soft": soft, "hard": hard})
        wanted[label] = (str(soft), str(hard))
    b.set("process.rlimits", limits_)
    text = b.read("cat /proc/self/limits")
    for label, pair in wanted.items():
        line = next(line for line in text.splitlines() if line.startswith(label))
        expect(tuple(line[len(label):].split()[:2]), pair, label)


@row("process.rlimits[].hard")
def no_limit(b):
    b.set("process.rlimits", [{"type": "RLIMIT_CORE", "soft": 0, "hard": 2**64 - 1}])
    expect_match(r"core file size +0 +unlimited", b.read("cat /proc/self/limits"))


def scheduler(b, **values):
    b.set("process.scheduler", values)
    b.give("CAP_SYS_NICE")
    return dict(pair.split("=") for pair in b.read("probe scheduler").split())


@row("process.scheduler.policy", "process.scheduler.nice")
def scheduler_policies(b):
    for number, name in ((3, "SCHED_BATCH"), (0, "SCHED_OTHER")):
        got = scheduler(b, policy=name, nice=7)
        expect((got["policy"], got["nice"]), (str(number), "7"), name)
    expect(scheduler(b, policy="SCHED_IDLE")["policy"], "5")


def no_realtime():
    try:
        with open("/proc/self/cgroup") as f:
            if not any(line.split(":")[1] == "cpu" or "cpu," in line.split(":")[1] for line in f):
                return None
        with open("/proc/config.gz", "rb") as f:
            import gzip
            if b"CONFIG_RT_GROUP_SCHED=y" in gzip.decompress(f.read()):
                return "real-time groups have no run time of their own here (CONFIG_RT_GROUP_SCHED, version 1)"
    except OSError:
        pass
    return None


@row("process.scheduler.priority", needs=no_realtime)
def scheduler_realtime(b):
    got = scheduler(b, policy="SCHED_FIFO", priority=5)
    expect((got["policy"], got["priority"]), ("1", "5"))


@row("process.scheduler.flags[]")
def scheduler_flags(b):
    got = scheduler(b, policy="SCHED_BATCH", flags=["SCHED_FLAG_RESET_ON_FORK"])
    expect((got["policy"], got["flags"]), ("3", "1"))


@row("process.scheduler.runtime", "process.scheduler.deadline", "process.scheduler.period")
def scheduler_deadline(b):
    b.set("process.scheduler", {"policy": "SCHED_DEADLINE", "runtime": 2000000, "deadline": 20000000,
                                "period": 40000000, "flags": ["SCHED_FLAG_RESET_ON_FORK"]})
    # Such a process may not fork, so that it is asked itself.
    result = b.run(args=["/bin/probe", "scheduler"])
    expect_match("policy=6 .*runtime=2000000 deadline=20000000 period=40000000", result.out + result.err)


@row("process.ioPriority.class", "process.ioPriority.priority")
def io_priority(b):
    for name, number in (("IOPRIO_CLASS_BE", 2), ("IOPRIO_CLASS_RT", 1), ("IOPRIO_CLASS_IDLE", 3)):
        b.set("process.ioPriority", {"class": name, "priority": 0 if number == 3 else 6})
        expect(b.read("probe io-priority"), f"class={number} priority={0 if number == 3 else 6}")


@row("process.execCPUAffinity.final")
def final_affinity(b):
    b.start()
    process = {**b.config["process"], "args": ["/bin/grep", "Cpus_allowed_list", "/proc/self/status"],
               "execCPUAffinity": {"initial": "0-1" if os.cpu_count() > 1 else "0", "final": "0"}}
    expect(b.exec_process(process).out.split()[1], "0")


@row("process.execCPUAffinity.initial")
def initial_affinity(b):
    b.start()
    process = {**b.config["process"], "args": ["/bin/true"], "execCPUAffinity": {"initial": "900"}}
    # A group's cpuset has the last word on it; that it was set shows by one that cannot be.
    result = b.exec_process(process)
    expect_match("execCPUAffinity.initial", f"{result.status} {result.out} {result.err}")
    process["execCPUAffinity"]["initial"] = "0"
    expect(b.exec_process(process).status, 0)


@row("process.execCPUAffinity.final")
def affinity_of_the_container(b):
    b.set("process.execCPUAffinity", {"final": "0"})
    b.start()
    expect(b.exec("grep Cpus_allowed_list /proc/self/status").split()[1], "0")


@row("process.user.username")
def username_is_for_windows(b):
    b.set("process.user.username", "user")
    expect(b.read("id -u"), "0")


def no_apparmor():
    return None if os.path.exists("/sys/kernel/security/apparmor") else "the kernel has no AppArmor; that it is an error is"


@row("process.apparmorProfile", needs=no_apparmor)
def apparmor(b):
    b.set("process.apparmorProfile", "unconfined")
    expect_match("unconfined", b.read("cat /proc/self/attr/current"))


@row("process.selinuxLabel", needs=no_selinux)
def selinux(b):
    label = "system_u:system_r:container_t:s0:c1,c2"
    b.set("process.selinuxLabel", label)
    expect_match(label, b.read("cat /proc/self/attr/current"))


not_shown("process.commandLine", "it is for Windows, and ignored")

NAMED = {"scheduler": {"policy": "SCHED_OTHER"}, "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 0},
         "consoleSize": {"height": 1, "width": 1}, "user": {"uid": 0, "gid": 0}, "execCPUAffinity": {"initial": "0"}}


def bad(leaf, value, says=None):
    """A member of an object that is whole otherwise."""
    name, _, member = leaf.partition(".")
    plain = member.replace("[]", "")

    def change(config):
        whole = dict(NAMED.get(name, {}))
        if member:
            whole[plain] = value
        config["process"][name.replace("[]", "")] = whole if member else value

    wrong(f"process.{leaf}", change, says or rf"process\.{name.replace('[]', '')}(\.{plain})?")


bad("args[]", [])
bad("args[]", [7])
bad("env[]", ["=x"])
bad("env[]", ["A\0B=1"], "process.env|NUL|null")
bad("cwd", "relative")
bad("terminal", "yes")
bad("consoleSize.height", -1)
bad("consoleSize.width", "x")
bad("user.uid", -1)
bad("user.gid", 2**32)
bad("user.umask", "022")
bad("user.additionalGids[]", [-5])
bad("user.username", 5)
bad("noNewPrivileges", 1)
bad("oomScoreAdj", 1001)
bad("scheduler.policy", "SCHED_FAST")
bad("scheduler.nice", 2**40)
bad("scheduler.priority", 5)
bad("scheduler.flags[]", ["SCHED_FLAG_X"])
bad("scheduler.runtime", 1)
bad("scheduler.deadline", 1)
bad("scheduler.period", 1)
bad("ioPriority.class", "IOPRIO_CLASS_NONE_SUCH")
bad("ioPriority.priority", 8)
bad("execCPUAffinity.initial", "a-b")
bad("execCPUAffinity.final", "0;1")
bad("apparmorProfile", "no-such-profile", "process.apparmorProfile")
bad("selinuxLabel", "no:such:label", "process.selinuxLabel")
for kind in SETS:
    wrong(f"process.capabilities.{kind}[]", put(f"process.capabilities.{kind}", [5]),
          rf"process\.capabilities\.{kind}\[0\]")
wrong("process.rlimits[].type", put("process.rlimits", [{"type": "RLIMIT_X", "soft": 1, "hard": 1}]), "rlimits.*type")
wrong("process.rlimits[].soft", put("process.rlimits", [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]), "rlimits.*soft")
wrong("process.rlimits[].hard", put("process.rlimits", [{"type": "RLIMIT_CORE", "soft": 2}]), "rlimits.*hard")

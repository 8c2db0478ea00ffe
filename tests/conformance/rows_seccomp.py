"""linux.seccomp: actions, numbers, conditions, flags, and who answers for a call."""

import errno
import fcntl
import json
import os
import socket
import struct
import threading

from leaves import TIMEOUT, Failed, expect, expect_match, put, row, wrong

# Numbers of calls that nothing uses here, on this machine; kcmp(2) and its like are the same everywhere since.
GETPPID, ALARM, GETPGID, SYSINFO = 110, 37, 121, 99


def profile(b, *rules, default="SCMP_ACT_ALLOW", **more):
    b.set("linux.seccomp", {"defaultAction": default, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": list(rules), **more})


def rule(action, *names, **more):
    return {"names": list(names or ["getpgid"]), "action": action, **more}


def both(row_function):
    """With and without no_new_privs: the filter is installed at different points."""

    def function(b):
        for value in (True, False):
            b.set("process.noNewPrivileges", value)
            row_function(b)

    function.__name__ = row_function.__name__
    return function


@row("linux.seccomp.syscalls[].action", "linux.seccomp.syscalls[].names[]", "linux.seccomp.defaultAction")
@both
def errno_action(b):
    profile(b, rule("SCMP_ACT_ERRNO", "getpgid", "sysinfo", "no_such_call"))
    expect(b.read("probe call 121; probe call 99; probe call 110").split(),
           [f"errno={errno.EPERM}", f"errno={errno.EPERM}", "ok"])


@row("linux.seccomp.syscalls[].errnoRet")
@both
def errno_of_a_rule(b):
    profile(b, rule("SCMP_ACT_ERRNO", errnoRet=errno.EXDEV), rule("SCMP_ACT_ERRNO", "sysinfo", errnoRet=0))
    expect(b.read("probe call 121; probe call 99").split(), [f"errno={errno.EXDEV}", "ok"])


@row("linux.seccomp.defaultErrnoRet", "linux.seccomp.defaultAction")
def errno_by_default(b):
    """What the shell and the runtime need is allowed, everything else is not."""
    needed = """access arch_prctl brk capget capset chdir clone clone3 close close_range connect dup dup2 dup3 execve exit
        exit_group faccessat faccessat2 fchdir fchmod fchown fcntl fork fstat fstatfs futex getcwd getdents64 getegid geteuid
        getgid getgroups getpid getppid getrandom getrlimit getuid ioctl lseek mmap mprotect munmap newfstatat open openat
        openat2 pipe pipe2 poll prctl pread64 prlimit64 read readlink readlinkat rseq rt_sigaction rt_sigprocmask
        rt_sigreturn sendmsg set_robust_list set_tid_address setgid setgroups setresgid setresuid setsid setuid sigaltstack
        stat lstat statx uname vfork wait4 write writev sendto""".split()
    for value in (True, False):
        b.set("process.noNewPrivileges", value)
        profile(b, rule("SCMP_ACT_ALLOW", *needed), rule("SCMP_ACT_ALLOW", "zzz"), default="SCMP_ACT_ERRNO",
                defaultErrnoRet=errno.EBADE)
        expect(b.read("probe call 121"), f"errno={errno.EBADE}")


@row("linux.seccomp.syscalls[].action")
@both
def killing_actions(b):
    for action, dead in (("SCMP_ACT_KILL", False), ("SCMP_ACT_KILL_THREAD", False), ("SCMP_ACT_KILL_PROCESS", True)):
        profile(b, rule(action))
        got = b.run("probe thread 121; echo status $?").out
        expect_match("status 159" if dead else "the others live", got, action)


@row("linux.seccomp.syscalls[].action")
@both
def trap_trace_log(b):
    profile(b, rule("SCMP_ACT_TRAP"), rule("SCMP_ACT_TRACE", "sysinfo", errnoRet=7), rule("SCMP_ACT_LOG", "getppid"))
    expect(b.read("probe trap 121; probe call 99; probe call 110").split("\n"),
           ["trapped=121 data=0", f"errno={errno.ENOSYS}", "ok"])


@row("linux.seccomp.syscalls[].args[].index", "linux.seccomp.syscalls[].args[].value",
     "linux.seccomp.syscalls[].args[].valueTwo", "linux.seccomp.syscalls[].args[].op")
def operators(b):
    big = 2**63 + 5
    for op, value, two, hits, misses in (
        ("SCMP_CMP_NE", 5, None, [4, 6], [5]), ("SCMP_CMP_LT", 5, None, [4], [5, 6]), ("SCMP_CMP_LE", 5, None, [4, 5], [6]),
        ("SCMP_CMP_EQ", 5, None, [5], [4, 6]), ("SCMP_CMP_GE", 5, None, [5, 6], [4]), ("SCMP_CMP_GT", 5, None, [6], [5, 4]),
        ("SCMP_CMP_MASKED_EQ", 0xF0, 0x30, [0x30, 0x13F], [0x40]), ("SCMP_CMP_EQ", big, None, [big], [5]),
        ("SCMP_CMP_GT", 2**32, None, [2**32 + 1], [2**32, 7]),
    ):
        argument = {"index": 2, "value": value, "op": op}
        if two is not None:
            argument["valueTwo"] = two
        profile(b, rule("SCMP_ACT_ERRNO", errnoRet=errno.EDOM, args=[argument]))
        script = "; ".join(f"probe call 121 0 0 {v}" for v in hits + misses)
        expect(b.read(script).split(), [f"errno={errno.EDOM}"] * len(hits) + ["ok"] * len(misses), op)


@row("linux.seccomp.syscalls[].args[].index")
def several_arguments(b):
    args = [{"index": i, "value": i + 1, "op": "SCMP_CMP_EQ"} for i in range(1, 6)]
    profile(b, rule("SCMP_ACT_ERRNO", errnoRet=errno.EDOM, args=args))
    expect(b.read("probe call 121 0 2 3 4 5 6; probe call 121 0 2 3 4 5 7").split(), [f"errno={errno.EDOM}", "ok"])


@row("linux.seccomp.architectures[]")
def architectures(b):
    profile(b, rule("SCMP_ACT_ERRNO", "getpid", errnoRet=errno.EDOM))
    expect(b.run("probe call32 20; echo status $?").out, "status 159", "an architecture that is not listed")
    b.set("linux.seccomp.architectures", ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"])
    expect(b.read("probe call32 20; probe call32 24; probe call 39").split(), [f"errno={errno.EDOM}", "ok",
                                                                             f"errno={errno.EDOM}"])


@row("linux.seccomp.architectures[]")
def architectures_of_other_machines(b):
    every = """X86 X86_64 X32 ARM AARCH64 LOONGARCH64 M68K MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64 PPC64LE
        S390 S390X SH SHEB PARISC PARISC64 RISCV64""".split()
    profile(b, rule("SCMP_ACT_ERRNO"))
    b.set("linux.seccomp.architectures", ["SCMP_ARCH_" + name for name in every])
    expect(b.read("probe call 121"), f"errno={errno.EPERM}")


@row("linux.seccomp.flags[]")
@both
def flags(b):
    for given in ([], ["SECCOMP_FILTER_FLAG_LOG"], ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"], ["SECCOMP_FILTER_FLAG_TSYNC"],
                  ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
                  ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]):
        profile(b, rule("SCMP_ACT_ERRNO"), flags=given)
        expect(b.read("probe call 121; grep -c '^Seccomp:.*2' /proc/self/status"), f"errno={errno.EPERM}\n1", str(given))
    profile(b, flags=["SECCOMP_FILTER_FLAG_SPEC_ALLOW"])
    with_flag = b.read("grep Speculation_Store_Bypass /proc/self/status")
    expect("seccomp mitigated" in with_flag or "force mitigated" in with_flag, False, with_flag)


@row("linux.seccomp.defaultAction")
@both
def filter_of_exec(b):
    profile(b, rule("SCMP_ACT_ERRNO", errnoRet=errno.EDOM))
    b.id += f"-{b.config['process']['noNewPrivileges']}"
    b.start()
    expect(b.exec("probe call 121"), f"errno={errno.EDOM}")


class Agent(threading.Thread):
    """Who listens: takes one container's listener and answers each call with its number plus 1000."""

    RECEIVE, SEND = 0xC0502100, 0xC0182101

    def __init__(self, path):
        super().__init__(daemon=True)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        self.server.listen()
        self.server.settimeout(TIMEOUT)
        self.state, self.n_fds, self.calls, self.failure = None, 0, [], None
        self.start()

    def run(self):
        try:
            connection, _ = self.server.accept()
            text, fds, _, _ = socket.recv_fds(connection, 65536, 4)
            self.state, self.n_fds = json.loads(text), len(fds)
            self.serve(fds[0])
        except Exception as e:  # told by the row
            self.failure = e

    def serve(self, fd):
        while True:
            request = bytearray(80)
            try:
                fcntl.ioctl(fd, self.RECEIVE, request)
            except OSError as e:
                if e.errno == errno.EINTR:
                    continue
                os.close(fd)  # ENOENT: nobody is under the filter any more
                return
            id_, _, _, number = struct.unpack_from("QIIi", request)
            self.calls.append(number)
            # getpgid(2) is answered; what else is asked goes on as it would.
            if number == GETPGID:
                answer = struct.pack("QqiI", id_, 0, -errno.EL2HLT, 0)
            else:
                answer = struct.pack("QqiI", id_, 0, 0, 1)
            try:
                fcntl.ioctl(fd, self.SEND, bytearray(answer))
            except OSError:
                pass


def notified(b, path, *names, **more):
    profile(b, rule("SCMP_ACT_NOTIFY", *names), listenerPath=path, **more)


@row("linux.seccomp.listenerPath", "linux.seccomp.listenerMetadata", "linux.seccomp.syscalls[].action")
@both
def listener(b):
    b.id += f"-{b.config['process']['noNewPrivileges']}"
    path = os.path.join(b.path, f"agent-{b.config['process']['noNewPrivileges']}")
    agent = Agent(path)
    notified(b, path, "getpgid", listenerMetadata="for the agent", flags=[])
    b.set("annotations", {"a": "b"})
    expect(b.read("probe call 121"), f"errno={errno.EL2HLT}")
    agent.join(TIMEOUT)
    if agent.failure or not agent.state:
        raise Failed(f"the agent: {agent.failure!r}")
    state = agent.state
    expect((state["fds"], agent.n_fds, state["metadata"]), (["seccompFd"], 1, "for the agent"))
    expect((state["state"]["id"], state["state"]["bundle"], state["state"]["annotations"]), (b.id, b.path, {"a": "b"}))
    expect((state["state"]["status"], state["ociVersion"]), ("creating", b.config["ociVersion"]))
    expect(state["pid"] == state["state"]["pid"] > 0, True)


@row("linux.seccomp.listenerPath", "linux.seccomp.flags[]")
def listener_with_flags(b):
    for n, given in enumerate((["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"], ["SECCOMP_FILTER_FLAG_TSYNC"])):
        path = os.path.join(b.path, f"agent{n}")
        agent = Agent(path)
        notified(b, path, flags=given)
        expect(b.read("probe call 121"), f"errno={errno.EL2HLT}", given[0])
        agent.join(TIMEOUT)
        expect("metadata" in agent.state, False)


@row("linux.seccomp.listenerPath")
@both
def listener_of_what_the_runtime_calls_itself(b):
    """The runtime's own calls after the filter are the agent's, too, and nothing hangs."""
    b.id += f"-{b.config['process']['noNewPrivileges']}"
    path = os.path.join(b.path, f"agent-{b.config['process']['noNewPrivileges']}")
    agent = Agent(path)
    notified(b, path, "getpgid", "read", "close", "execve", "sendmsg", "openat", "setresuid", "capset", "prctl")
    expect(b.read("probe call 121"), f"errno={errno.EL2HLT}")
    expect({0, 59} <= set(agent.calls), True, f"calls {agent.calls}")


@row("linux.seccomp.listenerPath")
@both
def listener_of_exec(b):
    b.id += f"-{b.config['process']['noNewPrivileges']}"
    path = os.path.join(b.path, f"first-{b.config['process']['noNewPrivileges']}")
    first = Agent(path)
    notified(b, path)
    pid = b.start()
    first.server.close()
    os.unlink(path)
    second = Agent(path)
    expect(b.exec("probe call 121"), f"errno={errno.EL2HLT}")
    expect(second.state["state"]["pid"], pid)
    expect((second.state["pid"] != pid, second.state["state"]["status"]), (True, "running"))


@row("linux.seccomp.listenerPath")
def nobody_listens(b):
    notified(b, os.path.join(b.path, "nobody"))
    b.fails("linux.seccomp.listenerPath")


def bad(value, **more):
    return put("linux.seccomp", {"defaultAction": "SCMP_ACT_ALLOW", **value, **more})


def bad_rule(**more):
    return bad({"syscalls": [rule("SCMP_ACT_ERRNO", **more)]})


def bad_argument(**more):
    return bad_rule(args=[{"index": 0, "value": 1, "op": "SCMP_CMP_EQ", **more}])


PLACE = r"linux.seccomp.syscalls\[0\]"
wrong("linux.seccomp.defaultAction", bad({}, defaultAction="SCMP_ACT_MAYBE"), "linux.seccomp.defaultAction")
wrong("linux.seccomp.defaultAction", bad({}, defaultAction="SCMP_ACT_NOTIFY", listenerPath="/x"), "linux.seccomp.defaultAction")
wrong("linux.seccomp.defaultErrnoRet", bad({"defaultErrnoRet": 1}), "linux.seccomp.defaultErrnoRet")
wrong("linux.seccomp.flags[]", bad({"flags": ["SECCOMP_FILTER_FLAG_X"]}), r"linux.seccomp.flags\[0\]")
wrong("linux.seccomp.listenerPath", bad({"listenerPath": "relative"}), "linux.seccomp.listenerPath")
wrong("linux.seccomp.listenerMetadata", bad({"listenerMetadata": "x"}), "linux.seccomp.listenerPath: missing")
wrong("linux.seccomp.architectures[]", bad({"architectures": ["SCMP_ARCH_Z80"]}), r"linux.seccomp.architectures\[0\]")
wrong("linux.seccomp.syscalls[].names[]", bad({"syscalls": [{"names": [], "action": "SCMP_ACT_LOG"}]}), PLACE + ".names")
wrong("linux.seccomp.syscalls[].action", bad({"syscalls": [rule("SCMP_ACT_X")]}), PLACE + ".action")
wrong("linux.seccomp.syscalls[].action", bad({"syscalls": [rule("SCMP_ACT_NOTIFY", "write")], "listenerPath": "/x"}),
      PLACE + ".action")
wrong("linux.seccomp.syscalls[].errnoRet", bad_rule(errnoRet=70000), PLACE + ".errnoRet")
wrong("linux.seccomp.syscalls[].args[].index", bad_argument(index=6), PLACE + r".args\[0\].index")
wrong("linux.seccomp.syscalls[].args[].value", bad_argument(value=-1), PLACE + r".args\[0\].value")
wrong("linux.seccomp.syscalls[].args[].valueTwo", bad_argument(valueTwo=-1), PLACE + r".args\[0\].valueTwo")
wrong("linux.seccomp.syscalls[].args[].op", bad_argument(op="SCMP_CMP_LIKE"), PLACE + r".args\[0\].op")

"""hooks: six kinds, what each is given, where it runs, and what its failure does."""

import json
import os
import time

from leaves import Failed, expect, expect_match, row, wrong

KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
# What the specification has for the state that a hook reads, and in whose namespaces it runs.
STATUS = {"prestart": "creating", "createRuntime": "creating", "createContainer": "creating", "startContainer": "created",
          "poststart": "running", "poststop": "stopped"}
INSIDE = ("startContainer",)
TELL = 'cat >"$1.state"; env >"$1.env"; readlink /proc/self/cwd >"$1.cwd"; readlink /proc/self/ns/mnt >"$1.mnt"; echo "$0" >"$1.name"'


def tell(b, kind):
    return "/tmp/" + kind if kind in INSIDE else os.path.join(b.path, kind)


def told(b, kind, what):
    path = os.path.join(b.rootfs, "tmp", kind) if kind in INSIDE else os.path.join(b.path, kind)
    with open(f"{path}.{what}") as f:
        return f.read().strip()


def hook(b, kind, *more, **values):
    return {"path": "/bin/sh", "args": ["sh", "-c", TELL, "argument zero", tell(b, kind), *more],
            "env": ["PATH=/bin:/usr/bin", "A=b c"], **values}


def run_all(b):
    b.set("hooks", {kind: [hook(b, kind, timeout=10)] for kind in KINDS})
    b.set("annotations", {"org.example": "yes"})
    expect(b.read("echo ran"), "ran")


LEAVES = [f"hooks.{kind}[].{leaf}" for kind in KINDS for leaf in ("path", "args[]", "env[]")]


@row(*LEAVES)
def what_each_is_given(b):
    run_all(b)
    for kind in KINDS:
        state = json.loads(told(b, kind, "state"))
        expect((state["id"], state["bundle"], state["status"], state["annotations"], state["ociVersion"]),
               (b.id, b.path, STATUS[kind], {"org.example": "yes"}, b.config["ociVersion"]), kind)
        expect(state.get("pid", 0) > 0, kind != "poststop", f"{kind}: pid")
        env = set(told(b, kind, "env").splitlines()) - {"SHLVL=1", "_=/bin/env", "_=/usr/bin/env"}
        expect({e for e in env if not e.startswith(("PWD=", "OLDPWD="))}, {"PATH=/bin:/usr/bin", "A=b c"}, kind)
        expect(told(b, kind, "name"), "argument zero")


@row(*(f"hooks.{kind}[].path" for kind in KINDS))
def where_each_runs(b):
    b.set("process.cwd", "/mnt")
    run_all(b)
    ours = os.readlink("/proc/self/ns/mnt")
    for kind in KINDS:
        expect(told(b, kind, "mnt") == ours, kind not in ("createContainer", "startContainer"), f"{kind}: namespace")
    for kind in ("prestart", "createRuntime", "createContainer"):
        where = b.path + "/rootfs" if kind == "createContainer" else b.path
        expect(told(b, kind, "cwd"), where, f"{kind}: directory")
    expect(told(b, "startContainer", "cwd"), "/mnt")


@row(*(f"hooks.{kind}[].args[]" for kind in KINDS))
def their_order(b):
    log = os.path.join(b.path, "log")
    add = {"path": "/bin/sh", "env": ["PATH=/bin"]}
    b.mount("/log", "bind", b.path, "bind")
    b.set("hooks", {kind: [{**add, "args": ["sh", "-c", f"echo {kind}-{n} >>{'/log/log' if kind in INSIDE else log}"]}
                           for n in (1, 2)] for kind in KINDS})
    b.read("echo program >>/log/log")
    lines = open(log).read().split()
    expect([line for line in lines if line != "program" and not line.startswith("poststart")],
           [f"{kind}-{n}" for kind in KINDS if kind != "poststart" for n in (1, 2)])
    expect(lines.index("program") > lines.index("startContainer-2"), True)
    expect(lines.index("poststart-2") > lines.index("startContainer-2"), True)


@row(*(f"hooks.{kind}[].timeout" for kind in KINDS))
def their_time(b):
    for kind in KINDS:
        b.id += "x"
        b.set("hooks", {kind: [{"path": "/bin/sleep", "args": ["sleep", "20"], "timeout": 1}]})
        start = time.monotonic()
        result = b.run("true")
        if time.monotonic() - start > 10:
            raise Failed(f"{kind}: waited for its end")
        if kind != "poststop":
            expect_match(f"error running {kind} hook.*timeout", result.err)
            expect(result.status != 0, True, kind)


@row(*(f"hooks.{kind}[].path" for kind in KINDS))
def failure_of_each(b):
    for kind in KINDS:
        b.id += "x"
        b.set("hooks", {kind: [{"path": "/bin/sh", "args": ["sh", "-c", "echo why >&2; exit 3"]}]})
        result = b.run("touch /tmp/ran")
        # Poststop hooks come after everything: their failure is told, and stops nothing (config.md).
        if kind != "poststop":
            expect(result.status != 0, True, kind)
            expect_match(f"error running {kind} hook.*exit status 3: why", result.err)
        expect(os.path.exists(os.path.join(b.rootfs, "tmp/ran")), kind in ("poststart", "poststop"), kind)
        expect(b.call("state", b.id).status != 0, True, f"{kind}: the container is left")


@row("hooks.createRuntime[].env[]")
def nothing_is_inherited(b):
    script = f"/usr/bin/env >{b.path}/env; ls /proc/self/fd >{b.path}/fds"
    b.set("hooks", {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", script]}]})
    b.read("true", env={**os.environ, "SECRET": "1"})
    expect("SECRET" in open(os.path.join(b.path, "env")).read(), False)
    expect(open(os.path.join(b.path, "fds")).read().split(), ["0", "1", "2", "3"])


def one(kind, **values):
    def change(config):
        config["hooks"] = {kind: [{"path": "/bin/true", **values}]}

    return change


for kind_ in KINDS:
    wrong(f"hooks.{kind_}[].path", one(kind_, path="relative"), rf"hooks.{kind_}\[0\].path")
    wrong(f"hooks.{kind_}[].args[]", one(kind_, args=[1]), rf"hooks.{kind_}\[0\].args")
    wrong(f"hooks.{kind_}[].env[]", one(kind_, env=["NAME"]), rf"hooks.{kind_}\[0\].env")
    wrong(f"hooks.{kind_}[].timeout", one(kind_, timeout=0), rf"hooks.{kind_}\[0\].timeout")

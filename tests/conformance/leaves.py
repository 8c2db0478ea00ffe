#!/usr/bin/env python3
"""Every leaf of config.json, set and read back: usage: leaves.py AREA | coverage

A row is a function that gets a fresh bundle, sets its leaves and looks from inside, or from the host where only that can
tell. Beside it stands a wrong value, which must be an error that names its place. rows_AREA.py hold the rows; this file
makes bundles, runs the rows, and holds them against the schema of the specification (tests/data/oci-runtime-schema).
"""

import copy
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMA = os.path.join(HERE, "../data/oci-runtime-schema")
BUILD = os.environ.get("BULKHEAD_BUILD", os.path.join(HERE, "../../build/release"))
RUNTIME = os.path.join(BUILD, "src/bulkhead-oci")
AREAS = ["process", "mounts", "root", "namespaces", "seccomp", "hooks", "rootless"]
APPLETS = """[ cat chmod cut dd echo env false getfattr grep head hostname id ip kill ln ls mkdir mknod mount mountpoint
printf pwd readlink rm sed sh sleep stat stty sync tail test touch tr true tty umount uname wc""".split()
TIMEOUT = 30

# Control groups have suites of their own: tests/integration/oci_lifecycle.bats, tests/unit/config/test_resources.c.
ELSEWHERE = ("linux.resources.", "linux.cgroupsPath")


# --- the schema -------------------------------------------------------------------------------------------------------


def load_schema(name):
    with open(os.path.join(SCHEMA, name)) as f:
        return json.load(f)


def resolve(node, name):
    """Follows $ref; None for what is another platform's."""
    while "$ref" in node:
        other, _, pointer = node["$ref"].partition("#")
        name = other or name
        if not os.path.exists(os.path.join(SCHEMA, name)):
            return None, name
        node = load_schema(name)
        for part in pointer.strip("/").split("/"):
            node = node[part] if part else node
    return node, name


def walk(node, name, path, found):
    node, name = resolve(node, name)
    if node is None:
        return
    for kind in ("allOf", "anyOf", "oneOf"):
        for branch in node.get(kind, []):
            if "type" in branch or "$ref" in branch or "properties" in branch:
                walk(branch, name, path, found)
    if "properties" in node:
        for key, value in node["properties"].items():
            walk(value, name, path + [key], found)
    elif "items" in node:
        walk(node["items"], name, path[:-1] + [path[-1] + "[]"], found)
    elif "patternProperties" in node or isinstance(node.get("additionalProperties"), dict):
        for value in list(node.get("patternProperties", {}).values()) or [node["additionalProperties"]]:
            walk(value, name, path + ["*"], found)
    elif not any(kind in node for kind in ("allOf", "anyOf", "oneOf")):
        found.append(".".join(path))


def schema_leaves():
    found = []
    walk(load_schema("config-schema.json"), "config-schema.json", [], found)
    return list(dict.fromkeys(found))


# --- rows -------------------------------------------------------------------------------------------------------------

rows = []
wrongs = []
unshown = {}


def row(*leaves, needs=None):
    """One row for these leaves. needs() says why this host cannot show it, or None."""

    def add(function):
        rows.append((leaves, function, needs))
        return function

    return add


def wrong(leaf, change, says):
    """A value that is an error: change(config) sets it, and says is a pattern of the error."""
    wrongs.append((leaf, change, says))


def not_shown(leaf, reason):
    unshown[leaf] = reason


def put(path, value):
    """A change that sets one place: put("process.user.uid", 5); numbers are places of a list."""

    def change(config):
        parts = path.split(".")
        for part in parts[:-1]:
            config = config[int(part)] if isinstance(config, list) else config.setdefault(part, {})
        if isinstance(config, list):
            config[int(parts[-1])] = value
        else:
            config[parts[-1]] = value

    return change


# --- bundles ----------------------------------------------------------------------------------------------------------


class Failed(Exception):
    pass


def expect(got, wanted, what=""):
    if got != wanted:
        raise Failed(f"{what or 'value'}: got {got!r}, wanted {wanted!r}")


def expect_match(pattern, text, what=""):
    if not re.search(pattern, text, re.M):
        raise Failed(f"{what or 'text'}: {text!r} does not match {pattern!r}")


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


class Bundle:
    """A bundle of its own, with everything that its container needs to run programs."""

    count = 0

    def __init__(self, base):
        Bundle.count += 1
        self.base = base
        self.path = os.path.join(base.path, f"b{Bundle.count}")
        self.rootfs = os.path.join(self.path, "rootfs")
        self.state = os.path.join(base.path, "state")
        self.id = f"leaf-{os.getpid()}-{Bundle.count}"
        self.ids = []
        self.make_root()
        self.config = copy.deepcopy(base.config)

    def make_root(self):
        for name in ("bin", "etc", "proc", "sys", "dev", "tmp", "root", "mnt"):
            os.makedirs(os.path.join(self.rootfs, name))
        os.chmod(os.path.join(self.rootfs, "tmp"), 0o1777)
        for program in ("busybox", "probe"):
            os.link(os.path.join(self.base.path, program), os.path.join(self.rootfs, "bin", program))
        for applet in APPLETS:
            os.symlink("busybox", os.path.join(self.rootfs, "bin", applet))
        self.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n")
        self.write("etc/group", "root:x:0:\nuser:x:1000:\n")

    def write(self, name, text):
        with open(os.path.join(self.rootfs, name), "w") as f:
            f.write(text)

    def set(self, path, value):
        put(path, value)(self.config)

    def give(self, *capabilities):
        self.set("process.capabilities", {s: list(capabilities) for s in ("bounding", "permitted", "effective")})

    def namespaces(self, *types, **paths):
        """The container's own namespaces, and those it joins by path."""
        listed = [{"type": t} for t in types] + [{"type": t, "path": p} for t, p in paths.items()]
        self.config["linux"]["namespaces"] = listed

    def mount(self, destination, type_, source, *options, **more):
        self.config["mounts"].append(
            {"destination": destination, "type": type_, "source": source, "options": list(options), **more}
        )

    def save(self):
        with open(os.path.join(self.path, "config.json"), "w") as f:
            json.dump(self.config, f)

    def call(self, *arguments, stdin=None, pass_fds=(), user=None, env=None):
        command = [RUNTIME, "--root", self.state, *arguments]
        if user is not None:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", self.base.open_program(),
                       "--root", f"{self.path}/state", *arguments]
        p = subprocess.run(
            command, stdin=stdin or subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT,
            cwd=self.path, pass_fds=pass_fds, env=env, errors="replace",
        )
        return Result(p.returncode, p.stdout.strip(), p.stderr.strip())

    def run(self, script=None, args=None, **how):
        """Runs the container to its end with a script of sh."""
        self.set("process.args", args or ["/bin/sh", "-c", script or "true"])
        self.save()
        self.ids.append(self.id)
        result = self.call("run", "--bundle", self.path, self.id, **how)
        self.call("delete", "--force", self.id, **{k: v for k, v in how.items() if k == "user"})
        return result

    def read(self, script, **how):
        """What a script in it says; its failure is the row's."""
        result = self.run(script, **how)
        if result.status != 0:
            raise Failed(f"status {result.status}: {result.err} {result.out}")
        return result.out

    def fails(self, says, script="true"):
        result = self.run(script)
        if result.status == 0:
            raise Failed(f"no error, but {result.out!r}")
        expect_match(says, result.err, "error")

    def start(self, script="exec sleep 60", id_=None):
        """Starts it in the background and returns its process id."""
        id_ = id_ or self.id
        self.set("process.args", ["/bin/sh", "-c", script])
        self.save()
        self.ids.append(id_)
        with open(os.path.join(self.path, "log"), "w") as log:
            p = subprocess.run(
                [RUNTIME, "--root", self.state, "run", "-d", "--bundle", self.path, id_], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, timeout=TIMEOUT, cwd=self.path,
            )
        if p.returncode != 0:
            raise Failed(f"start: {open(os.path.join(self.path, 'log')).read()}")
        return self.state_of(id_)["pid"]

    def state_of(self, id_=None):
        return json.loads(self.call("state", id_ or self.id).out)

    def exec(self, script, *options, id_=None):
        result = self.call("exec", *options, id_ or self.id, "/bin/sh", "-c", script)
        if result.status != 0:
            raise Failed(f"exec: status {result.status}: {result.err} {result.out}")
        return result.out

    def exec_process(self, process, id_=None):
        path = os.path.join(self.path, "process.json")
        with open(path, "w") as f:
            json.dump(process, f)
        return self.call("exec", "--process", path, id_ or self.id)

    def close(self):
        for id_ in self.ids:
            self.call("delete", "--force", id_)
        shutil.rmtree(self.path, ignore_errors=True)


class Base:
    """What the bundles of one run share."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="bo.", dir="/tmp")
        os.chmod(self.path, 0o755)
        shutil.copy(shutil.which("busybox"), os.path.join(self.path, "busybox"))
        subprocess.run(
            ["gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-static", "-pthread", "-o", os.path.join(self.path, "probe"),
             os.path.join(HERE, "src/probe.c")], check=True,
        )
        subprocess.run([RUNTIME, "spec", "--bundle", self.path], check=True)
        with open(os.path.join(self.path, "config.json")) as f:
            self.config = json.load(f)
        self.config["process"]["terminal"] = False
        self.config["root"]["readonly"] = False

    def open_program(self):
        """The runtime where every user reaches it."""
        path = os.path.join(self.path, "bulkhead-oci")
        if not os.path.exists(path):
            shutil.copy(RUNTIME, path)
        return path

    def close(self):
        """Everything goes; what is still mounted is an error of its own."""
        with open("/proc/self/mountinfo") as f:
            left = [line.split()[4] for line in f if self.path in line]
        subprocess.run(["rm", "-rf", "--one-file-system", self.path], check=False)
        return left


# --- looking at mounts and hosts -----------------------------------------------------------------------------------------


def info(b, place, script="true", **how):
    """The line of mountinfo of a place: its options, its propagation, its type, those of the file system."""
    text = b.read(f"{script}; cat /proc/self/mountinfo", **how)
    return find(text, place)


def find(text, place):
    lines = [line.split() for line in text.splitlines() if len(line.split()) > 6 and line.split()[4] == place]
    if not lines:
        raise Failed(f"{place} is not mounted:\n{text}")
    line = lines[-1]
    dash = line.index("-")
    return {"options": line[5].split(","), "tags": line[6:dash], "type": line[dash + 1], "super": line[dash + 3].split(",")}


def source(b, name="source", file=None):
    path = os.path.join(b.path, name)
    if file is None:
        os.makedirs(path, exist_ok=True)
    else:
        with open(path, "w") as f:
            f.write(file)
    return path


class HostMount:
    """A tmpfs of the host for as long as a row lasts."""

    def __init__(self, path, *arguments):
        self.path = path
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", *arguments, "tmpfs", path], check=True)

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        subprocess.run(["umount", "-R", self.path], check=True)


def no_selinux():
    return None if os.path.exists("/sys/fs/selinux/enforce") else "SELinux is off; that it is an error is"


# --- running ----------------------------------------------------------------------------------------------------------


def run_row(base, name, function):
    bundle = Bundle(base)
    try:
        function(bundle)
        print(f"ok   {name}", flush=True)
        return True
    except Failed as e:
        print(f"FAIL {name}: {e}", flush=True)
    except Exception:
        print(f"FAIL {name}: {traceback.format_exc()}", flush=True)
    finally:
        bundle.close()
    return False


def check_wrong(change, says):
    def function(bundle):
        change(bundle.config)
        args = bundle.config["process"].get("args")
        if args == bundle.base.config["process"]["args"]:
            bundle.set("process.args", ["/bin/true"])
        bundle.save()
        bundle.ids.append(bundle.id)
        result = bundle.call("run", "--bundle", bundle.path, bundle.id)
        if result.status == 0:
            raise Failed("no error")
        expect_match(says, result.err, "error")

    return function


def run_area(area):
    importlib.import_module(f"rows_{area}")
    base, good = Base(), True
    only = os.environ.get("LEAF", "")
    try:
        for leaves, function, needs in rows:
            name = f"{', '.join(leaves)} ({function.__name__})"
            if only not in name:
                continue
            reason = needs() if needs else None
            if reason:
                print(f"skip {name}: {reason}")
                continue
            good &= run_row(base, name, function)
        for leaf, change, says in wrongs:
            if only in leaf:
                good &= run_row(base, f"{leaf}: a wrong value", check_wrong(change, says))
    finally:
        left = base.close()
    if left:
        print(f"FAIL left mounted: {left}")
    return good and not left


def coverage():
    for area in AREAS:
        importlib.import_module(f"rows_{area}")
    every = schema_leaves()
    wanted = [leaf for leaf in every if not leaf.startswith(ELSEWHERE)]
    reasons = dict(unshown)
    shown = set()
    for leaves, _, needs in rows:
        reason = needs() if needs else None
        for leaf in leaves:
            if reason:
                reasons.setdefault(leaf, reason)
            else:
                shown.add(leaf)
    unknown = sorted((shown | set(reasons) | {leaf for leaf, _, _ in wrongs}) - set(wanted))
    missing = [leaf for leaf in wanted if leaf not in shown and leaf not in reasons]
    without_wrong = [leaf for leaf in wanted if leaf not in {w for w, _, _ in wrongs} and leaf not in unshown]
    print(f"{len([leaf for leaf in wanted if leaf in shown])} of {len(wanted)} leaves are shown,"
          f" {len({w for w, _, _ in wrongs} & set(wanted))} with a wrong value")
    print(f"not counted: {len(every) - len(wanted)} of control groups, which have suites of their own: "
          + ", ".join(f"{start}*" if start.endswith(".") else start for start in ELSEWHERE))
    for leaf in wanted:
        if leaf not in shown and leaf in reasons:
            print(f"not shown: {leaf}: {reasons[leaf]}")
    for title, leaves in (("no row", missing), ("not in the schema", unknown), ("no wrong value", without_wrong)):
        for leaf in leaves:
            print(f"{title}: {leaf}")
    return not missing and not unknown and not without_wrong


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    sys.modules["leaves"] = sys.modules["__main__"]
    sys.exit(0 if (coverage() if sys.argv[1] == "coverage" else run_area(sys.argv[1])) else 1)

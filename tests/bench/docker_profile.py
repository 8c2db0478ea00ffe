"""Docker's seccomp profile (its JSON format), reduced to the rules that hold on this machine for a set of capabilities."""
import json
import os
import platform

# machine: (Docker's name, AUDIT_ARCH_* of linux/audit.h, libseccomp's names of what Docker allows beside it)
ARCHES = {
    "x86_64": ("amd64", 0xC000003E, ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
    "aarch64": ("arm64", 0xC00000B7, ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]),
}


def machine():
    return ARCHES[platform.machine()]


def kernel():
    return tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])


def holds(rule, caps):
    """Whether the includes and excludes of a rule select it (moby's seccomp_linux.go)."""
    arch = machine()[0]
    include, exclude = rule.get("includes") or {}, rule.get("excludes") or {}
    if include.get("arches") and arch not in include["arches"]:
        return False
    if not set(include.get("caps") or []) <= caps:
        return False
    wanted = include.get("minKernel")
    if wanted and kernel() < tuple(int(part) for part in wanted.split(".")[:2]):
        return False
    return arch not in (exclude.get("arches") or []) and not set(exclude.get("caps") or []) & caps


def load(path, caps):
    """The profile's default errno and its rules: dicts of names, action, errnoRet, args."""
    with open(path, encoding="utf-8") as file:
        profile = json.load(file)
    if profile["defaultAction"] != "SCMP_ACT_ERRNO":
        raise SystemExit(f"{path}: default action {profile['defaultAction']}: only SCMP_ACT_ERRNO is known here")
    return profile.get("defaultErrnoRet", 1), [rule for rule in profile["syscalls"] if holds(rule, caps)]

#!/usr/bin/python3
"""seccomp_filter.py PROFILE > FILTER: a profile in Docker's format as a BPF program for the floor.

The program is a balanced tree over ranges of system call numbers with the same verdict, some 160 instructions: loading
a filter costs what the kernel needs to emulate it for every number, so small ones win. Only the native architecture is
open; x32 numbers get ENOSYS. libseccomp is asked for the numbers of names.
"""
import ctypes
import struct
import sys

import docker_profile

CAPS = {
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",
    "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
}
ALLOW, KILL = 0x7FFF0000, 0x80000000  # SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS
ENOSYS, X32 = 38, 0x40000000
NR, ARCH, ARGS = 0, 4, 16  # offsets in struct seccomp_data
LOAD, RET, AND, JUMP, JEQ, JGT, JGE = 0x20, 0x06, 0x54, 0x05, 0x15, 0x25, 0x35  # linux/bpf_common.h

libseccomp = ctypes.CDLL("libseccomp.so.2")


def error(number):
    return 0x50000 | number  # SECCOMP_RET_ERRNO


def number_of(name):
    return libseccomp.seccomp_syscall_resolve_name_arch(ctypes.c_uint32(docker_profile.machine()[1]), name.encode())


def verdict(rule):
    if rule["action"] == "SCMP_ACT_ALLOW":
        return ALLOW
    if rule["action"] == "SCMP_ACT_ERRNO":
        return error(rule.get("errnoRet", 1))
    raise SystemExit(f"action {rule['action']}: not known here")


def compare(arg, result):
    """Instructions that return result when the argument compares, and end by falling through otherwise.

    Every argument the profile looks at is an int or 32 flags to the kernel, which ignores the upper half of the register;
    so do we, or an address family with a bit up there would pass as another one.
    """
    value, op = arg["value"], arg["op"]
    load, done = (LOAD, 0, 0, ARGS + 8 * arg["index"]), (RET, 0, 0, result)
    if value >> 32:
        raise SystemExit(f"{op} {value}: more than 32 bits: not known here")
    if op == "SCMP_CMP_EQ":
        return [load, (JEQ, 0, 1, value), done]
    if op == "SCMP_CMP_MASKED_EQ":  # value is the mask, valueTwo what must be left
        return [load, (AND, 0, 0, value), (JEQ, 0, 1, arg.get("valueTwo", 0)), done]
    if op == "SCMP_CMP_LT":
        return [load, (JGE, 1, 0, value), done]
    if op == "SCMP_CMP_GT":
        return [load, (JGT, 0, 1, value), done]
    raise SystemExit(f"comparison {op}: not known here")


def verdicts(path):
    """For each number: a verdict, or the list of (argument, verdict) that decide. An unconditional allow wins."""
    default, rules = docker_profile.load(path, CAPS)
    plain, conditional = {}, {}
    for rule in rules:
        for number in filter(lambda n: n >= 0, map(number_of, rule["names"])):
            args = rule.get("args") or []
            if len(args) > 1:
                raise SystemExit(f"{rule['names']}: several arguments in one rule: not known here")
            if args:
                conditional.setdefault(number, []).append((args[0], verdict(rule)))
            elif plain.get(number) != ALLOW:
                plain[number] = verdict(rule)
    for number, choices in conditional.items():
        if plain.get(number) != ALLOW:
            plain[number] = choices
    return error(default), plain


def ranges(default, table):
    """[(first number, verdict)], adjacent numbers with the same verdict put together."""
    result = []
    for number in range(max(table) + 2):
        value = table.get(number, default)
        if not result or result[-1][1] != value:
            result.append((number, value))
    return result


def leaf(default, value):
    if isinstance(value, int):
        return [(RET, 0, 0, value)]
    return [insn for arg, result in value for insn in compare(arg, result)] + [(RET, 0, 0, default)]


def tree(default, items):
    """The number is in the accumulator."""
    if len(items) == 1:
        return leaf(default, items[0][1])
    middle = len(items) // 2
    left, right = tree(default, items[:middle]), tree(default, items[middle:])
    first = items[middle][0]
    if len(left) <= 255:  # the reach of a conditional jump
        return [(JGE, len(left), 0, first)] + left + right
    return [(JGE, 0, 1, first), (JUMP, 0, 0, len(left))] + left + right


def main():
    if len(sys.argv) != 2:
        raise SystemExit("usage: seccomp_filter.py PROFILE > FILTER")
    default, table = verdicts(sys.argv[1])
    name, audit_arch, _ = docker_profile.machine()
    program = [(LOAD, 0, 0, ARCH), (JEQ, 1, 0, audit_arch), (RET, 0, 0, KILL), (LOAD, 0, 0, NR)]
    if name == "amd64":
        program += [(JGE, 0, 1, X32), (RET, 0, 0, error(ENOSYS))]
    program += tree(default, ranges(default, table))
    # struct sock_filter: code, jump if true, jump if false, value
    sys.stdout.buffer.write(b"".join(struct.pack("<HBBI", *insn) for insn in program))


main()

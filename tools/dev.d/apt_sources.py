#!/usr/bin/env python3
"""Prints this machine's own Debian archives as one-line apt sources, for mmdebstrap.

usage: apt_sources.py CODENAME

Only binary entries of the suites CODENAME, CODENAME-updates and CODENAME-security with the
component main: what else is configured here (vendors' archives) has no place in a Debian image.
"""
import glob
import re
import sys

OPTIONS = {"signed-by": "signed-by", "architectures": "arch", "trusted": "trusted"}


def deb822_entries(text):
    """Yields (types, uris, suites, components, options) for each stanza of a .sources file."""
    for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields = {}
        for line in re.sub(r"\n[ \t]+", " ", stanza).splitlines():
            name, colon, value = line.partition(":")
            if colon:
                fields[name.strip().lower()] = value.split()
        if fields.get("enabled", ["yes"])[0].lower() in ("no", "false", "0"):
            continue
        options = {OPTIONS[k]: ",".join(v) for k, v in fields.items() if k in OPTIONS}
        # A key written out in the stanza fits no one-line entry; the image's own keyring serves.
        if "PGP" in options.get("signed-by", ""):
            del options["signed-by"]
        yield (fields.get("types", []), fields.get("uris", []), fields.get("suites", []),
               fields.get("components", []), options)


def line_entries(text):
    """Yields the same for each line of a .list file."""
    for line in text.splitlines():
        match = re.match(r"\s*(deb|deb-src)\s+(?:\[([^]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if match:
            kind, options, uri, suite, components = match.groups()
            pairs = dict(o.split("=", 1) for o in (options or "").split() if "=" in o)
            yield [kind], [uri], [suite], components.split(), pairs


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def main():
    codename = sys.argv[1]
    wanted = [codename, codename + "-updates", codename + "-security", codename + "/updates"]
    entries = list(line_entries(read("/etc/apt/sources.list")))
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.list")):
        entries += line_entries(read(path))
    for path in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        entries += deb822_entries(read(path))
    for types, uris, suites, components, options in entries:
        if "deb" not in types or "main" not in components:
            continue
        extra = " ".join(f"{k}={v}" for k, v in options.items())
        for uri in uris:
            for suite in (s for s in suites if s in wanted):
                print("deb" + (f" [{extra}]" if extra else ""), uri, suite, "main")


main()

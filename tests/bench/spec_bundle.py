#!/usr/bin/python3
"""spec_bundle.py CONFIG ROOTFS CGROUP ARG...: makes of the config.json that an OCI runtime's `spec` writes one that can be
measured: without a terminal, with a root, a cgroup and a program, and of a version that all runtimes know (crun 1.8 refuses
1.1 and later). All else stays, the read-only root too."""
import json
import sys


def main():
    if len(sys.argv) < 5:
        raise SystemExit("usage: spec_bundle.py CONFIG ROOTFS CGROUP ARG...")
    path, rootfs, cgroup, args = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    config["ociVersion"] = "1.0.2"
    config["process"]["terminal"] = False
    config["process"]["args"] = args
    config["root"]["path"] = rootfs
    config["linux"]["cgroupsPath"] = cgroup
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file, indent=1)


main()

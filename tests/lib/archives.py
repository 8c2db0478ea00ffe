#!/usr/bin/python3
"""Archives for tests.

archives.py docker OUT NAME LAYER...    as docker save writes it; the layers are tar files
archives.py oci OUT NAME LAYER...       an OCI image layout; OUT is a tar, or a directory if it ends in /
archives.py hostile KIND OUT [ARG]      a layer that wants what it may not have

The layers of an OCI image are gzip, or plain where the environment has PLAIN=1. CORRUPT=config|layer|manifest
changes a byte of that blob under its old digest.
"""
import gzip
import hashlib
import io
import json
import os
import platform
import sys
import tarfile

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def digest(data):
    return hashlib.sha256(data).hexdigest()


def config_of(layers):
    diff_ids = ["sha256:" + digest(layer) for layer in layers]
    return json.dumps({
        "architecture": ARCH, "os": "linux", "created": "2020-01-01T00:00:00Z",
        "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }).encode()


def spoil(data):
    return data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1:]


def write_tar(out, files):
    with tarfile.open(out, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def write_directory(out, files):
    for name, data in files.items():
        path = os.path.join(out, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)


def docker(out, name, *paths):
    layers = [open(path, "rb").read() for path in paths]
    config = config_of(layers)
    files = {digest(config) + ".json": config}
    names = []
    for layer in layers:
        names.append(digest(layer) + "/layer.tar")
        files[names[-1]] = layer
    files["manifest.json"] = json.dumps(
        [{"Config": digest(config) + ".json", "RepoTags": [name], "Layers": names}]).encode()
    write_tar(out, files)


def oci(out, name, *paths):
    layers = [open(path, "rb").read() for path in paths]
    packed = layers if os.environ.get("PLAIN") else [gzip.compress(layer, 6, mtime=0) for layer in layers]
    config = config_of(layers)
    manifest = json.dumps({
        "schemaVersion": 2,
        "config": {"digest": "sha256:" + digest(config), "size": len(config)},
        "layers": [{"digest": "sha256:" + digest(p), "size": len(p)} for p in packed],
    }).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": "sha256:" + digest(manifest), "size": len(manifest),
        "annotations": {"io.containerd.image.name": name},
    }]}).encode()
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": index}
    blobs = {"config": [config], "manifest": [manifest], "layer": packed}
    for kind, list_ in blobs.items():
        for data in list_:
            spoilt = spoil(data) if os.environ.get("CORRUPT") == kind else data
            files["blobs/sha256/" + digest(data)] = spoilt
    (write_directory if out.endswith("/") else write_tar)(out, files)


# ---- hostile layers ----

class Layer:
    def __init__(self, out, format=tarfile.PAX_FORMAT):
        self.tar = tarfile.open(out, "w", format=format)

    def add(self, name, kind=tarfile.REGTYPE, data=b"", link="", mode=0o644, **more):
        info = tarfile.TarInfo(name)
        info.type, info.size, info.linkname, info.mode = kind, len(data), link, mode
        for key, value in more.items():
            setattr(info, key, value)
        self.tar.addfile(info, io.BytesIO(data))


def dot_dot(t, victim):
    t.add("../" * 40 + victim.lstrip("/"), data=b"attack")


def absolute_link_out(t, victim):
    t.add("x", tarfile.SYMTYPE, link=os.path.dirname(victim))
    t.add("x/" + os.path.basename(victim), data=b"attack")


def relative_link_out(t, victim):
    t.add("x", tarfile.SYMTYPE, link="../" * 40 + os.path.dirname(victim).lstrip("/"))
    t.add("x/" + os.path.basename(victim), data=b"attack")


def hard_link_out(t, victim):
    t.add("x", tarfile.LNKTYPE, link=victim)
    t.add("x", tarfile.REGTYPE, data=b"attack")


def device(t, _):
    t.add("disk", tarfile.BLKTYPE, devmajor=8, devminor=0, mode=0o666)
    t.add("memory", tarfile.CHRTYPE, devmajor=1, devminor=1, mode=0o666)


def fifo_then_write(t, _):
    t.add("x", tarfile.FIFOTYPE)
    t.add("x", data=b"attack")


def duplicate(t, victim):
    t.add("x", data=b"first")
    t.add("x", tarfile.SYMTYPE, link=victim)
    t.add("x", data=b"attack")


def file_over_directory_over_link(t, victim):
    t.add("x", tarfile.SYMTYPE, link=os.path.dirname(victim))
    t.add("x", tarfile.DIRTYPE, mode=0o755)
    t.add("x/" + os.path.basename(victim), data=b"attack")
    t.add("x", data=b"file")


def xattr_bomb(t, _):
    headers = {"SCHILY.xattr.user.%05d" % i: "x" * 40 for i in range(10000)}
    t.add("x", data=b"x", pax_headers=headers)


def deep_path(t, _):
    t.add("/".join("d" * 300) + "/x", data=b"x")


def entry_count(t, _):
    block = tarfile.TarInfo("same/.wh.same").tobuf(tarfile.USTAR_FORMAT)
    # A gigabyte, in one member of gzip that is repeated.
    t.tar.fileobj.write(gzip.compress(block * 1000) * 2050)
    t.tar.fileobj.write(gzip.compress(bytes(2 * tarfile.BLOCKSIZE)))
    t.tar.fileobj.flush()


def huge_header(t, _):
    t.add("x", data=b"x", pax_headers={"comment": "x" * (8 << 20)})


HOSTILE = [dot_dot, absolute_link_out, relative_link_out, hard_link_out, device, fifo_then_write, duplicate,
           file_over_directory_over_link, xattr_bomb, deep_path, entry_count, huge_header]


def hostile(kind, out, victim=""):
    layer = Layer(out)
    {f.__name__: f for f in HOSTILE}[kind.replace("-", "_")](layer, victim)
    layer.tar.close()


{"docker": docker, "oci": oci, "hostile": hostile}[sys.argv[1]](*sys.argv[2:])

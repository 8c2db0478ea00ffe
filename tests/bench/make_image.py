#!/usr/bin/python3
"""Images for the bench, as `docker save` writes them, the same bytes of content every time.

make_image.py small BUSYBOX FILE   "bench": a static busybox with true, sleep and sh in three gzip layers
make_image.py large FILE           "bench-large": 746 MB in 18,400 files, five gzip layers, some 300 MB as a file
"""
import gzip
import hashlib
import io
import json
import multiprocessing
import os
import random
import sys
import tarfile
import tempfile

# Of each large layer: files and bytes. A base system, its libraries, a language's modules, the program, its data.
LAYERS = [(7000, 250_000_000), (4000, 180_000_000), (5400, 96_000_000), (1500, 120_000_000), (500, 100_000_000)]
RANDOM_PART = 0.12  # of the files; gzip leaves a third of the others, so that the whole comes to 0.41
ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}


class Hashing:
    """A file that passes on what is written and takes its digest."""

    def __init__(self, file):
        self.file, self.digest = file, hashlib.sha256()

    def write(self, data):
        self.digest.update(data)
        return self.file.write(data)


def entry(name, size=0, kind=tarfile.REGTYPE, mode=0o644, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.mode, info.linkname, info.mtime = size, kind, mode, link, 1_700_000_000
    return info


def write_layer(path, entries):
    """entries: pairs of TarInfo and content. Returns the digest of the uncompressed layer."""
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
        hashing = Hashing(packed)
        with tarfile.open(fileobj=hashing, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for info, content in entries:
                tar.addfile(info, io.BytesIO(content) if content is not None else None)
    return hashing.digest.hexdigest()


def text_pool(rng, size):
    """Words of a made-up language: what compression finds in programs and their texts."""
    letters = "etaoinshrdlucmfwypvbgk"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 11))) + " " for _ in range(3000)]
    weights = [1 / (rank + 3) for rank in range(len(words))]
    return "".join(rng.choices(words, weights, k=size // 5)).encode()[:size]


def file_sizes(rng, count, total):
    """Many small files, few large ones, as distributions have them; the sum is total."""
    raw = [rng.lognormvariate(0, 1.8) for _ in range(count)]
    scale = total / sum(raw)
    sizes = [int(value * scale) for value in raw]
    sizes[0] += total - sum(sizes)
    return sizes


def large_entries(index):
    count, total = LAYERS[index]
    rng = random.Random(index)
    pools = {False: text_pool(rng, 8_000_000), True: rng.randbytes(8_000_000)}
    for directory in range((count + 39) // 40):
        yield entry(f"usr/lib/layer{index}/d{directory}", kind=tarfile.DIRTYPE, mode=0o755), None
    for number, size in enumerate(file_sizes(rng, count, total)):
        pool = pools[rng.random() < RANDOM_PART]
        start = rng.randrange(len(pool))
        content = (pool[start:] + pool * (size // len(pool) + 1))[:size]
        name = f"usr/lib/layer{index}/d{number // 40}/file{number}.{rng.choice(['so', 'py', 'h', 'txt'])}"
        yield entry(name, size, mode=rng.choice([0o644, 0o755])), content


def make_large_layer(work):
    directory, index = work
    path = os.path.join(directory, f"layer{index}")
    return path, write_layer(path, large_entries(index))


def make_small_layers(directory, busybox):
    with open(busybox, "rb") as file:
        program = file.read()
    names = ["true", "sleep", "sh", "echo", "cat"]
    base = [(entry(name, kind=tarfile.DIRTYPE, mode=0o755), None)
            for name in ("bin", "dev", "etc", "proc", "sys", "usr")]
    base += [(entry("tmp", kind=tarfile.DIRTYPE, mode=0o1777), None)]
    base += [(entry("bin/busybox", len(program), mode=0o755), program)]
    base += [(entry(f"bin/{name}", kind=tarfile.SYMTYPE, mode=0o777, link="busybox"), None) for name in names]
    base += [(entry(f"etc/{name}"), b"") for name in ("hosts", "hostname", "resolv.conf")]
    users = b"root:x:0:0:root:/:/bin/sh\n"
    layers = [base, [(entry("etc/passwd", len(users)), users)], [(entry("etc/group", 10), b"root:x:0:\n")]]
    for index, entries in enumerate(layers):
        path = os.path.join(directory, f"layer{index}")
        yield path, write_layer(path, entries)


def write_archive(target, name, layers):
    """The archive of `docker save`: manifest.json, the configuration under its digest, the layers."""
    config = json.dumps({
        "architecture": ARCHES[os.uname().machine],
        "os": "linux",
        "config": {"Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for _, digest in layers]},
        "history": [{"created_by": f"layer {index}"} for index in range(len(layers))],
    }).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    members = [f"{digest}/layer.tar" for _, digest in layers]
    manifest = json.dumps([{"Config": config_name, "RepoTags": [f"{name}:latest"], "Layers": members}]).encode()
    with tarfile.open(target + ".new", "w", format=tarfile.PAX_FORMAT) as tar:
        for (path, digest), member in zip(layers, members):
            tar.addfile(entry(digest, kind=tarfile.DIRTYPE, mode=0o755))
            with open(path, "rb") as file:
                tar.addfile(entry(member, os.path.getsize(path)), file)
        tar.addfile(entry(config_name, len(config)), io.BytesIO(config))
        tar.addfile(entry("manifest.json", len(manifest)), io.BytesIO(manifest))
    os.rename(target + ".new", target)


def main(args):
    if args[:1] == ["small"] and len(args) == 3:
        target = args[2]
    elif args[:1] == ["large"] and len(args) == 2:
        target = args[1]
    else:
        raise SystemExit(__doc__)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(target))) as directory:
        if args[0] == "small":
            write_archive(target, "bench", list(make_small_layers(directory, args[1])))
            return
        with multiprocessing.Pool(2) as pool:
            layers = pool.map(make_large_layer, [(directory, index) for index in range(len(LAYERS))], 1)
        write_archive(target, "bench-large", layers)


main(sys.argv[1:])

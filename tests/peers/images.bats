# What `save`, `export` and `commit` write goes through docker, podman, skopeo and umoci, and comes back: the same ids and
# digests, and the same files with everything that there is to a file.
load ../lib/helpers
load peers

setup() {
	peers_setup
	mkdir -m 700 "$engine/root" "$engine/state"
}
teardown() { peers_teardown; }

# What is below /data of a tar archive, a line a file. Of hard links the first in the archive is the file.
list_data() {
	python3 - "$1" <<'END'
import hashlib, sys, tarfile
archive = tarfile.open(sys.argv[1])
links, rows = {}, {}
for m in archive:
    name = m.name.removeprefix("./")
    if not name.startswith("data/"):
        continue
    target = m.linkname.removeprefix("./") if m.islnk() else name
    links.setdefault(links.get(target, target), target)
    f = archive.getmember(m.linkname) if m.islnk() else m
    content = hashlib.sha256(archive.extractfile(f).read()).hexdigest()[:16] if f.isreg() else ""
    cap = m.pax_headers.get("SCHILY.xattr.security.capability", "") if not m.islnk() else "-"
    rows[name] = (("file" if f.isreg() else f.type.decode()), oct(f.mode & 0o7777), f.uid, f.gid, f.size, int(f.mtime),
                  "" if f.isreg() else f.linkname, content, len(cap.encode("utf-8", "surrogateescape")) if cap != "-" else "")
groups = {}
for m in archive:
    if m.islnk() and m.name.removeprefix("./").startswith("data/"):
        groups.setdefault(m.linkname.removeprefix("./"), set()).add(m.name.removeprefix("./"))
for first, names in sorted(groups.items()):
    for name in names | {first}:
        rows[name] = rows[first][:8] + ("+".join(sorted(names | {first})),)
for name in sorted(rows):
    print(name, *rows[name])
END
}

# Three layers: one of an import (gzip, so kept compressed), two of commits, with all that a layer can have.
make_images() {
	tree=$engine/tree
	make_busybox_tree "$tree"
	mkdir -p "$tree/data/gone" "$tree/data/opaque/below" "$tree/data/deep/$(printf %0150d 1)/$(printf %0150d 2)"
	echo lower >"$tree/data/file"
	echo x >"$tree/data/gone/x"
	echo x >"$tree/data/opaque/below/x"
	echo long >"$tree/data/deep/$(printf %0150d 1)/$(printf %0150d 2)/$(printf %0200d 3)"
	echo ünï >"$tree/data/ünïcode"
	echo cap >"$tree/data/cap" && setcap cap_net_raw+ep "$tree/data/cap"
	truncate -s 20M "$tree/data/sparse" && echo end >>"$tree/data/sparse"
	mkfifo -m 620 "$tree/data/fifo"
	touch -d '2001-02-03 04:05:06' "$tree/data/file"
	tar -C "$tree" --numeric-owner --xattrs --xattrs-include='*' -cz . >"$engine/tree.tar.gz"
	rm -rf "$tree"
	bulkhead import -c 'CMD ["/bin/sh"]' -c 'ENV PATH=/bin' "$engine/tree.tar.gz" made:1 >/dev/null
	bulkhead run --name one --network none made:1 /bin/sh -c 'cd /data && rm -r gone && rm -r opaque && mkdir opaque &&
		echo new >opaque/new && ln file hard && ln -s ../etc/passwd link && chown 1000:65535 hard && chmod 6755 hard' >&2
	bulkhead commit one made:2 >/dev/null
	bulkhead run --name two --network none made:2 /bin/sh -c 'cd /data && mkdir gone && echo again >gone/again && chmod 0 ünïcode' >&2
	bulkhead commit -m "three layers" two made:3 >/dev/null
	bulkhead create --name three made:3 true >/dev/null
	bulkhead export three >"$engine/export.tar"
	list_data "$engine/export.tar" >"$engine/expected"
	(($(wc -l <"$engine/expected") >= 14))
	id=$(bulkhead images -q --no-trunc made:3)
	bulkhead rm one two three >/dev/null
	bulkhead save -o "$engine/made.tar" made
}

load_again() {
	mkdir -m 700 "$engine/again" "$engine/againstate"
	"$BULKHEAD_BUILD/src/bulkhead" --root "$engine/again" --state "$engine/againstate" load -q -i "$1"
	run "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/again" --state "$engine/againstate" images -q --no-trunc
}

@test "docker loads what was saved, exports the same files, and saves what is loaded again" {
	make_images
	cat >"$engine/script" <<'END'
dockerd --data-root "$engine/docker" --exec-root /run/dx -H unix:///run/d.sock --pidfile /run/d.pid --iptables=false \
	--bridge=none >/run/d.log 2>&1 &
export DOCKER_HOST=unix:///run/d.sock
docker() { timeout 60 docker "$@"; }
for i in $(seq 300); do docker info >/dev/null 2>&1 && break; sleep 0.1; done
docker load -i "$engine/made.tar" || tail -n 5 /run/d.log
echo "id $(docker image inspect --format '{{.Id}}' made:3)"
docker export "$(docker create --network none made:3 true)" >"$engine/docker.tar"
docker save -o "$engine/docker-saved.tar" made:3
docker history --format '{{.Comment}}' made:3
docker ps -aq | xargs -r docker rm -f >/dev/null
kill "$(cat /run/d.pid)"
for i in $(seq 100); do [ -e /run/d.pid ] || break; sleep 0.1; done
umount "$engine/docker" 2>/dev/null
true
END
	in_peer_namespaces
	assert_success
	assert_line "Loaded image: made:1"
	assert_line "Loaded image: made:3"
	assert_line "id $id"
	assert_line "three layers"
	list_data "$engine/docker.tar" | diff - "$engine/expected"
	load_again "$engine/docker-saved.tar"
	assert_output "$id"
}

@test "podman loads what was saved, and its archives are loaded again" {
	make_images
	bulkhead save --format oci -o "$engine/oci.tar" made:3
	export id
	cat >"$engine/script" <<'END'
podman() { timeout 60 podman --root "$engine/podman" --runroot /run/podman --tmpdir /run/podman.tmp --cgroup-manager cgroupfs --events-backend file "$@"; }
podman load -i "$engine/made.tar" 2>/dev/null
echo "id $(podman image inspect --format '{{.Id}}' made:3)"
at=$(podman image mount made:3)
tar -C "$at" --numeric-owner --xattrs --xattrs-include='*' --format=pax -cf "$engine/podman.tar" data
podman image umount made:3 >/dev/null
podman save -o "$engine/podman-docker.tar" made:3 2>/dev/null
podman rmi -af >/dev/null 2>&1
podman pull -q "oci-archive:$engine/oci.tar" 2>/dev/null
podman save --format oci-archive -o "$engine/podman-saved.tar" "${id#sha256:}" 2>/dev/null
END
	in_peer_namespaces
	assert_success
	assert_line "id ${id#sha256:}"
	list_data "$engine/podman.tar" | diff - "$engine/expected"
	load_again "$engine/podman-saved.tar"
	assert_output "$id"
	rm -rf "$engine/again" "$engine/againstate"
	load_again "$engine/podman-docker.tar"
	assert_output "$id"
}

@test "skopeo and umoci read both formats, with the digests that we have" {
	make_images
	bulkhead save --format oci -o "$engine/oci.tar" made:3
	mkdir "$engine/layout"
	tar -C "$engine/layout" -xf "$engine/oci.tar"
	run skopeo inspect --raw "oci:$engine/layout:3"
	assert_success
	manifest=$(skopeo inspect --format '{{.Digest}}' "oci:$engine/layout:3")
	run tar -xOf "$engine/oci.tar" index.json
	assert_output --partial "$manifest"
	run skopeo inspect --config "docker-archive:$engine/made.tar:made:3"
	assert_success
	[[ $(skopeo inspect --raw --config "docker-archive:$engine/made.tar:made:3" | sha256sum | cut -d ' ' -f 1) == "${id#sha256:}" ]]
	umoci unpack --image "$engine/layout:3" "$engine/bundle" 2>/dev/null
	tar -C "$engine/bundle/rootfs" --numeric-owner --xattrs --xattrs-include='*' --format=pax -cf "$engine/umoci.tar" data
	list_data "$engine/umoci.tar" | diff - "$engine/expected"
	skopeo copy -q "oci:$engine/layout:3" "oci-archive:$engine/copied.tar:made:3"
	load_again "$engine/copied.tar"
	assert_output "$id"
}

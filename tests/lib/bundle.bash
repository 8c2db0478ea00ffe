# shellcheck shell=bash
# Bundles for bulkhead-oci, whose containers have a directory of their own in the test's engine:
#
#     load ../lib/helpers
#     load ../lib/bundle
#
#     setup() { bundle_setup; }
#     teardown() { bundle_teardown; }

bundle_setup() {
	engine_setup
	groups=bulkhead-test/$(basename "$engine")
	bundle=$engine/bundle
	bundle_new "$bundle"
}

# Containers first: their groups and mounts must not be what the test leaves.
bundle_teardown() {
	local id
	for id in $(oci list -q 2>/dev/null); do
		oci delete -f "$id"
	done
	# the groups above a container's are nobody's to remove
	find /sys/fs/cgroup -depth -type d -path "*/$groups*" -exec rmdir {} + 2>/dev/null || true
	engine_teardown
}

# The program under test. Descriptor 3 is bats' own: a container must not keep a test waiting.
oci() {
	timeout 30 "$BULKHEAD_BUILD/src/bulkhead-oci" --root "$engine/oci" "$@" 3>&-
}

# Makes the bundle $1: a busybox root and the default config.json without a terminal.
bundle_new() {
	mkdir -p "$1/rootfs"
	make_busybox_tree "$1/rootfs"
	oci spec -b "$1"
	bundle_edit "p['terminal'] = False; l['cgroupsPath'] = '/$groups/one'" "$1"
}

# Has the next container of the bundle (or of $2) a group called $1: two that run need two.
bundle_groups() {
	bundle_edit "l['cgroupsPath'] = '/$groups/$1'" "${2:-$bundle}"
}

# Changes config.json of the bundle (or of $2) by the Python statements $1, in which it is "c", its
# process "p", linux "l" and linux.resources "r".
bundle_edit() {
	python3 -SE - "${2:-$bundle}/config.json" "$1" <<'END'
import json, sys
path, edit = sys.argv[1:]
with open(path) as f:
    c = json.load(f)
l = c.setdefault("linux", {})
exec(edit, {"c": c, "p": c["process"], "l": l, "r": l.setdefault("resources", {})})
with open(path, "w") as f:
    json.dump(c, f)
END
}

# Gives the bundle's process the arguments.
bundle_args() {
	python3 -SE - "$bundle/config.json" "$@" <<'END'
import json, sys
with open(sys.argv[1]) as f:
    c = json.load(f)
c["process"]["args"] = sys.argv[2:]
with open(sys.argv[1], "w") as f:
    json.dump(c, f)
END
}

# Runs the bundle as the container $1 and prints what it says.
oci_run() {
	oci run -b "$bundle" "$1" </dev/null
}

# Makes and starts the container $1 of the bundle, in the background.
oci_start() {
	oci create -b "$bundle" "$1" </dev/null >/dev/null 2>&1
	oci start "$1"
}

oci_status() {
	oci state "$1" | sed -n 's/^ *"status": "\([a-z]*\)",\?$/\1/p'
}

oci_status_is() {
	[[ $(oci_status "$1") == "$2" ]]
}

# Runs the shell script $1 as the program of the container "one", which must succeed; what it says is in $output.
inside() {
	bundle_args sh -c "$1"
	run oci_run one
	assert_success
}

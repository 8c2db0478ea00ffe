# shellcheck shell=bash
# Other engines with bulkhead-oci as their runtime: each in mount, network and process namespaces of its own, where what they
# write outside of the directories they are told to use is in memory and goes with the namespace, and so do their processes.

runtime=$BULKHEAD_BUILD/src/bulkhead-oci

peers_setup() {
	engine=$(mktemp -d /tmp/bh.XXXXXX)
	chmod 755 "$engine"
	# shellcheck disable=SC2034 # of host.bash
	host_before=$(host_fingerprint)
	make_busybox_tree "$engine/tree"
	tar -C "$engine/tree" --numeric-owner -cf "$engine/root.tar" .
	rm -rf "$engine/tree"
}

# The engines put their groups below /docker, /libpod_parent and what they are told, and leave those.
peers_teardown() {
	[[ -n ${engine:-} && -d $engine ]] || return 0
	find /sys/fs/cgroup -mindepth 2 -depth -type d \( -path '*/docker*' -o -path '*/bulkhead-ctr*' -o -path '*/libpod_parent*' \) -exec rmdir {} + 2>/dev/null || true
	assert_host_clean
	rm -rf --one-file-system "${engine:?}"
}

# Runs the shell script $engine/script in such namespaces, at most two minutes; its output is $output.
in_peer_namespaces() {
	cat - "$engine/script" >"$engine/whole" <<-'END'
		set -u
		for at in /run /var/lib /opt; do mount -t tmpfs -o mode=755 tmpfs "$at"; done
		# beside version 1's controllers a mounted version 2 makes podman and crun choose wrongly
		if grep -q ' - cgroup ' /proc/self/mountinfo; then
			for at in $(awk '/ - cgroup2 /{ print $5 }' /proc/self/mountinfo); do umount "$at"; done
		fi
	END
	run timeout 120 unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private env engine="$engine" runtime="$runtime" bash "$engine/whole" 3>&-
}

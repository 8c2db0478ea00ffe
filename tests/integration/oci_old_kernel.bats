# bulkhead-oci where the kernel, or a filter above us, does not have the newer system calls: each is replaced by what was
# there before it, or what needs it is an error that names it. `./dev test all` runs the other files so, too.
load ../lib/helpers
load ../lib/bundle

setup() {
	bundle_setup
	without=$(compile "$BATS_TEST_DIRNAME/../lib/src/without.c" -D_GNU_SOURCE)
}
teardown() { bundle_teardown; }

calls=(clone3 close_range landlock mount_setattr openat2 pidfd 'clone3,close_range,landlock,mount_setattr,openat2,pidfd')

# The runtime, without the calls $1. Descriptor 3 is bats' own.
oci_without() {
	local call=$1
	shift
	timeout 60 "$without" "$call" "$BULKHEAD_BUILD/src/bulkhead-oci" --root "$engine/oci" "$@" 3>&-
}

@test "a container's life, and what confines it" {
	local call
	mkdir "$engine/source"
	bundle_edit "c['mounts'] += [{'destination': '/made/here', 'source': '$engine/source', 'options': ['rbind', 'ro', 'nosuid']}]
r['pids'] = {'limit': 77}"
	bundle_args sh -c 'touch /made/here/x /root/x /proc/sys/kernel/domainname; cat /proc/kcore | wc -c; sleep 1000'
	for call in "${calls[@]}"; do
		oci_without "$call" create --pid-file "$engine/pid" -b "$bundle" one </dev/null >"$engine/said" 2>&1 ||
			fail "$call: $(cat "$engine/said")"
		oci_without "$call" start one
		run cat "$(find /sys/fs/cgroup -path "*/$groups/one/pids.max")"
		assert_output 77
		wait_for 5 grep -qx 0 "$engine/said"
		run cat "$engine/said"
		assert_line --partial "/made/here/x: Read-only file system"
		assert_line --partial "/root/x: Read-only file system"
		assert_line --partial "/proc/sys/kernel/domainname: Read-only file system"
		run oci_without "$call" exec one sh -c 'ls /proc/self/fd; readlink /proc/self/ns/mnt'
		assert_line --index 3 3
		refute_line 4
		assert_line "$(readlink "/proc/$(cat "$engine/pid")/ns/mnt")"
		oci_without "$call" kill one KILL
		wait_for 5 oci_status_is one stopped
		oci_without "$call" delete one
	done
}

@test "links of the root stay in it, and nothing of ours is handed down" {
	local call
	mkdir -p "$engine/host" "$engine/source" "$bundle/rootfs$engine/host"
	ln -s "$engine/host" "$bundle/rootfs/away"
	ln -s ../../../../../../.. "$bundle/rootfs/up"
	bundle_edit "c['mounts'] += [{'destination': '/away/made', 'source': '$engine/source', 'options': ['bind']},
	{'destination': '/up/$engine/host/made', 'source': '$engine/source', 'options': ['bind']}]"
	bundle_args true
	for call in "${calls[@]}"; do
		oci_without "$call" run -b "$bundle" one </dev/null
		run ls -A "$engine/host"
		assert_output ""
		rmdir "$bundle/rootfs$engine/host/made"
	done
	# ids cannot be mapped so, which is said
	bundle_edit "l['namespaces'].append({'type': 'user'}); l['uidMappings'] = [{'containerID': 0, 'hostID': 100000, 'size': 65536}]
l['gidMappings'] = l['uidMappings']
c['mounts'][-1] = {'destination': '/mapped', 'source': '$engine/source', 'options': ['bind', 'idmap']}"
	chown -R 100000:100000 "$bundle/rootfs"
	run oci_without mount_setattr run -b "$bundle" one </dev/null
	assert_failure
	assert_output --partial "no mount_setattr(2)"
}

@test "a program cannot be written over from inside (CVE-2019-5736), by the copy that stands for the view" {
	local before
	before=$(sha256sum <"$BULKHEAD_BUILD/src/bulkhead-oci")
	bundle_args sh -c 'for i in 1 2 3 4 5; do for p in /proc/[0-9]*; do (echo x >$p/exe) 2>/dev/null; done; done; true'
	bundle_edit "l['namespaces'] = [n for n in l['namespaces'] if n['type'] != 'pid']"
	oci_without mount_setattr run -b "$bundle" one </dev/null
	assert_equal "$(sha256sum <"$BULKHEAD_BUILD/src/bulkhead-oci")" "$before"
}

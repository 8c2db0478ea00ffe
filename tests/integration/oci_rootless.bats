# bulkhead-oci for an ordinary user who may use a range of ids (subuid(5)): what one id allows is in tests/conformance.
load ../lib/helpers
load ../lib/bundle

user=12345

setup() {
	bundle_setup
	chown "$user:$user" "$engine/root" "$engine/state"
	printf 'root:x:0:0::/:/bin/sh\nordinary:x:%d:%d::/:/bin/sh\n' $user $user >"$engine/passwd"
	echo "ordinary:700000:1000" >"$engine/subids"
	# Without a cgroupsPath a container's group has its id: these are nobody else's.
	chmod 755 "$bundle" "$bundle/rootfs"
	chown -R "$user:$user" "$bundle"
	bundle_edit "l['namespaces'] = [n for n in l['namespaces'] if n['type'] not in ('network', 'cgroup')] + [{'type': 'user'}]
c['mounts'] = [m for m in c['mounts'] if m['type'] not in ('sysfs', 'cgroup', 'mqueue')]
for m in c['mounts']: m['options'] = [o for o in m.get('options', []) if not o.startswith('gid=')]
l['uidMappings'] = l['gidMappings'] = [{'containerID': 0, 'hostID': $user, 'size': 1}, {'containerID': 1, 'hostID': 700000, 'size': 1000}]
l.pop('cgroupsPath', None); l.pop('resources', None)"
}
teardown() { bundle_teardown; }

# The runtime by that user, on a host whose files say what it may use.
as_user() {
	local program=$BULKHEAD_BUILD/src/bulkhead-oci
	timeout 60 unshare -m bash -c 'mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/subids" /etc/subuid &&
		mount --bind "$1/subids" /etc/subgid && shift && exec setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"' - \
		"$engine" $user "$program" --root "$engine/state/oci" "$@" 3>&- </dev/null
}

@test "a range of ids, by newuidmap and newgidmap" {
	bundle_args sh -c 'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u'
	run as_user run -b "$bundle" "${groups##*/}-one"
	assert_success
	assert_equal "$(tr -s ' ' <<<"$output")" " 0 $user 1
 1 700000 1000
 0 $user 1
 1 700000 1000
allow
0"
	bundle_edit "p['user'] = {'uid': 5, 'gid': 6, 'additionalGids': [7]}"
	bundle_args sh -c 'id -u; id -g; id -G'
	run as_user run -b "$bundle" "${groups##*/}-two"
	assert_output $'5\n6\n6 7'
}

@test "what is not the user's is refused, and nothing is left" {
	bundle_edit "l['uidMappings'][1]['hostID'] = 0"
	bundle_args true
	run as_user run -b "$bundle" "${groups##*/}-one"
	assert_failure 1
	assert_output --partial "newuidmap refused"
	run as_user list -q
	assert_output ""
}

# Bind mounts of bundles whose source is what the mounts before them have made.
load ../lib/helpers
load ../lib/bundle

setup() { bundle_setup; }
teardown() { bundle_teardown; }

# Adds the mounts of the Python list $1, in which "host" is the root's path on the host.
add_mounts() {
	bundle_edit "host = '$bundle/rootfs'; c['mounts'] += $1"
}

tmpfs='{"destination": "/made", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]}'

@test "a source that an earlier mount makes is found, by its path on the host" {
	add_mounts "[$tmpfs,
		{'destination': '/made/below', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['size=4k']},
		{'destination': '/again', 'source': host + '/made', 'options': ['rbind']},
		{'destination': '/single', 'source': 'rootfs/made/below', 'options': ['bind', 'ro']}]"
	inside 'echo x >/made/file && cat /again/file && echo y >/made/below/file && cat /single/file /again/below/file
		echo z >/single/file || true'
	assert_line x
	assert_line y
	assert_line --partial "Read-only file system"
	assert [ ! -e "$bundle/rootfs/made/file" ]
}

@test "a source that an earlier mount lies over is that mount" {
	mkdir "$bundle/rootfs/made"
	touch "$bundle/rootfs/made/of-the-image"
	add_mounts "[$tmpfs, {'destination': '/again', 'source': host + '/made', 'options': ['bind']}]"
	inside 'ls /again; touch /made/file; ls /again'
	assert_output file
}

@test "a source in the root with no mount upon it is the image's, before and after others" {
	mkdir -p "$bundle/rootfs/made" "$bundle/rootfs/other"
	touch "$bundle/rootfs/other/of-the-image"
	add_mounts "[$tmpfs, {'destination': '/again', 'source': host + '/other', 'options': ['bind']}]"
	inside 'ls /again'
	assert_output of-the-image
}

@test "a source that nobody makes is an error that names it, and nothing is left" {
	add_mounts "[$tmpfs, {'destination': '/again', 'source': host + '/made/nothing', 'options': ['bind']}]"
	run oci_run one
	assert_failure 1
	assert_output --partial "/again: $bundle/rootfs/made/nothing: No such file or directory"
	run oci state one
	assert_failure
	# nor by a mount after it
	bundle_edit "c['mounts'].reverse()"
	run oci_run one
	assert_failure 1
	assert_output --partial "/made/nothing: No such file or directory"
}

@test "a source found late is not looked for by links of /proc" {
	add_mounts "[{'destination': '/again', 'source': '/proc/self/root/nothing', 'options': ['bind']}]"
	run oci_run one
	assert_failure 1
	assert_output --partial "/again: /proc/self/root/nothing: Too many levels of symbolic links"
}

@test "copy-symlink of a link that an earlier mount brings" {
	mkdir "$engine/volume"
	ln -s /nowhere "$engine/volume/link"
	add_mounts "[{'destination': '/made', 'source': '$engine/volume', 'options': ['bind']},
		{'destination': '/copy', 'source': host + '/made/link', 'options': ['bind', 'copy-symlink']}]"
	inside 'readlink /copy'
	assert_output /nowhere
}

@test "in a user namespace the way to the source need not be the container's root's" {
	bundle_edit "l['namespaces'].append({'type': 'user'})
ids = [{'containerID': 0, 'hostID': 100000, 'size': 65536}]
l['uidMappings'] = l['gidMappings'] = ids"
	chmod 755 "$engine" "$bundle/rootfs"
	chmod 711 "$bundle"
	mkdir -m 777 "$bundle/rootfs/made" "$bundle/rootfs/again"
	add_mounts "[$tmpfs, {'destination': '/again', 'source': host + '/made', 'options': ['bind']}]"
	inside 'touch /made/file; ls /again'
	assert_output file
	chmod 700 "$bundle"
	inside 'touch /made/file; ls /again'
	assert_output file
}

@test "a source found late is mapped; a destination by its path on the host is one in the root" {
	add_mounts "[$tmpfs, {'destination': host + '/again', 'source': host + '/made', 'options': ['bind', 'idmap'],
		'uidMappings': [{'containerID': 0, 'hostID': 1000, 'size': 10}],
		'gidMappings': [{'containerID': 0, 'hostID': 2000, 'size': 10}]}]"
	inside 'touch /made/file; stat -c %u:%g /made/file /again/file'
	assert_line --index 0 0:0
	assert_line --index 1 1000:2000
	# the parent's maps are not the container's to use
	bundle_edit "l['namespaces'].append({'type': 'user'})
l['uidMappings'] = l['gidMappings'] = [{'containerID': 0, 'hostID': 100000, 'size': 65536}]"
	mkdir -p "$bundle/rootfs/made" "$bundle/rootfs/again"
	run oci_run one
	assert_failure
	assert_output --partial "/again: $bundle/rootfs/made: "
}

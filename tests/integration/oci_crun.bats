# bulkhead-oci where crun has more than runc: options, annotations, and what it takes without complaint.
load ../lib/helpers
load ../lib/bundle

setup() { bundle_setup; }
teardown() { bundle_teardown; }

@test "create and run read another file than config.json" {
	bundle_args echo other
	mkdir "$bundle/conf"
	mv "$bundle/config.json" "$bundle/conf/other.json"
	run oci run -b "$bundle" --config conf/other.json one </dev/null
	assert_success
	assert_output other
	cp "$bundle/conf/other.json" "$engine/absolute.json"
	oci create -b "$bundle" -f "$engine/absolute.json" one </dev/null >/dev/null 2>&1
	oci_status_is one created
	oci delete one
	run oci run -b "$bundle" one </dev/null
	assert_failure 1
	assert_output --partial "config.json: no such file in the bundle"
	run oci run -b "$bundle" -f nosuch.json one </dev/null
	assert_failure 1
	assert_output --partial "nosuch.json: no such file in the bundle"
}

@test "delete and kill take a pattern for ids" {
	local id
	bundle_args sleep 1000
	for id in web-1 web-2 db-1; do
		bundle_groups "$id"
		oci_start "$id"
	done
	run oci kill --regex '^web-[0-9' KILL
	assert_failure 1
	assert_output --partial "--regex: ^web-[0-9: "
	run oci delete --regex '^web-'
	assert_failure 1
	assert_output --partial "web-1: cannot delete container web-1 that is not stopped: running"
	assert_output --partial "web-2: cannot delete container web-2 that is not stopped: running"
	oci kill --regex '^web-[0-9]$' KILL
	wait_for 5 oci_status_is web-1 stopped
	wait_for 5 oci_status_is web-2 stopped
	oci_status_is db-1 running
	oci delete --regex web
	run oci list -q
	assert_output db-1
	oci delete -f -r .
	run oci list -q
	assert_output ""
	oci delete --regex nobody
}

@test "slashes at the end of a device's path count for nothing" {
	bundle_edit 'l["devices"] = [{"path": "/dev/extra//", "type": "c", "major": 1, "minor": 5}]'
	bundle_args sh -c 'test -c /dev/extra && echo made'
	run oci_run one
	assert_success
	assert_output made
	bundle_edit 'l["devices"][0]["path"] = "/"'
	run oci_run one
	assert_failure 1
	assert_output --partial "device /: not a path of a file"
}

@test "a mount goes where a link leads, though nothing is there" {
	ln -s ../made/of/links "$bundle/rootfs/etc/dangling"
	ln -s /made/too "$bundle/rootfs/etc/tree"
	ln -s ../../../../../escape "$bundle/rootfs/etc/out"
	ln -s round "$bundle/rootfs/etc/round"
	echo hello >"$engine/file"
	bundle_edit "c['mounts'] += [{'destination': d, 'type': 'bind', 'source': s, 'options': ['bind']}
for d, s in (('/etc/dangling', '$engine/file'), ('/etc/tree', '$engine'), ('/etc/out', '$engine/file'))]"
	bundle_args cat /made/of/links /made/too/file /escape
	run oci_run one
	assert_success
	assert_output "hello
hello
hello"
	[[ ! -e /escape && ! -e $engine/escape ]]
	bundle_edit "c['mounts'][-1]['destination'] = '/etc/round'"
	run oci_run one
	assert_failure 1
	assert_output --partial "Too many levels of symbolic links"
}

# The container sees the groups of who calls, or none.
groups_inside() {
	run setpriv --groups 41,42 "$BULKHEAD_BUILD/src/bulkhead-oci" --root "$engine/oci" "$@" 3>&-
	assert_success
	assert_output --partial "Groups:"
	groups_seen=$(sed -n 's/^Groups:[[:space:]]*//p' <<<"$output" | xargs)
}

@test "run.oci.keep_original_groups: with and without a user namespace, in exec too" {
	bundle_args grep Groups /proc/self/status
	groups_inside run -b "$bundle" one
	assert_equal "$groups_seen" ""
	bundle_edit "c['annotations'] = {'run.oci.keep_original_groups': '1'}; p['user']['additionalGids'] = [7]"
	groups_inside run -b "$bundle" one
	assert_equal "$groups_seen" "41 42"
	bundle_edit "m = [{'containerID': 0, 'hostID': 100000, 'size': 65536}]
l['uidMappings'] = l['gidMappings'] = m; l['namespaces'].append({'type': 'user'})"
	chmod 755 "$engine" "$bundle"
	groups_inside run -b "$bundle" one
	assert_equal "$groups_seen" "65534 65534"
	bundle_args sleep 1000
	oci_start one
	groups_inside exec one grep Groups /proc/self/status
	assert_equal "$groups_seen" "65534 65534"
}

@test "run.oci.pidfd_receiver: a descriptor of the process goes to the socket" {
	bundle_args true
	bundle_edit "c['annotations'] = {'run.oci.pidfd_receiver': '$engine/pidfd'}"
	run oci create -b "$bundle" one
	assert_failure 1
	assert_output --partial "pidfd socket"
	python3 - "$engine/pidfd" >"$engine/received" 3>&- <<-'END' &
		import array, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		s.settimeout(10)
		message, fds, flags, address = socket.recv_fds(s.accept()[0], 100, 1)
		print([l for l in open("/proc/self/fdinfo/%d" % fds[0]) if l.startswith("Pid:")][0].split()[1])
	END
	wait_for 5 test -S "$engine/pidfd"
	oci create -b "$bundle" --pid-file "$engine/pid" one </dev/null >/dev/null 2>&1
	wait $!
	assert_equal "$(cat "$engine/received")" "$(cat "$engine/pid")"
}

@test "run.oci.hooks.stdout and stderr: where hooks write to" {
	bundle_args true
	echo before >"$engine/out"
	bundle_edit "c['annotations'] = {'run.oci.hooks.stdout': '$engine/out', 'run.oci.hooks.stderr': '$engine/err'}
c['hooks'] = {k: [{'path': '/bin/sh', 'args': ['sh', '-c', f'echo out {k}; echo err {k} >&2']}]
              for k in ('prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop')}
c['hooks']['startContainer'] = [{'path': '/bin/sh', 'args': ['sh', '-c', 'ls /proc/self/fd >/dev/null; echo no']}]"
	run oci_run one
	assert_success
	assert_output ""
	run cat "$engine/out"
	assert_output "before
out prestart
out createRuntime
out createContainer
out poststart
out poststop"
	run cat "$engine/err"
	assert_equal "${#lines[@]}" 5
	assert_equal "$(stat -c %a "$engine/err")" 600
	bundle_edit "m = [{'containerID': 0, 'hostID': 100000, 'size': 65536}]
l['uidMappings'] = l['gidMappings'] = m; l['namespaces'].append({'type': 'user'})"
	chmod 755 "$engine" "$bundle"
	run oci_run one
	assert_success
	assert_equal "$(grep -c createContainer "$engine/out")" 2
	bundle_edit "c['annotations']['run.oci.hooks.stderr'] = '$engine'"
	run oci_run one
	assert_failure 1
	assert_output --partial "annotations.run.oci.hooks.stderr: $engine: Is a directory"
}

@test "in a user namespace, devices that the host has not got by that name" {
	chmod 755 "$engine" "$bundle"
	bundle_edit "m = [{'containerID': 0, 'hostID': 100000, 'size': 65536}]
l['uidMappings'] = l['gidMappings'] = m; l['namespaces'].append({'type': 'user'})
l['devices'] = [{'path': '/dev/noughts', 'type': 'c', 'major': 1, 'minor': 5, 'fileMode': 0o604, 'uid': 10, 'gid': 11},
                {'path': '/dev/none', 'type': 'c', 'major': 1, 'minor': 3}, {'path': '/dev/pipe', 'type': 'p'}]"
	bundle_args sh -c 'stat -c "%F %a %u %g %t:%T" /dev/noughts /dev/none /dev/pipe; head -c 2 /dev/noughts | wc -c; echo x >/dev/none; touch /dev/noughts.x; id -u'
	run oci_run one
	assert_success
	assert_line --index 0 "character special file 604 10 11 1:5"
	assert_line --index 1 "character special file 666 0 0 1:3"
	assert_line --index 2 "fifo 666 0 0 0:0"
	assert_line --index 3 2
}

@test "run.oci.seccomp_fail_unknown_syscall: a call that nobody knows is an error" {
	bundle_args true
	bundle_edit "l['seccomp'] = {'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['mkdir', 'arm_fadvise64_64', 'nosuch'], 'action': 'SCMP_ACT_ERRNO'}]}"
	oci_run one
	bundle_edit "c['annotations'] = {'run.oci.seccomp_fail_unknown_syscall': '1'}"
	run oci_run one
	assert_failure 1
	assert_output --partial "linux.seccomp.syscalls[0].names[2]: nosuch is no system call"
	bundle_edit "l['seccomp']['syscalls'][0]['names'].pop()"
	oci_run one
}

@test "spec writes another file, create takes what only run needs" {
	mkdir "$engine/conf"
	oci spec -b "$bundle" --file "$engine/conf/a.json"
	oci spec -b "$engine" -f conf/b.json --rootless
	run oci spec -b "$engine" -f conf/b.json
	assert_failure 1
	assert_output --partial "File conf/b.json exists. Remove it first"
	cmp "$engine/conf/a.json" "$engine/conf/b.json" && fail "both are alike"
	bundle_args sleep 1000
	oci create --no-subreaper -b "$bundle" one </dev/null >/dev/null 2>&1
	oci_status_is one created
}

@test "a mount on / is the root for all that comes after it" {
	cp -a "$bundle/rootfs" "$engine/other"
	touch "$engine/other/marker"
	bundle_edit "c['mounts'].insert(0, {'destination': '/', 'type': 'bind', 'source': '$engine/other', 'options': ['bind']})"
	bundle_args sh -c 'ls /marker; grep -c "^self" /proc/self/mounts; awk "\$5 == \"/\" || \$5 == \"/proc\" { print \$5, \$6 }" /proc/self/mountinfo; test -c /dev/null && echo devices; touch /x'
	run oci_run one
	assert_failure
	assert_line --index 0 /marker
	assert_line "/ ro,relatime"
	assert_line "/proc rw,relatime"
	assert_line devices
	assert_output --partial "Read-only file system"
	bundle_edit "c['mounts'][0] = {'destination': '/', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['tmpcopyup']}
c['root']['readonly'] = False"
	bundle_args sh -c 'touch /written; stat -f -c %T /; grep -c " / " /proc/self/mounts'
	run oci_run one
	assert_success
	assert_line --index 0 tmpfs
	assert_line --index 1 1
	[[ ! -e $bundle/rootfs/written ]]
}

@test "copy-symlink, src-nofollow, dest-nofollow" {
	echo hello >"$engine/file"
	ln -s nowhere "$engine/link"
	ln -s elsewhere "$bundle/rootfs/target"
	bind() { # SOURCE DESTINATION OPTION...
		bundle_edit "c['mounts'] = c['mounts'][:7] + [{'destination': '$2', 'type': 'bind', 'source': '$engine/$1', 'options': 'bind $3'.split()}]"
	}
	bind link /a/new/link copy-symlink
	bundle_args readlink /a/new/link
	run oci_run one
	assert_success
	assert_output nowhere
	oci_run one # it is there already
	bind file /a/new/file copy-symlink
	bundle_args cat /a/new/file
	run oci_run one
	assert_output hello
	bind link /target copy-symlink
	run oci_run one
	assert_failure 1
	assert_output --partial "copy-symlink: there is something else"
	bind file /target dest-nofollow
	bundle_args cat /target
	run oci_run one
	assert_success
	assert_output hello
	[[ ! -e $bundle/rootfs/elsewhere ]]
	bind link /target "src-nofollow dest-nofollow"
	bundle_args readlink /target
	run oci_run one
	assert_success
	assert_output nowhere
	bind link /proc/self "src-nofollow dest-nofollow"
	run oci_run one
	assert_failure 1
	assert_output --partial "leads this mount into /proc"
}

# bulkhead-oci: what a container of a bundle looks like from inside.
load ../lib/helpers
load ../lib/bundle

setup() { bundle_setup; }
teardown() { bundle_teardown; }

@test "namespaces, host name, devices" {
	inside 'hostname; echo $$; ls /dev; stat -c %t:%T /dev/null; echo x >/dev/null; readlink /dev/ptmx'
	assert_line --index 0 bulkhead
	assert_line --index 1 1
	for name in fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero; do
		assert_line "$name"
	done
	assert_line 1:3
	assert_line pts/ptmx
}

@test "user, groups, umask, capabilities, no_new_privs, limits" {
	bundle_edit 'p["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [5, 7], "umask": 0o077}
p["capabilities"]["inheritable"] = p["capabilities"]["ambient"] = ["CAP_NET_BIND_SERVICE"]
p["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]'
	inside 'id; umask; grep -E "Cap(Prm|Eff|Bnd|Amb)|NoNew" /proc/self/status; ulimit -n; ulimit -Hn'
	assert_line --index 0 "uid=1000(user) gid=1001 groups=5,7"
	assert_line 0077
	assert_line --regexp 'CapEff:.0000000000000400'
	assert_line --regexp 'CapAmb:.0000000000000400'
	assert_line --regexp 'CapBnd:.0000000020000420'
	assert_line --regexp 'NoNewPrivs:.1'
	assert_line 100
	assert_line 200
}

@test "mounts: bind, tmpfs, read-only, recursive, masked" {
	mkdir -p "$engine/source/below"
	echo content >"$engine/source/file"
	bundle_edit "c['mounts'] += [
	{'destination': '/made/here', 'source': '$engine/source', 'options': ['rbind', 'ro', 'nosuid']},
	{'destination': '/one/file', 'source': '$engine/source/file', 'options': ['bind', 'rro']},
	{'destination': '/tmp', 'type': 'tmpfs', 'source': 'tmpfs', 'options': ['size=64k', 'mode=700', 'noexec']}]
l['maskedPaths'] += ['/etc/passwd']"
	inside 'cat /made/here/file /one/file; touch /made/here/x 2>&1; touch /one/file 2>&1; touch /root/x 2>&1
		grep -E " /(made/here|one/file|tmp) " /proc/self/mounts; cat /etc/passwd; echo end'
	assert_line --index 0 content
	assert_line --index 1 content
	assert_line --partial "/made/here/x: Read-only file system"
	assert_line --partial "/one/file: Read-only file system"
	assert_line --partial "/root/x: Read-only file system"
	assert_line --regexp ' /made/here [a-z0-9]+ ro,nosuid'
	assert_line --regexp ' /tmp tmpfs rw,noexec,relatime,size=64k,mode=700'
	refute_line --partial root:x:0
	assert_line end
}

@test "a mount's way leads through no link out of the root" {
	ln -s /../../../../../.. "$bundle/rootfs/up"
	ln -s /proc "$bundle/rootfs/toproc"
	mkdir "$engine/source"
	bundle_edit "c['mounts'] += [{'destination': '/up/escaped', 'source': '$engine/source', 'options': ['bind']}]"
	inside 'ls -d /escaped'
	assert_output /escaped
	[[ ! -e /escaped ]]
	bundle_edit "c['mounts'][-1]['destination'] = '/toproc/sys'"
	bundle_args true
	run oci_run two
	assert_failure 1
	assert_output --partial "into /proc"
}

@test "a user namespace with a map of its own" {
	bundle_edit "l['namespaces'] += [{'type': 'user'}]
l['uidMappings'] = l['gidMappings'] = [{'containerID': 0, 'hostID': 500000, 'size': 1000}]
c['root']['readonly'] = False"
	chmod 755 "$engine" "$bundle" "$bundle/rootfs"
	inside 'cat /proc/self/uid_map; id -u; echo y >/dev/null; stat -c %t:%T /dev/zero; touch /root/x 2>&1; true'
	assert_line --index 0 --regexp '^ +0 +500000 +1000$'
	assert_line --index 1 0
	assert_line --index 2 1:5
	assert_line --partial "Permission denied"
}

@test "namespaces of another container, by path" {
	bundle_args sleep 1000
	oci_start first
	pid=$(oci state first | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')
	bundle_groups second
	bundle_edit "for n in l['namespaces']:
    if n['type'] in ('network', 'ipc', 'uts', 'pid'):
        n['path'] = '/proc/$pid/ns/' + {'network': 'net'}.get(n['type'], n['type'])
c.pop('hostname')"
	bundle_args sh -c 'for n in net ipc pid mnt; do readlink /proc/self/ns/$n; done; hostname'
	run oci_run second
	assert_success
	assert_line --index 0 "$(readlink "/proc/$pid/ns/net")"
	assert_line --index 1 "$(readlink "/proc/$pid/ns/ipc")"
	assert_line --index 2 "$(readlink "/proc/$pid/ns/pid")"
	refute_line "$(readlink "/proc/$pid/ns/mnt")"
	assert_line bulkhead
}

@test "clocks with an offset" {
	[[ -e /proc/self/ns/time ]] || skip "this kernel has no time namespaces"
	bundle_edit "l['namespaces'] += [{'type': 'time'}]
l['timeOffsets'] = {'boottime': {'secs': 1000000}}"
	inside 'cut -d. -f1 /proc/uptime'
	((output > 1000000))
}

@test "a filter, in force behind the gate and for exec" {
	bundle_edit "l['seccomp'] = {'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [
	{'names': ['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 95}]}"
	inside 'mkdir /tmp/x 2>&1; grep Seccomp: /proc/self/status'
	assert_line --partial "not supported"
	assert_line --regexp 'Seccomp:.2'
	bundle_args sleep 1000
	oci_start two
	run oci exec two sh -c 'mkdir /tmp/x'
	assert_failure 1
	assert_output --partial "not supported"
}

@test "sysctl, propagation of the root, personality" {
	bundle_edit "l['sysctl'] = {'net.ipv4.ip_forward': '1', 'kernel.shmmni': '77'}
l['rootfsPropagation'] = 'private'
l['personality'] = {'domain': 'LINUX32'}"
	inside 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni; uname -m'
	assert_line --index 0 1
	assert_line --index 1 77
	assert_line --index 2 i686
}

@test "descriptors: none but those that are to be preserved" {
	bundle_args sh -c 'ls /proc/self/fd; cat <&3; cat <&4'
	run bash -c "exec 3< <(echo three) 4< <(echo four) 5</dev/null 6</dev/null
		'$BULKHEAD_BUILD/src/bulkhead-oci' --root '$engine/oci' run --preserve-fds 2 -b '$bundle' one </dev/null"
	assert_success
	assert_line three
	assert_line four
	refute_line 6
	bundle_args sh -c 'ls /proc/self/fd | wc -l'
	run bash -c "exec 5</dev/null 6</dev/null; '$BULKHEAD_BUILD/src/bulkhead-oci' --root '$engine/oci' run -b '$bundle' one </dev/null"
	assert_output 4 # stdio, and what ls opens
}

@test "the working directory is inside the root" {
	bundle_edit "p['cwd'] = '/made/for/it'; c['root']['readonly'] = False"
	inside pwd
	assert_output /made/for/it
	bundle_edit "p['cwd'] = '/proc/self/fd/7'"
	bundle_args true
	run oci_run two
	assert_failure 1
}

@test "hooks: their order, state and namespaces" {
	cat >"$engine/hook" <<-END
		#!/bin/sh
		state=\$(cat)
		pid=\$(echo "\$state" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
		echo "\$1 \$(echo "\$state" | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p') \$(hostname) \$NAME" >>"$engine/order"
	END
	chmod 755 "$engine/hook"
	bundle_edit "hook = lambda n: [{'path': '$engine/hook', 'args': ['hook', n], 'env': ['PATH=/usr/bin:/bin', 'NAME=' + n]}]
c['hooks'] = {n: hook(n) for n in ('prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop')}"
	bundle_args true
	oci create -b "$bundle" one </dev/null
	host=$(hostname)
	run cat "$engine/order"
	assert_line --index 0 "prestart creating $host prestart"
	assert_line --index 1 "createRuntime creating $host createRuntime"
	assert_line --index 2 "createContainer creating bulkhead createContainer"
	oci start one
	wait_for 5 oci_status_is one stopped
	oci delete one
	run cat "$engine/order"
	assert_line --index 3 "poststart running $host poststart"
	assert_line --index 4 "poststop stopped $host poststop"
}

@test "hooks that fail, and one that hangs" {
	bundle_args true
	bundle_edit "c['hooks'] = {'createRuntime': [{'path': '/bin/sh', 'args': ['sh', '-c', 'echo reason >&2; exit 3']}]}"
	run oci create -b "$bundle" one
	assert_failure 1
	assert_output --partial "error running createRuntime hook #0: /bin/sh: exit status 3: reason"
	bundle_edit "c['hooks'] = {'prestart': [{'path': '/bin/sleep', 'args': ['sleep', '100'], 'timeout': 1}]}"
	run oci create -b "$bundle" one
	assert_failure 1
	assert_output --partial "no end within its timeout"
	bundle_edit "c['hooks'] = {'prestart': [{'path': '/bin/sh', 'args': ['sh', '-c', 'while echo more >&2; do sleep 0.3; done'], 'env': ['PATH=/bin'], 'timeout': 1}]}"
	run oci create -b "$bundle" one
	assert_failure 1
	assert_output --partial "no end within its timeout"
	run oci list -q
	assert_output ""
	bundle_edit "c['hooks'] = {'startContainer': [{'path': '/bin/nosuch'}]}"
	oci create -b "$bundle" two </dev/null
	run oci start two
	assert_failure
	assert_output --partial "/bin/nosuch"
}

@test "without a mount namespace of its own: control groups are shown, the host sees no mount" {
	local mounts
	bundle_edit "l['namespaces'] = [n for n in l['namespaces'] if n['type'] != 'mount'] + [{'type': 'cgroup'}]
for key in ('maskedPaths', 'readonlyPaths'): l.pop(key, None)"
	mounts=$(wc -l </proc/self/mountinfo)
	inside 'cat /proc/self/cgroup; echo; find /sys/fs/cgroup -name cgroup.procs; touch /sys/fs/cgroup/x || echo refused
		stat -c %t:%T /dev/null'
	assert_line 1:3
	assert_line --regexp '^/sys/fs/cgroup.*/cgroup.procs$'
	assert_line --regexp ':/$'
	assert_line refused
	assert_equal "$(wc -l </proc/self/mountinfo)" "$mounts"
	# the group itself is bound where there is no namespace of them
	bundle_edit "l['namespaces'] = [n for n in l['namespaces'] if n['type'] != 'cgroup']"
	inside 'find /sys/fs/cgroup -name cgroup.procs'
	assert_output --regexp '/sys/fs/cgroup.*/cgroup.procs'
}

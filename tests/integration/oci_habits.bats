# bulkhead-oci: what programs that were written for runc count on, beyond the specification.
load ../lib/helpers
load ../lib/bundle

setup() { bundle_setup; }
teardown() { bundle_teardown; }

@test "hooks find the root at its path, in the container's own mounts" {
	mkdir "$engine/source" "$bundle/rootfs/opt"
	echo seen >"$engine/source/file"
	cat >"$engine/hook" <<-END
		#!/bin/sh
		pid=\$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
		nsenter -m -t "\$pid" mount --bind $engine/source $bundle/rootfs/opt
	END
	chmod 755 "$engine/hook"
	bundle_edit "c['hooks'] = {'createRuntime': [{'path': '$engine/hook', 'env': ['PATH=/usr/bin:/bin']}]}"
	inside 'cat /opt/file'
	assert_output seen
	[[ ! -e $bundle/rootfs/opt/file ]]
}

@test "a root that nobody of its user namespace has a way to" {
	mkdir -m 700 "$engine/closed"
	mv "$bundle" "$engine/closed/bundle"
	chown 4321 "$engine/closed"
	bundle_edit "l['namespaces'] += [{'type': 'user'}]
l['uidMappings'] = l['gidMappings'] = [{'containerID': 0, 'hostID': 500000, 'size': 1000}]" "$engine/closed/bundle"
	bundle=$engine/closed/bundle
	inside 'echo here'
	assert_output here
}

@test "--no-pivot: no procfs of the host's is left that a user namespace could mount again" {
	bundle_edit 'for s in p["capabilities"].values(): s += ["CAP_SETFCAP", "CAP_SYS_CHROOT"]'
	bundle_args unshare -Urpmf sh -c 'mount -t proc none /mnt && echo mounted'
	mkdir -p "$bundle/rootfs/mnt"
	run oci run --no-pivot -b "$bundle" one </dev/null
	assert_failure
	refute_output --partial mounted
	bundle_args sh -c 'ls /; echo $$'
	run oci run --no-pivot -b "$bundle" one </dev/null
	assert_success
	assert_line 1
}

@test "a mount's place behind a link to nothing is made, in the root" {
	echo content >"$engine/file"
	rm -f "$bundle/rootfs/etc/hosts"
	ln -s ../run/far/away/hosts "$bundle/rootfs/etc/hosts"
	ln -s "$engine/nowhere" "$bundle/rootfs/jump"
	bundle_edit "c['mounts'] += [{'destination': '/etc/hosts', 'source': '$engine/file', 'options': ['bind']},
	{'destination': '/jump/over', 'source': '$engine/file', 'options': ['bind']}]"
	inside "cat /etc/hosts /run/far/away/hosts; cat $engine/nowhere/over"
	assert_output "$(printf 'content\ncontent\ncontent')"
	[[ ! -e $engine/nowhere ]]
	ln -s loop "$bundle/rootfs/loop"
	bundle_edit "c['mounts'][-1]['destination'] = '/loop'"
	run oci_run two
	assert_failure 1
	assert_output --partial "loop"
}

@test "procfs and sysfs are mounted behind no link" {
	local name
	for name in proc sys; do
		mkdir -p "$bundle/rootfs/elsewhere"
		rm -rf "${bundle:?}/rootfs/$name"
		ln -s /elsewhere "$bundle/rootfs/$name"
		bundle_args true
		run oci_run one
		assert_failure 1
		assert_output --partial "must be mounted on ordinary directory"
		rm "$bundle/rootfs/$name"
	done
}

@test "a tmpfs has the mode of the directory below it" {
	mkdir -m 710 "$bundle/rootfs/kept"
	bundle_edit "c['mounts'] += [{'destination': d, 'type': 'tmpfs', 'source': 'tmpfs', 'options': o}
	for d, o in (('/kept', []), ('/new', []), ('/asked', ['mode=1500']))]"
	inside 'stat -c %a /kept /new /asked'
	assert_output "$(printf '710\n1777\n1500')"
}

@test "options of access times that only take something back" {
	mkdir "$engine/source"
	bundle_edit "c['mounts'] += [{'destination': '/' + o, 'source': '$engine/source', 'options': ['rbind', o]}
	for o in ('ratime', 'rnorelatime', 'rnostrictatime', 'atime', 'rnoatime')]"
	inside 'grep -E "^[^ ]+ /(ratime|rnorelatime|rnostrictatime|atime|rnoatime) " /proc/self/mounts | cut -d" " -f2,4 | cut -d, -f-2'
	assert_output "$(printf '/ratime rw,relatime\n/rnorelatime rw,relatime\n/rnostrictatime rw,relatime\n/atime rw,relatime\n/rnoatime rw,noatime')"
}

@test "environment: of two with one name the last counts, and an empty HOME is none" {
	bundle_edit 'p["env"] = ["PATH=/bin", "ONE=1", "HOME=", "ONE=2"]'
	inside 'env | grep -c ONE; echo $ONE $HOME'
	assert_output "$(printf '1\n2 /root')"
}

@test "a working directory that is not open to its user" {
	mkdir -p "$bundle/rootfs/home/of-root"
	chmod 700 "$bundle/rootfs/home/of-root"
	bundle_edit 'p["cwd"] = "/home/of-root"; p["user"] = {"uid": 1000, "gid": 1000}'
	inside 'readlink /proc/self/cwd; ls 2>&1 || true'
	assert_line /home/of-root
	assert_line --partial "Permission denied"
	# one that is open to its user alone, who may enter it where root may not
	mkdir -m 700 "$bundle/rootfs/home/own"
	chown 1000:1000 "$bundle/rootfs/home/own"
	bundle_edit 'p["cwd"] = "/home/own"
for s in p["capabilities"].values(): s.clear()'
	inside 'pwd; ls'
	assert_output /home/own
	bundle_args sleep 1000
	oci_start two
	run oci exec --cwd /home/of-root --user 1000 two readlink /proc/self/cwd
	assert_output /home/of-root
}

@test "in front a terminal's lines end in LF, what reads them being no terminal" {
	bundle_edit 'p["terminal"] = True'
	bundle_args printf 'a\nb\n'
	oci run -b "$bundle" one </dev/null >"$engine/said"
	assert_equal "$(od -An -c "$engine/said" | tr -d ' ')" 'a\nb\n'
	bundle_edit 'p["terminal"] = False'
	bundle_args sleep 1000
	oci_start two
	oci exec -t two printf 'c\n' </dev/null >"$engine/said"
	assert_equal "$(od -An -c "$engine/said" | tr -d ' ')" 'c\n'
}

@test "who waits to be started ends by SIGTERM" {
	local signal
	bundle_args sleep 1000
	for signal in TERM INT HUP QUIT; do
		oci create -b "$bundle" one </dev/null >/dev/null 2>&1
		oci kill one "$signal"
		wait_for 5 oci_status_is one stopped
		oci delete one
	done
	# the program has nothing of that
	oci_start one
	run grep SigCgt "/proc/$(oci state one | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')/status"
	assert_output --regexp ':.0+$'
}

@test "kill 0 asks whether it runs" {
	bundle_args sleep 1000
	oci_start one
	oci kill one 0
	oci kill one KILL
	wait_for 5 oci_status_is one stopped
	run oci kill one 0
	assert_failure 1
	assert_output --partial "container not running"
}

@test "ambient capabilities: what cannot be raised is a warning; exec --cap raises where it can" {
	bundle_edit 'c = p["capabilities"]
c["inheritable"] = ["CAP_KILL"]; c["ambient"] = ["CAP_KILL", "CAP_CHOWN"]
for s in ("bounding", "permitted", "effective"): c[s] = ["CAP_KILL", "CAP_CHOWN"]'
	inside 'grep CapAmb /proc/self/status'
	assert_line --partial "level=warning"
	assert_line --partial "process.capabilities.ambient[1]: can't raise ambient capability CAP_CHOWN: it is not inheritable"
	assert_line --regexp 'CapAmb:.0000000000000020'
	bundle_args sleep 1000
	bundle_edit 'p["capabilities"]["inheritable"] += ["CAP_SYSLOG"]; p["capabilities"]["bounding"] += ["CAP_SYSLOG"]; p["capabilities"]["ambient"] = ["CAP_KILL"]'
	oci_start two
	run oci exec --cap CAP_SYSLOG two grep CapAmb /proc/self/status
	assert_output --regexp 'CapAmb:.0000000400000020'
}

@test "startContainer hooks: the program's environment and filter" {
	bundle_edit 'p["env"] = ["PATH=/bin", "ONE=1"]
c["hooks"] = {"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "test $ONE = 1 && test $HOME = /root"]}]}'
	inside 'echo started'
	assert_output started
	bundle_edit "l['seccomp'] = {'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [
	{'names': ['mkdir', 'mkdirat'], 'action': 'SCMP_ACT_KILL_PROCESS'}]}
c['hooks']['startContainer'][0]['args'][2] = 'exec mkdir /dev/shm/x'
p['rlimits'] = [{'type': 'RLIMIT_CORE', 'soft': 0, 'hard': 0}]"
	run oci_run two
	assert_failure 1
	assert_output --partial "error running startContainer hook #0: /bin/sh: signal: bad system call"
}

@test "exec --cgroup: a group below the container's, of all controllers or of some" {
	local below="/sys/fs/cgroup/pids/$groups/one/below"
	[[ -d /sys/fs/cgroup/pids ]] || skip "this host has no cgroup v1"
	bundle_args sleep 1000
	oci_start one
	mkdir "$below"
	run oci exec --cgroup pids:below one cat /proc/self/cgroup
	assert_success
	assert_line --regexp ":pids:.*/one/below$|:pids:/below$"
	refute_line --regexp ":memory:.*/below$"
	run oci exec --cgroup / one true
	assert_success
	run oci exec --cgroup below one true
	assert_failure 255
	assert_output --partial "/below: No such file or directory"
	for path in .. below/../.. pids:../x; do
		run oci exec --cgroup "$path" one true
		assert_failure 255
		assert_output --partial "${path#pids:} is not a sub cgroup path"
	done
	run oci exec --cgroup whatever:/ one true
	assert_failure 255
	assert_output --partial "unknown controller in whatever:/"
}

@test "--debug goes where the log goes, and never into the container's output" {
	bundle_args true
	run oci --debug --log "$engine/log" --log-format json run -b "$bundle" one </dev/null
	assert_success
	assert_output ""
	run python3 -c 'import json, sys
for line in open(sys.argv[1]): print(json.loads(line)["level"])' "$engine/log"
	assert_line debug
	run oci --debug run -b "$bundle" one </dev/null
	assert_output --regexp 'time="[^"]+" level=debug msg="'
}

@test "a namespace that the joined user namespace does not own" {
	local pid
	chmod 755 "$engine" "$bundle" "$bundle/rootfs"
	bundle_edit "l['namespaces'] += [{'type': 'user'}]
l['uidMappings'] = l['gidMappings'] = [{'containerID': 0, 'hostID': 500000, 'size': 1000}]"
	bundle_args sleep 1000
	oci_start one
	pid=$(oci state one | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')
	bundle_groups two
	bundle_edit "del l['uidMappings'], l['gidMappings']
for n in l['namespaces']:
    if n['type'] == 'user': n['path'] = '/proc/$pid/ns/user'
    if n['type'] == 'network': n['path'] = '/proc/$$/ns/net'
c['mounts'] = [m for m in c['mounts'] if m['type'] != 'sysfs' and m['type'] != 'cgroup']
l['maskedPaths'] = l['readonlyPaths'] = []"
	bundle_args readlink /proc/self/ns/net
	run oci_run two
	assert_success
	assert_output "$(readlink /proc/$$/ns/net)"
}

@test "a frozen group that was there stays, and is refused each time" {
	local group="/sys/fs/cgroup/freezer/$groups/one"
	[[ -d /sys/fs/cgroup/freezer ]] || skip "this host has no cgroup v1"
	mkdir -p "$group"
	echo FROZEN >"$group/freezer.state"
	bundle_args true
	for _ in 1 2; do
		run oci_run one
		assert_failure 1
		assert_output --partial "container's cgroup unexpectedly frozen"
	done
	echo THAWED >"$group/freezer.state"
	rmdir "$group"
}

@test "an idle group has no shares, and has them again when it is idle no more" {
	local dir="/sys/fs/cgroup/cpu/$groups/one"
	bundle_edit 'r["cpu"] = {"shares": 100}'
	bundle_args sleep 1000
	oci_start one
	[[ -e $dir/cpu.idle ]] || skip "this host has no cgroup v1 with cpu.idle"
	oci update --cpu-idle 1 one
	oci update --cpu-idle 1 one
	oci update --pids-limit 33 one
	assert_equal "$(cat "$dir/cpu.idle")" 1
	oci update --cpu-idle 0 one
	assert_equal "$(cat "$dir/cpu.idle" "$dir/cpu.shares")" "$(printf '0\n100')"
}

@test "a script whose interpreter is missing: runc's words" {
	printf '#!/no/such/shell\n' >"$bundle/rootfs/script"
	chmod 755 "$bundle/rootfs/script"
	bundle_args /script
	run oci_run one
	assert_failure
	assert_output "exec /script: no such file or directory"
	bundle_edit 'p["terminal"] = True'
	run oci_run one
	assert_failure
	assert_output "exec /script: no such file or directory"
}

@test "the CPUs of who calls are not the container's, nor exec's, unless asked for" {
	local all
	(($(nproc) > 1)) || skip "one processor"
	all=$(grep Cpus_allowed_list /proc/self/status)
	oci_pinned() {
		timeout 30 taskset -c 0 "$BULKHEAD_BUILD/src/bulkhead-oci" --root "$engine/oci" "$@" </dev/null 3>&-
	}
	bundle_args grep Cpus_allowed_list /proc/self/status
	run oci_pinned run -b "$bundle" one
	assert_output "$all"
	bundle_args sleep 1000
	oci_start one
	run oci_pinned exec one grep Cpus_allowed_list /proc/self/status
	assert_output "$all"
	oci delete -f one
	bundle_edit 'p["execCPUAffinity"] = {"final": "0"}'
	oci_start one
	run oci exec one grep Cpus_allowed_list /proc/self/status
	assert_output --regexp '\s0$'
}

# The directory of the version 2 group in which the process $1 is.
group_of() {
	echo "$(findmnt -n -o TARGET -t cgroup2 | head -n 1)$(sed -n 's/^0:://p' "/proc/$1/cgroup")"
}

@test "exec goes where the first process is when the container's group hands controllers down (version 2)" {
	local pid group dir controller
	bundle_args sleep 1000
	oci_start one
	pid=$(oci state one | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')
	group=$(group_of "$pid")
	# as the manager of groups in a container does it: its own processes first
	mkdir "$group/first"
	echo "$pid" >"$group/first/cgroup.procs"
	dir=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
	controller=$(grep -oE 'memory|hugetlb' "$dir/cgroup.controllers" | head -n 1)
	for name in . $(sed "s|^$dir/||; s|/| |g" <<<"$group"); do
		dir=$dir/$name
		echo "+$controller" >"$dir/cgroup.subtree_control"
	done
	run oci exec one cat /proc/self/cgroup
	assert_success
	assert_line --regexp '^0::.*/first$'
	run oci exec --cgroup / one true
	assert_failure 255
	assert_output --partial "Device or resource busy"
}

# kinds: plain v1 apparmor selinux systemd systemd-v1
# bulkhead-oci's essentials on hosts of each kind: a container's life, what confines it, other ids, an ordinary user, and
# the labels of the security modules.
# shellcheck disable=SC2016 # for the shells in containers
load ../lib/helpers
load lib/guest
load lib/oci

setup() { oci_setup; }

teardown() {
	oci_teardown
	run find /sys/fs/cgroup -type d -path "*/bundles/$id*"
	assert_output ''
}

# Writes config.json: the program $1 as a shell's words, members of process $2, of linux $3, namespaces $4, mounts $5. There
# is no python in the guest.
config() {
	cat >"$b/config.json" <<-EOF
		{"ociVersion": "1.2.0", "root": {"path": "rootfs"}, "hostname": "inside",
		 "process": {"user": {"uid": 0, "gid": 0}, "cwd": "/", "env": ["PATH=/bin"], ${2:-}
		  "args": ["sh", "-c", "$1"]},
		 "mounts": [${5:-}{"destination": "/proc", "type": "proc", "source": "proc"},
		  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755", "size=64k"]}],
		 "linux": {${3:-} "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}${4:-}],
		  "cgroupsPath": "/bundles/$id", "maskedPaths": ["/proc/keys"], "readonlyPaths": ["/proc/sys"]}}
	EOF
}

@test "a container's life" {
	config 'hostname; cat /proc/keys; echo x >/proc/sys/kernel/domainname; echo $$; sleep 1000'
	oci create -b "$b" "$id" </dev/null >"$engine/said" 2>&1
	status_is created
	oci start "$id"
	wait_for 60 grep -qx 1 "$engine/said"
	run cat "$engine/said"
	assert_line inside
	assert_line --partial 'Read-only file system'
	run oci exec "$id" sh -c 'hostname; exit 7'
	assert_failure 7
	assert_output inside
	oci kill "$id" KILL
	wait_for 60 status_is stopped
	oci delete "$id"
	run oci state "$id"
	assert_failure
}

@test "other ids, and a bind mount that is mapped" {
	chown -hR 300000:300000 "$b/rootfs"
	mkdir "$engine/source"
	touch "$engine/source/file"
	config 'cat /proc/self/uid_map; stat -c %u /data/file' '' '"uidMappings": [{"containerID": 0, "hostID": 300000, "size": 65536}],
		"gidMappings": [{"containerID": 0, "hostID": 300000, "size": 65536}],' ', {"type": "user"}' \
		"{\"destination\": \"/data\", \"type\": \"bind\", \"source\": \"$engine/source\", \"options\": [\"bind\", \"idmap\"]},"
	run oci run -b "$b" "$id" </dev/null
	assert_success
	assert_line --regexp '^ +0 +300000 +65536$'
	assert_line 0
}

@test "a filter" {
	config 'mkdir /x; cat /proc/self/status | grep Seccomp:' '"noNewPrivileges": true,' '"seccomp": {"defaultAction":
		"SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]},'
	run oci run -b "$b" "$id" </dev/null
	assert_line --partial "mkdir: can't create directory '/x'"
	assert_line --regexp 'Seccomp:.2'
}

@test "an ordinary user" {
	chown -hR alice "$b"
	run timeout 120 runuser -u alice -- sh -c 'cd "$1" && bulkhead-oci spec --rootless && sed -i "s/\"terminal\": true/\"terminal\": false/
		s/\"sh\"/\"id\"/" config.json && exec bulkhead-oci --root "$1/state" run "$2" </dev/null' - "$b" "$id" 3>&-
	assert_success
	assert_output --partial 'uid=0'
}

@test "AppArmor: a profile holds the program and what is executed later; one that is not loaded is an error" {
	case $BULKHEAD_VM_KIND in apparmor | systemd*) ;; *) skip 'the kernel runs without it' ;; esac
	cat >"$engine/profile" <<-'EOF'
		profile bulkhead-vm-oci flags=(attach_disconnected) {
		  file,
		  signal,
		  deny /secret r,
		}
	EOF
	apparmor_parser -r "$engine/profile"
	echo secret >"$b/rootfs/secret"
	config 'cat /proc/self/attr/current; cat /secret; sleep 1000' '"apparmorProfile": "bulkhead-vm-oci",'
	oci run -d -b "$b" "$id" </dev/null >"$engine/said" 2>&1
	wait_for 60 grep -q denied "$engine/said"
	run cat "$engine/said"
	assert_line 'bulkhead-vm-oci (enforce)'
	assert_line --partial "can't open '/secret': Permission denied"
	run oci exec "$id" cat /secret /proc/self/attr/current
	assert_line --partial "can't open '/secret': Permission denied"
	assert_line 'bulkhead-vm-oci (enforce)'
	oci delete -f "$id"
	apparmor_parser -R "$engine/profile"
	run oci run -b "$b" "$id" </dev/null
	assert_failure
	assert_output --partial process.apparmorProfile
}

@test "SELinux: labels of the process and of mounts; one that the policy forbids is said" {
	[[ $BULKHEAD_VM_KIND == selinux ]] || skip 'the kernel runs without it'
	local own label
	own=$(tr -d '\0' </proc/self/attr/current)
	label=$(cut -d: -f1-3 <<<"$own"):s0:c1,c2
	config 'cat /proc/self/attr/current; grep /tmp /proc/self/mountinfo' "\"selinuxLabel\": \"$label\"," \
		'"mountLabel": "system_u:object_r:tmp_t:s0:c1,c2",' '' \
		'{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},'
	run oci run -b "$b" "$id" </dev/null
	assert_failure
	assert_output --partial 'exec /bin/sh: permission denied' # what it is stored as is no entry point of the label
	chcon -R system_u:object_r:bin_t:s0 "$b/rootfs"
	run oci run -b "$b" "$id" </dev/null
	assert_success
	assert_line --partial "$label"
	assert_line --partial 'tmp_t:s0:c1,c2'
	config 'echo it runs' '"selinuxLabel": "no:such:label:s0",'
	run oci run -b "$b" "$id" </dev/null
	assert_failure
	assert_output --partial process.selinuxLabel
}

# Debian's policy lets unconfined_t become mono_t by a program of mono_exec_t; nnp_transition and nosuid_transition it
# does not give.
@test "SELinux: a transition that only no_new_privs or nosuid forbids fails, and is said" {
	[[ $BULKHEAD_VM_KIND == selinux ]] || skip 'the kernel runs without it'
	local label
	label=$(tr -d '\0' </proc/self/attr/current | cut -d: -f1-2):mono_t:s0
	chcon -R system_u:object_r:bin_t:s0 "$b/rootfs"
	chcon system_u:object_r:mono_exec_t:s0 "$b/rootfs/bin/busybox"
	config 'read x </proc/self/attr/current; echo $x' "\"noNewPrivileges\": true, \"selinuxLabel\": \"$label\","
	run oci run -b "$b" "$id" </dev/null
	assert_failure
	assert_output --partial 'exec /bin/sh: operation not permitted (the policy forbids this process.selinuxLabel with noNewPrivileges)'
	config 'read x </proc/self/attr/current; echo $x' "\"selinuxLabel\": \"$label\","
	run oci run -b "$b" "$id" </dev/null
	assert_success
	assert_output "$label"
	# exec has a label of its own
	config 'while :; do sleep 1; done'
	oci run -d -b "$b" "$id" </dev/null >/dev/null 2>&1
	run oci exec --process-label "$label" --no-new-privs "$id" sh -c true
	assert_failure
	assert_output --partial 'the policy forbids this process.selinuxLabel with noNewPrivileges'
	run oci exec --process-label "$label" "$id" sh -c 'read x </proc/self/attr/current; echo $x'
	assert_success
	assert_output "$label"
	oci delete -f "$id"
	mount --bind "$b/rootfs" "$b/rootfs"
	mount -o remount,bind,nosuid "$b/rootfs"
	config true "\"selinuxLabel\": \"$label\","
	run oci run -b "$b" "$id" </dev/null
	umount "$b/rootfs"
	assert_failure
	assert_output --partial 'exec /bin/sh: permission denied (the policy may forbid this process.selinuxLabel on a nosuid mount)'
}

@test "labels where the kernel has none of it are errors" {
	[[ $BULKHEAD_VM_KIND == plain || $BULKHEAD_VM_KIND == v1 ]] || skip 'it has'
	config true '"apparmorProfile": "x",'
	run oci run -b "$b" "$id" </dev/null
	assert_failure
	assert_output --partial 'process.apparmorProfile: AppArmor is not enabled'
	config true '' '"mountLabel": "x",'
	run oci run -b "$b" "$id" </dev/null
	assert_failure
	assert_output --partial 'linux.mountLabel: SELinux is not enabled'
}

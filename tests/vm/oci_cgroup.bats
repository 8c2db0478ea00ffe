# kinds: plain systemd
# bulkhead-oci and control groups of version 2: limits in their files, devices by a program, freezing, events; and where
# systemd runs, scopes that it makes.
load ../lib/helpers
load lib/guest
load lib/oci

setup() { oci_setup; }

teardown() {
	oci_teardown
	run find /sys/fs/cgroup -type d -name "*$id*"
	assert_output ''
	[[ ! -d /run/systemd/system ]] || [ "$(systemctl list-units --all --no-legend "*$id*")" = '' ]
}

# Writes config.json: resources $1, cgroupsPath $2, program $3 as a shell's words, further members $4. There is no
# python in the guest.
config() {
	cat >"$b/config.json" <<-EOF
		{"ociVersion": "1.2.0", "root": {"path": "rootfs"}, ${4:-}
		 "process": {"user": {"uid": 0, "gid": 0}, "cwd": "/", "env": ["PATH=/bin"],
		  "args": ["sh", "-c", "${3:-sleep 1000}"], "capabilities": {"bounding": ["CAP_MKNOD"],
		  "effective": ["CAP_MKNOD"], "permitted": ["CAP_MKNOD"]}},
		 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
		 "linux": {"namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "cgroup"}, {"type": "ipc"}],
		  "cgroupsPath": "${2:-/bundles/$id}", "resources": {$1}}}
	EOF
}

start() {
	oci ${manager:+--cgroup-manager=$manager} run -d --bundle "$b" "$id" </dev/null >/dev/null 2>"$b/stderr" || {
		cat "$b/stderr" >&2
		return 1
	}
}

pid_of() {
	oci state "$1" | tr -d ' "' | tr ',' '\n' | sed -n 's/.*pid:\([0-9]*\)$/\1/p'
}

group_path() {
	sed -n 's/^0:://p' "/proc/$(pid_of "$id")/cgroup"
}

# The file $1 of the container's group.
file() {
	cat "/sys/fs/cgroup$(group_path)/$1"
}

unit_has() { # property, value
	run systemctl show --property "$1" --value "$unit"
	assert_output "$2"
}

# The disk's numbers.
disk() {
	awk '$4 ~ /^[vs]da$/ { print $1 ":" $2 }' /proc/partitions
}

@test "limits arrive, converted" {
	config '"memory": {"limit": 67108864, "swap": 100663296, "reservation": 33554432},
		"cpu": {"shares": 512, "quota": 50000, "period": 100000, "burst": 1000, "cpus": "0", "mems": "0"},
		"pids": {"limit": 20}, "unified": {"memory.high": "50331648"}, "hugepageLimits": [{"pageSize": "2MB",
		"limit": 4194304}]'
	start
	[ "$(group_path)" = "/bundles/$id" ]
	[ "$(file memory.max)" = 67108864 ]
	[ "$(file memory.swap.max)" = 33554432 ]
	[ "$(file memory.low)" = 33554432 ]
	[ "$(file memory.high)" = 50331648 ]
	[ "$(file cpu.weight)" = 59 ]
	[ "$(file cpu.max)" = '50000 100000' ]
	[ "$(file cpu.max.burst)" = 1000 ]
	[ "$(file cpuset.cpus)" = 0 ]
	[ "$(file pids.max)" = 20 ]
	[ "$(file hugetlb.2MB.max)" = 4194304 ]
	run oci exec "$id" cat /proc/self/cgroup
	assert_output '0::/'
	run oci exec "$id" sh -c 'for i in $(seq 30); do sleep 5 & done'
	assert_output --partial "can't fork"
}

@test "cpu.idle, io.max, none, and relative paths" {
	device=$(disk)
	config "\"cpu\": {\"idle\": 1, \"shares\": 1024}, \"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": ${device%:*},
		\"minor\": ${device#*:}, \"rate\": 4096}]}" ../"$id"
	start
	[ "$(file cpu.idle)" = 1 ]
	[[ $(file io.max) == "$device rbps=4096 "* ]]
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	own=${own%/*}
	[ "$(group_path)" = "$own/$id" ]
}

@test "what version 2 does not have is an error that names it" {
	for pair in '"memory": {"swappiness": 10}|memory.swappiness' '"memory": {"disableOOMKiller": true}|memory.disableOOM' \
		'"cpu": {"realtimeRuntime": 1000}|cpu.realtimeRuntime' '"blockIO": {"leafWeight": 10}|blockIO.leafWeight' \
		'"network": {"classID": 1}|network.classID' '"unified": {"nothing.max": "1"}|unified.nothing.max' \
		'"rdma": {"nothing": {"hcaHandles": 1}}|rdma' '"memory": {"swap": 1000000}|memory.swap' \
		'"cpu": {"cpus": "4000"}|cpu.cpus' '"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]|hugepageLimits'; do
		config "${pair%|*}"
		run oci create --bundle "$b" "$id"
		assert_failure
		assert_output --partial "linux.resources.${pair#*|}"
	done
}

@test "devices: the rules' order counts, the default devices always work" {
	config '"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229,
		"access": "r"}]' "/bundles/$id" "mknod /disk b $(disk | tr : ' '); mknod /null2 c 1 3; mknod /zero2 c 1 5; sleep 1000"
	start
	wait_for 60 test -c "$b/rootfs/zero2"
	run oci exec "$id" sh -c 'echo x >/null2 && head -c 1 /zero2 | wc -c'
	assert_output 1
	run oci exec "$id" head -c 1 /disk
	assert_output --partial 'Operation not permitted'
	oci delete -f "$id"
	config "\"devices\": [{\"allow\": true, \"access\": \"rwm\"}, {\"allow\": false, \"type\": \"b\",
		\"major\": $(disk | cut -d : -f 1), \"minor\": $(disk | cut -d : -f 2), \"access\": \"w\"}]"
	start
	run oci exec "$id" sh -c 'head -c 512 /disk | wc -c'
	assert_output 512
	run oci exec "$id" sh -c ': >>/disk'
	assert_output --partial 'Operation not permitted'
}

@test "update, pause, resume, kill of a paused one" {
	config '"memory": {"limit": 67108864}, "pids": {"limit": 20}'
	start
	oci update --memory 96m --memory-swap 128m --cpu-quota 20000 --cpu-share 100 "$id"
	[ "$(file memory.max)" = $((96 << 20)) ]
	[ "$(file memory.swap.max)" = $((32 << 20)) ]
	[ "$(file cpu.max)" = '20000 100000' ]
	[ "$(file pids.max)" = 20 ]
	oci update --cpu-period 50000 "$id"
	[ "$(file cpu.max)" = '20000 50000' ]
	echo '{"memory": {"limit": 8192, "checkBeforeUpdate": true}}' >"$b/r.json"
	run oci update -r "$b/r.json" "$id"
	assert_failure
	assert_output --partial 'linux.resources.memory.'
	[ "$(file memory.max)" = $((96 << 20)) ]
	oci pause "$id"
	status_is paused
	[ "$(file cgroup.freeze)" = 1 ]
	run oci exec "$id" true
	assert_failure
	oci resume "$id"
	status_is running
	oci pause "$id"
	oci kill "$id" KILL
	wait_for 10 status_is stopped
	oci delete "$id"
	start
	oci pause "$id"
	oci delete -f "$id"
}

@test "events and ps" {
	config '"memory": {"limit": 8388608, "swap": 8388608}, "pids": {"limit": 20}' "/bundles/$id" \
		"until [ -e /go ]; do sleep 0.1; done; sh -c 'tail /dev/zero'; sleep 5"
	mknod -m 666 "$b/rootfs/dev/zero" c 1 5
	start
	run oci ps -f json "$id"
	assert_output --partial "$(pid_of "$id")"
	run oci events --stats "$id"
	assert_output --regexp '"memory":\{.*"usage":\{"limit":8388608,.*"pids":\{"current":[0-9]+,"limit":20\}'
	oci events --interval 1h "$id" >"$b/events" &
	sleep 1
	touch "$b/rootfs/go"
	wait $!
	run cat "$b/events"
	assert_output "{\"type\":\"oom\",\"id\":\"$id\"}"
}

@test "a group with processes of others is refused, and they are left alone" {
	mkdir -p "/sys/fs/cgroup/bundles-$id/sub"
	sleep 1000 3>&- &
	echo $! >"/sys/fs/cgroup/bundles-$id/sub/cgroup.procs"
	config '' "/bundles-$id"
	run oci create --bundle "$b" "$id"
	assert_failure
	assert_output --partial "container's cgroup is not empty"
	kill $!
	wait $! || true
	rmdir "/sys/fs/cgroup/bundles-$id/sub" "/sys/fs/cgroup/bundles-$id"
}

# What exec --cgroup does in the container's group $1, which has a group below that others have made.
exec_in_groups() {
	local group=/sys/fs/cgroup$1 path
	mkdir "$group/below"
	run oci exec --cgroup below "$id" cat /proc/self/cgroup
	assert_success
	assert_output 0::/below
	run oci exec --cgroup / "$id" cat /proc/self/cgroup
	assert_output 0::/
	run oci exec --cgroup missing "$id" true
	assert_failure 255
	assert_output --partial '/missing: No such file or directory'
	for path in .. below/../.. /..; do
		run oci exec --cgroup "$path" "$id" true
		assert_failure 255
		assert_output --partial "$path is not a sub cgroup path"
	done
	# version 2 has no hierarchy of a controller
	run oci exec --cgroup pids:below "$id" true
	assert_failure 255
	assert_output --partial 'unknown controller in pids:below'
	run cat "$group/below/cgroup.procs"
	assert_output '' # nobody stays
}

@test "exec --cgroup: a group below the container's" {
	config ''
	start
	exec_in_groups "$(group_path)"
}

# --- systemd ----------------------------------------------------------------------------------------------------------

@test "without systemd its manager is an error" {
	[[ ! -d /run/systemd/system ]] || skip 'systemd runs'
	config '' 'a.slice:b:c'
	run oci --systemd-cgroup create --bundle "$b" "$id"
	assert_failure
	assert_output --partial 'systemd not running on this host'
}

@test "systemd: a delegated scope in the slice, its limits as properties, those of annotations too" {
	[[ -d /run/systemd/system ]] || skip 'no systemd'
	manager=systemd unit=test-$id.scope
	config '"memory": {"limit": 67108864, "reservation": 33554432}, "cpu": {"shares": 512, "quota": 50000, "period": 100000},
		"pids": {"limit": 20}' "machine-test.slice:test:$id" 'sleep 1000' \
		'"annotations": {"org.systemd.property.TimeoutStopSec": "uint64 7", "org.systemd.property.SendSIGHUP": "true",
		"org.systemd.property.Description": "'"'"'my own'"'"'"},'
	start
	[ "$(group_path)" = "/machine.slice/machine-test.slice/$unit" ]
	unit_has ActiveState active
	unit_has Delegate yes
	unit_has Slice machine-test.slice
	unit_has MemoryMax 67108864
	unit_has MemoryLow 33554432
	unit_has CPUWeight 20
	unit_has CPUQuotaPerSecUSec 500ms
	unit_has TasksMax 20
	unit_has TimeoutStopUSec 7s
	unit_has SendSIGHUP yes
	unit_has Description 'my own'
	[ "$(file memory.max)" = 67108864 ]
	[ "$(file cpu.max)" = '50000 100000' ]
	run cat "/sys/fs/cgroup$(group_path)/cgroup.procs"
	assert_output "$(pid_of "$id")" # nobody else
	# systemd knows of what changes, so that a reload does not undo it
	oci update --memory 96m --pids-limit 30 --cpu-share 100 "$id"
	systemctl daemon-reload
	unit_has MemoryMax $((96 << 20))
	unit_has TasksMax 30
	[ "$(file memory.max)" = $((96 << 20)) ]
	[ "$(file pids.max)" = 30 ]
	run oci exec "$id" true
	assert_success
	oci pause "$id"
	oci delete -f "$id"
	run systemctl show --property LoadState --value "$unit"
	assert_output not-found
	# the name is free at once
	start
	oci kill "$id" KILL
	wait_for 30 status_is stopped
	oci delete "$id"
	systemctl stop machine-test.slice
}

@test "systemd: exec --cgroup: a group below the container's" {
	[[ -d /run/systemd/system ]] || skip 'no systemd'
	manager=systemd
	config '' "system.slice:test:$id"
	start
	exec_in_groups "$(group_path)"
	[ "$(group_path)" = "/system.slice/test-$id.scope" ]
}

@test "systemd: one process at most, devices, no path, bad ones" {
	[[ -d /run/systemd/system ]] || skip 'no systemd'
	manager=systemd
	unit=test-$id.scope
	config '"pids": {"limit": 1}, "devices": [{"allow": false, "access": "rwm"}]' "system.slice:test:$id"
	start
	[ "$(file pids.max)" = 1 ]
	unit_has TasksMax 1
	unit_has DevicePolicy strict
	oci delete -f "$id"
	config '' ''
	sed -i 's|"cgroupsPath": "[^"]*", ||' "$b/config.json"
	start
	[ "$(group_path)" = "/system.slice/bulkhead-$id.scope" ]
	oci delete -f "$id"
	for path in /a/b a.slice:b "a:b:$id" "x--y.slice:b:$id"; do
		config '' "$path"
		run oci --systemd-cgroup create --bundle "$b" "$id"
		assert_failure
		assert_output --partial 'linux.cgroupsPath: '
	done
	# a limit that fails after the scope was made takes it away again
	config '"unified": {"nothing.max": "1"}' "system.slice:test:$id"
	run oci --systemd-cgroup create --bundle "$b" "$id"
	assert_failure
	run systemctl show --property LoadState --value "test-$id.scope"
	assert_output not-found
}

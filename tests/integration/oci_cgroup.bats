# bulkhead-oci and control groups: where a bundle's container is put, every limit of linux.resources, update, pause and
# resume, events, ps, kill --all; what is left in the end: nothing. A host of version 1 or hybrid is needed; version 2 and
# systemd are tests/vm's.
load ../lib/helpers
source "$tests_lib/groups.bash"
load ../lib/bundle

setup() {
	bundle_setup
	above=$groups
	id=c$BASHPID-$BATS_TEST_NUMBER
	bundle_args sleep 1000
	bundle_groups "$id"
	grep -q ' - cgroup ' /proc/self/mountinfo || skip "no cgroup of version 1"
}

teardown() {
	bundle_teardown
	run groups_named "$id"
	assert_output ''
}

find_groups() {
	local mounts
	mapfile -t mounts < <(awk '/ - cgroup2? / { print $5 }' /proc/self/mountinfo)
	find "${mounts[@]}" -type d "$@"
}

groups_named() {
	find_groups -name "$1"
}

start() {
	oci run -d --bundle "$bundle" "$id" </dev/null >/dev/null 2>"$engine/stderr"
}

pid_of() {
	oci state "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])'
}

status_is() {
	[[ $(oci state "$id") == *"\"status\": \"$1\""* || $(oci state "$id") == *"\"status\":\"$1\""* ]]
}

# The file $2 of the container's group under controller $1.
group_file() {
	cat "$(group_mount "$1")/$above/$id/$2"
}

# The resources $1 are refused by create, in words that hold $2; nothing is left of it.
refuses() {
	bundle_edit "r.clear(); r.update($1)"
	run oci create --bundle "$bundle" "$id"
	assert_failure
	assert_output --partial "$2"
	run groups_named "$id"
	assert_output ''
}

@test "cgroupsPath: absolute, relative, none" {
	local path own
	start
	run cut -d : -f 3 "/proc/$(pid_of "$id")/cgroup"
	assert_line --index 0 "/$above/$id"
	[[ $(sort -u <<<"$output") == "/$above/$id" ]] # in every hierarchy
	oci delete -f "$id"

	bundle_edit "l['cgroupsPath'] = '../$above/$id'"
	start
	own=$(awk -F: '$2 == "memory" { print $3 }' /proc/self/cgroup)
	path=$(awk -F: '$2 == "memory" { print $3 }' "/proc/$(pid_of "$id")/cgroup")
	[[ $path == "${own%/}/$above/$id" ]]
	oci delete -f "$id"

	bundle_edit "del l['cgroupsPath']"
	start
	run cut -d : -f 3 "/proc/$(pid_of "$id")/cgroup"
	[[ $(sort -u <<<"$output") == "/$id" ]]
}

@test "cgroupsPath: not the root, not a group with other processes; one that is empty will do" {
	local dir
	bundle_edit "l['cgroupsPath'] = '/'"
	run oci create --bundle "$bundle" "$id"
	assert_failure
	assert_output --partial 'the root of all groups'

	bundle_edit "l['cgroupsPath'] = '/$above/$id'"
	dir=$(group_mount memory)/$above/$id
	mkdir -p "$dir/sub"
	sleep 1000 3>&- &
	echo $! >"$dir/sub/cgroup.procs"
	run oci create --bundle "$bundle" "$id"
	assert_failure
	assert_output --partial "container's cgroup is not empty: 1 process(es)"
	kill -0 $! # nobody else's process was touched
	kill $!
	wait $! || true
	rmdir "$dir/sub"
	start
}

@test "without systemd its groups are an error" {
	[[ ! -d /run/systemd/system ]] || skip "systemd runs"
	bundle_edit "l['cgroupsPath'] = 'a.slice:b:c'"
	for option in --systemd-cgroup --cgroup-manager=systemd; do
		run oci "$option" create --bundle "$bundle" "$id"
		assert_failure
		assert_output --partial 'systemd not running on this host, cannot use systemd cgroups manager'
	done
	run oci list -q
	assert_output ''
}

@test "limits arrive" {
	bundle_edit 'r.update(
		memory={"limit": 64 << 20, "swap": 96 << 20, "reservation": 32 << 20, "swappiness": 10},
		cpu={"shares": 512, "quota": 50000, "period": 100000, "burst": 1000, "cpus": "0", "mems": "0"},
		pids={"limit": 20}, blockIO={"weight": 300,
		"throttleReadBpsDevice": [{"major": 7, "minor": 0, "rate": 4096}]})'
	start
	[[ $(group_file memory memory.limit_in_bytes) == $((64 << 20)) ]]
	[[ $(group_file memory memory.memsw.limit_in_bytes) == $((96 << 20)) ]]
	[[ $(group_file memory memory.soft_limit_in_bytes) == $((32 << 20)) ]]
	[[ $(group_file memory memory.swappiness) == 10 ]]
	[[ $(group_file cpu cpu.shares) == 512 ]]
	[[ $(group_file cpu cpu.cfs_quota_us) == 50000 ]]
	[[ $(group_file cpu cpu.cfs_period_us) == 100000 ]]
	[[ $(group_file cpu cpu.cfs_burst_us) == 1000 ]]
	[[ $(group_file cpuset cpuset.cpus) == 0 ]]
	[[ $(group_file pids pids.max) == 20 ]]
	[[ $(cat "$(group_mount blkio)/$above/$id"/blkio*.weight) == 300 ]]
	run oci exec "$id" sh -c 'for i in $(seq 30); do sleep 5 & done'
	assert_output --partial "can't fork"
}

@test "a limit whose controller or file is missing is an error that names it" {
	refuses 'unified={"memory.high": "1"}' 'linux.resources.unified: invalid configuration: this host has cgroup v1'
	refuses 'hugepageLimits=[{"pageSize": "3MB", "limit": 1}]' 'linux.resources.hugepageLimits: '
	refuses 'blockIO={"leafWeight": 100}' 'linux.resources.blockIO.leafWeight: '
	refuses 'cpu={"cpus": "4000"}' 'linux.resources.cpu.cpus: '
	grep -q net_cls /proc/self/mountinfo ||
		refuses 'network={"classID": 5}' 'linux.resources.network.classID: '
	grep -q net_prio /proc/self/mountinfo ||
		refuses 'network={"priorities": [{"name": "lo", "priority": 1}]}' 'linux.resources.network.priorities: '
	[[ -e $(group_mount rdma)/rdma.max ]] ||
		refuses 'rdma={"mlx5": {"hcaHandles": 1}}' 'linux.resources.rdma: '
}

@test "devices: the rules in their order, the default devices always" {
	bundle_edit 'r["devices"] = [{"allow": False, "access": "rwm"},
		{"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"}]'
	start
	run group_file devices devices.list
	assert_line 'c 10:229 rw'
	assert_line 'c 1:3 rwm'
	assert_line 'c *:* m'
	refute_line 'a *:* rwm'
	run oci exec "$id" sh -c 'mknod /dev/mem c 1 1; mknod /tmp/full c 1 7; cat /dev/mem'
	assert_output --regexp '(not permitted|Read-only)'
	oci delete -f "$id"

	bundle_edit 'r["devices"] = [{"allow": True, "access": "rwm"}]'
	start
	run group_file devices devices.list
	assert_output 'a *:* rwm'
	oci delete -f "$id"

	refuses 'devices=[{"allow": True, "type": "c", "major": 10, "access": "rw"},
		{"allow": False, "type": "c", "major": 10, "minor": 1, "access": "r"}]' 'linux.resources.devices[1]: '
}

@test "update: options, a file, stdin; what was not given stays" {
	bundle_edit 'r.update(memory={"limit": 64 << 20}, pids={"limit": 20})'
	start
	oci update --memory 96m --cpu-share 100 --cpu-quota 20000 --cpuset-cpus 0 "$id"
	[[ $(group_file memory memory.limit_in_bytes) == $((96 << 20)) ]]
	[[ $(group_file cpu cpu.shares) == 100 ]]
	[[ $(group_file cpu cpu.cfs_quota_us) == 20000 ]]
	[[ $(group_file cpuset cpuset.cpus) == 0 ]]
	[[ $(group_file pids pids.max) == 20 ]]
	echo '{"memory": {"limit": 0, "reservation": 1048576}, "cpu": {"shares": 0}, "pids": {"limit": 30}}' |
		oci update -r - "$id"
	[[ $(group_file memory memory.limit_in_bytes) == $((96 << 20)) ]]
	[[ $(group_file memory memory.soft_limit_in_bytes) == 1048576 ]]
	[[ $(group_file cpu cpu.shares) == 100 ]]
	[[ $(group_file pids pids.max) == 30 ]]
	# memory and swap in either order
	oci update --memory 32m --memory-swap 64m "$id"
	oci update --memory 128m --memory-swap 128m "$id"
	[[ $(group_file memory memory.memsw.limit_in_bytes) == $((128 << 20)) ]]
	oci update --memory -1 --pids-limit -1 "$id"
	[[ $(group_file pids pids.max) == max ]]
	(($(group_file memory memory.memsw.limit_in_bytes) > 1 << 60))
}

@test "update: kernel memory is read, warned of and not used" {
	bundle_edit 'r.update(memory={"limit": 64 << 20})'
	start
	run oci update --kernel-memory 16m --kernel-memory-tcp -1 --memory 80m "$id"
	assert_success
	assert_output --partial 'level=warning msg="Kernel memory settings are ignored and will be removed"'
	[[ $(group_file memory memory.limit_in_bytes) == $((80 << 20)) ]]
	run oci update --kernel-memory 16x "$id"
	assert_failure
	assert_output --partial "invalid value for kernel-memory: "
	refute_regex "$(oci update --help)" kernel
}

@test "update: what is refused changes nothing" {
	bundle_edit 'r.update(memory={"limit": 64 << 20}, pids={"limit": 20})'
	start
	run oci update --pids-limit 40 --memory 4k "$id"
	assert_failure
	assert_output --partial 'linux.resources.memory.limit: '
	[[ $(group_file memory memory.limit_in_bytes) == $((64 << 20)) ]]
	[[ $(group_file pids pids.max) == 20 ]]
	for option in '--pids-limit x' '--memory 5x' '--cpu-quota 1.5' '--blkio-weight 5' '--l3-cache-schema L3:0=f' \
		'--mem-bw-schema MB:0=50'; do
		# shellcheck disable=SC2086
		run oci update $option "$id"
		assert_failure
	done
	oci kill "$id" KILL
	wait_for 10 status_is stopped
	run oci update --pids-limit 40 "$id"
	assert_failure
	assert_output --partial 'container not running'
}

@test "pause and resume" {
	start
	oci pause "$id"
	status_is paused
	[[ $(group_file freezer freezer.state) == FROZEN ]]
	for command in "pause $id" "exec $id true" "delete $id" "start $id"; do
		# shellcheck disable=SC2086
		run oci $command
		assert_failure
	done
	oci resume "$id"
	status_is running
	run oci resume "$id"
	assert_failure
	assert_output --partial 'container not paused'
	run oci exec "$id" echo here
	assert_output here
}

@test "a paused container can be killed, with all its processes, and deleted" {
	start
	oci pause "$id"
	oci kill "$id" KILL
	wait_for 10 status_is stopped
	oci delete "$id"
	start
	oci pause "$id"
	oci kill --all "$id" KILL
	wait_for 10 status_is stopped
	oci delete "$id"
	start
	oci pause "$id"
	oci delete -f "$id"
	run oci state "$id"
	assert_failure
}

@test "without a pid namespace of its own, KILL takes all" {
	bundle_edit 'l["namespaces"] = [n for n in l["namespaces"] if n["type"] != "pid"]
p["args"] = ["sh", "-c", "sleep 1000 & sleep 1001"]'
	start
	two() { [[ $(oci ps -f json "$id") == *,* ]]; }
	wait_for 10 two
	oci kill "$id" KILL
	run oci ps -f json "$id"
	assert_output '[]'
}

@test "ps" {
	bundle_edit 'p["args"] = ["sh", "-c", "sleep 1000 & sleep 1001"]'
	start
	two() { [[ $(oci ps -f json "$id") == *,* ]]; }
	wait_for 10 two
	[[ $(oci ps -f json "$id") == "[$(pid_of "$id"),"* ]]
	run oci ps "$id"
	assert_line --index 0 --regexp '^UID +PID '
	assert_line --regexp 'sleep 1000$'
	assert_line --regexp 'sleep 1001$'
	((${#lines[@]} == 3))
	run oci ps "$id" -o pid,comm
	assert_line --index 0 --regexp '^ *PID COMMAND$'
	((${#lines[@]} == 3))
	run oci ps "$id" -o comm
	assert_failure
	run oci ps -f yaml "$id"
	assert_failure
}

@test "events --stats" {
	bundle_edit 'r.update(memory={"limit": 64 << 20}, pids={"limit": 20})'
	start
	oci events --stats "$id" >"$BATS_TEST_TMPDIR/stats"
	python3 - "$BATS_TEST_TMPDIR/stats" "$id" <<-'EOF'
		import json, sys
		event = json.load(open(sys.argv[1]))
		assert event["type"] == "stats" and event["id"] == sys.argv[2]
		data = event["data"]
		assert data["pids"] == {"current": 1, "limit": 20}
		assert data["memory"]["usage"]["limit"] == 64 << 20
		assert data["memory"]["usage"]["usage"] > 0 and data["memory"]["raw"]["rss"] >= 0
		assert data["cpu"]["usage"]["total"] > 0
		assert set(data) == {"cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt",
		                     "network_interfaces"}
	EOF
}

@test "events: statistics at intervals, running out of memory, and the end" {
	bundle_edit 'r.update(memory={"limit": 8 << 20, "swap": 8 << 20})
c["root"]["readonly"] = False
p["args"] = ["sh", "-c", "until [ -e /go ]; do sleep 0.1; done; sh -c \"tail /dev/zero\"; sleep 1"]'
	start
	oci events --interval 200ms "$id" >"$BATS_TEST_TMPDIR/events" &
	wait_for 10 grep -q '"type":"stats"' "$BATS_TEST_TMPDIR/events"
	touch "$bundle/rootfs/go"
	wait $!
	run grep -cx "{\"type\":\"oom\",\"id\":\"$id\"}" "$BATS_TEST_TMPDIR/events"
	assert_output 1
	run oci events --stats "$id"
	assert_failure
	assert_output --partial 'is not running'
}

@test "a create that was killed before it had a state: its groups go with delete, nobody is killed" {
	local dir
	mkdir -p "$engine/oci/$id"
	cp "$bundle/config.json" "$engine/oci/$id/config.json"
	for dir in memory pids freezer; do
		mkdir -p "$(group_mount "$dir")/$above/$id"
	done
	sleep 1000 3>&- &
	echo $! >"$(group_mount pids)/$above/$id/cgroup.procs"
	oci delete -f "$id"
	kill -0 $!
	run groups_named "$id"
	assert_output "$(group_mount pids)/$above/$id"
	kill $!
	wait $! || true
	rmdir "$(group_mount pids)/$above/$id"
}

@test "groups that the container has made go with it" {
	start
	mkdir -p "$(group_mount memory)/$above/$id/a/b" "$(group_mount freezer)/$above/$id/a"
	echo "$(pid_of "$id")" >"$(group_mount freezer)/$above/$id/a/cgroup.procs"
	echo FROZEN >"$(group_mount freezer)/$above/$id/a/freezer.state"
	oci delete -f "$id"
	run groups_named "$id"
	assert_output ''
}

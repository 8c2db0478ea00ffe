# --cgroup-parent: where a container's groups are, that limits there hold, and that no path leads out of the engine's own.
load ../lib/helpers
source "$tests_lib/groups.bash"

setup() {
	outer=test-$BASHPID-$BATS_TEST_NUMBER
	engine_setup
	busybox_image
	bulkhead run --rm busybox true # makes the engine's group
}

teardown() {
	engine_teardown
	group_remove "$outer"
}

# The directory of container $1's group under controller $2.
place_of() {
	local pid
	pid=$(container_pid "$1")
	awk -F: -v name="$2" -v mount="$(group_mount "$2")" '
		index("," $2 ",", "," name ",") { one = mount $3 }
		$1 == 0 { two = mount $3 }
		END { print one ? one : two }' "/proc/$pid/cgroup"
}

@test "a name, a path, and an absolute path: below the engine's group, in every hierarchy" {
	local parent controller id
	for parent in "$outer" "$outer/deep/er" "/$outer//deep/"; do
		id=$(bulkhead run -d --cgroup-parent "$parent" busybox sleep 1000 2>/dev/null)
		for controller in memory pids devices; do
			run place_of "$id" "$controller"
			assert_output "$(group_dir "$controller" "$(echo "$parent" | tr -s / | sed 's|^/||; s|/$||')")/$id"
		done
		run bulkhead inspect --format '{{ .HostConfig.CgroupParent }}' "$id"
		assert_output "$parent"
		# its own limits are in force there, and it sees nothing above
		run bulkhead exec "$id" cat /proc/self/cgroup
		refute_output --partial "$outer"
		run bulkhead exec "$id" true
		assert_success
		bulkhead rm -f "$id"
		[[ ! -e $(group_dir memory "$parent/$id") ]]
	done
}

@test "an absolute path is not docker's, and the user is told" {
	run --separate-stderr bulkhead create --cgroup-parent "/$outer" busybox true
	assert_success
	[[ $stderr == *"--cgroup-parent /$outer: taken from the engine's own group"* ]]
	run --separate-stderr bulkhead create --cgroup-parent "$outer" busybox true
	assert_success
	[[ -z $stderr ]]
}

@test "the limits of a parent that somebody has made hold, and so does the host's reserve" {
	group_make "$outer" $((64 << 20)) 20
	bulkhead run -d --name web --cgroup-parent "$outer/containers" busybox sleep 1000
	run group_read "$outer" pids pids.max pids.max
	assert_output 20
	run bulkhead exec web sh -c 'for i in $(seq 30); do sleep 5 & done; kill -KILL -1'
	assert_output --partial "can't fork"
	bulkhead rm -f web # with what it has started
	run -137 bulkhead run --rm --cgroup-parent "$outer/containers" busybox sh -c 'head -c 200m /dev/zero | tail; exit $?'
	# whatever the parent's own limit: the engine's is above it
	group_write "$outer" memory $((1 << 50)) memory.limit_in_bytes memory.max
	local total ceiling
	total=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) * 1024))
	ceiling=$(group_read "" memory memory.limit_in_bytes memory.max)
	((ceiling > 0 && ceiling <= total - (128 << 20)))
}

@test "a limit of cpuset below a parent" {
	[[ $(awk '$1 == "cpuset" { print $4 }' /proc/cgroups) == 1 ]] || skip "no cpuset here"
	run bulkhead run --rm --cgroup-parent "$outer/a" --cpuset-cpus 0 busybox grep Cpus_allowed_list /proc/self/status
	assert_success
	assert_output $'Cpus_allowed_list:\t0'
	# what somebody has given the parent stays as it is
	group_write "$outer/a" cpuset 0 cpuset.cpus cpuset.cpus
	bulkhead run --rm --cgroup-parent "$outer/a" --cpuset-cpus 0 busybox true
	run group_read "$outer/a" cpuset cpuset.cpus cpuset.cpus
	assert_output 0
}

@test "no path leads out" {
	local parent outside=test-outside-$BASHPID
	for parent in "../$outside" "/../$outside" "$outer/../../$outside" / ./x monitors "$outer/web.slice" $'a\nb' 'a b'; do
		run bulkhead create --cgroup-parent "$parent" busybox true
		assert_failure
		assert_output --partial 'cgroup parent'
		assert_equal "${#lines[@]}" 1
	done
	[[ ! -e $(group_mount memory)/$outside && ! -e $(group_dir memory "$outside") ]]
	run bulkhead ps -aq
	assert_output ''
	# nor is a container's own group a parent: it goes with that
	bulkhead run -d --name web busybox sleep 1000
	run bulkhead create --cgroup-parent "$(bulkhead inspect --format '{{ .Id }}' web)" busybox true
	assert_failure
	assert_output --partial "this name is the engine's"
}

@test "a slice is one only where systemd runs" {
	[[ ! -d /run/systemd/system ]] || skip "systemd runs here: tests/vm/slice.bats"
	run bulkhead create --cgroup-parent web.slice busybox true
	assert_failure
	assert_output --partial 'there are slices only where systemd runs'
}

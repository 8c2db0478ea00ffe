# kinds: systemd
# Where containers live on a host that systemd owns: in bulkhead.slice/bulkhead.scope, delegated to us, limited as a
# whole, with the monitors apart; and what systemd may end and what not.
load ../lib/helpers
load lib/guest

scope=/sys/fs/cgroup/bulkhead.slice/bulkhead.scope

property() {
	systemctl show --property "$1" --value bulkhead.scope
}

scope_is_gone() {
	[[ ! -d $scope && $(property ActiveState) == inactive ]]
}

# The processes of the group $1, by name.
names_in() {
	sed 's|.*|/proc/&/comm|' "$1/cgroup.procs" | xargs -r cat
}

@test "containers and their monitors are in one delegated scope, apart from each other" {
	id=$(bulkhead run -d busybox sleep 600)
	[ "$(group_of "$id" memory)" = "$scope/$id" ]
	[ "$(names_in "$scope/$id")" = sleep ]
	[ "$(names_in "$scope/monitors" | grep -c '^bulkhead-monito')" = 1 ]
	run grep -v '^bulkhead' <(names_in "$scope/monitors")
	assert_output ''
	[ "$(property Delegate)" = yes ]
	[ "$(property Slice)" = bulkhead.slice ]
	[ "$(property ActiveState)" = active ]
	[ -z "$(cat "$scope/cgroup.procs")" ]
	[[ " $(cat "$scope/cgroup.subtree_control") " == *' memory '* ]]
	[ "$(systemctl is-system-running)" = running ]
}

@test "the scope keeps a reserve for the host" {
	bulkhead run -d busybox sleep 600
	total=$(($(awk '/MemTotal/ { print $2 }' /proc/meminfo) * 1024))
	limit=$(property MemoryMax)
	((limit > 0 && limit < total))
	[ "$(cat "$scope/memory.max")" = "$limit" ]
	limit=$(property TasksMax)
	((limit > 0 && limit < $(cat /proc/sys/kernel/pid_max)))
	[ "$(cat "$scope/pids.max")" = "$limit" ]
	# what systemd waits for at shutdown
	[ "$(property TimeoutStopUSec)" = 10s ]
}

@test "the scope goes with its last container and is made again" {
	wait_for 60 scope_is_gone
	bulkhead run --rm busybox true
	wait_for 60 scope_is_gone
	# none of these may meet the scope as it leaves
	for _ in 1 2 3 4 5 6; do
		bulkhead run --rm busybox true
	done
	wait_for 60 scope_is_gone
	run systemctl list-units --no-legend --state=failed
	assert_output ''
}

@test "first starts at the same time make one scope" {
	wait_for 60 scope_is_gone
	pids=()
	for name in one two three; do
		bulkhead run -d --name "$name" busybox sleep 600 >"$BATS_TEST_TMPDIR/$name" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || cat "$BATS_TEST_TMPDIR"/{one,two,three}
	done
	for name in one two three; do
		[ "$(dirname "$(group_of "$name" memory)")" = "$scope" ]
	done
	[ "$(names_in "$scope/monitors" | grep -c '^bulkhead-monito')" = 3 ]
}

@test "systemctl stop bulkhead.scope ends the containers, which may say so first" {
	bulkhead run -d --name web busybox sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done'
	is_up() { bulkhead logs web | grep -q up; }
	wait_for 60 is_up
	bulkhead run -d --name deaf busybox sleep 600
	systemctl stop bulkhead.scope
	wait_for 60 container_is web exited
	[ "$(bulkhead inspect --format '{{ .State.ExitCode }}' web)" = 5 ]
	wait_for 60 container_is deaf exited
	[[ $(bulkhead inspect --format '{{ .State.ExitCode }}' deaf) =~ ^(137|255)$ ]]
	wait_for 60 scope_is_gone
	bulkhead start web
	container_is web running
}

@test "systemd's reload and re-execution leave containers and their limits alone" {
	id=$(bulkhead run -d -m 64m busybox sleep 600)
	systemctl daemon-reload
	systemctl daemon-reexec
	container_is "$id" running
	[ "$(cat "$scope/$id/memory.max")" = $((64 << 20)) ]
	run bulkhead exec "$id" true
	assert_success
}

# --- --cgroup-parent --------------------------------------------------------------------------------------------------

web_scope=/sys/fs/cgroup/bulkhead.slice/bulkhead-web.slice/bulkhead-bulkhead-web.scope

web_scope_is_gone() {
	[[ ! -d $web_scope ]]
}

@test "--cgroup-parent of a name is a group in the scope, limited as its maker says" {
	bulkhead run -d --name one busybox sleep 600
	mkdir -p "$scope/parent"
	echo '+memory +pids' >"$scope/parent/cgroup.subtree_control"
	echo 12 >"$scope/parent/pids.max"
	id=$(bulkhead run -d --name two --cgroup-parent parent -m 64m busybox sleep 600)
	[ "$(group_of two memory)" = "$scope/parent/$id" ]
	[ "$(cat "$scope/parent/$id/memory.max")" = $((64 << 20)) ]
	run bulkhead exec two sh -c 'for i in $(seq 20); do sleep 5 & done'
	assert_output --partial "can't fork"
	bulkhead rm -f one two
	wait_for 60 scope_is_gone
}

@test "--cgroup-parent of a slice: a scope there, with the host's reserve, and the slice's own limit" {
	systemctl set-property --runtime bulkhead-web.slice TasksMax=14
	id=$(bulkhead run -d --name web --cgroup-parent bulkhead-web.slice busybox sleep 600)
	[ "$(group_of web memory)" = "$web_scope/$id" ]
	[ "$(systemctl show --property Delegate --value bulkhead-bulkhead-web.scope)" = yes ]
	limit=$(cat "$web_scope/memory.max")
	((limit > 0 && limit < $(awk '/MemTotal/ { print $2 }' /proc/meminfo) * 1024))
	# its monitor keeps the scope, and leaves ours
	[ "$(names_in "$web_scope/monitors" | grep -c '^bulkhead-monito')" = 1 ]
	run bulkhead exec web sh -c 'for i in $(seq 20); do sleep 5 & done'
	assert_output --partial "can't fork"
	run bulkhead exec web true
	bulkhead rm -f web
	wait_for 60 web_scope_is_gone
	# none of these may meet the scope as it leaves
	for _ in 1 2 3; do
		run bulkhead run --rm --cgroup-parent bulkhead-web.slice busybox echo here
		assert_success
		assert_output here
	done
	bulkhead run -d --name again --cgroup-parent bulkhead-web.slice busybox sleep 600
	systemctl stop bulkhead-bulkhead-web.scope
	wait_for 60 container_is again exited
	wait_for 60 web_scope_is_gone
	systemctl revert bulkhead-web.slice
	[ "$(systemctl is-system-running)" = running ]
}

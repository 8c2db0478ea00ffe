# Whatever is killed, and after a reboot: ps and inspect tell the truth, and nothing stays behind.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

# The parent of a container's first process.
monitor_pid() {
	ps -o ppid= -p "$(container_pid "$1")" | tr -d ' '
}

# Kills a monitor and the process that would report its death, so that it is the next command that must notice.
kill_monitor() {
	local monitor closer
	monitor=$(monitor_pid "$1")
	# not by its name, which it has not given itself yet when the container has just started
	for closer in $(pgrep -P "$monitor"); do
		[[ $closer == $(container_pid "$1") ]] || kill_now "$closer"
	done
	kill_now "$monitor"
}

# Kills a process and waits until the kernel has taken its descriptors.
kill_now() {
	kill -KILL "$1"
	wait_for 5 has_ended "$1"
}

has_ended() {
	[[ ! -e /proc/$1/stat || $(cut -d ' ' -f 3 "/proc/$1/stat") == Z ]]
}

state_of() {
	bulkhead inspect --format '{{ .State.Status }} {{ .State.ExitCode }} {{ .State.Error }}' "$1"
}

@test "a killed container" {
	bulkhead run -d --name web busybox sleep 1000 >/dev/null
	kill_now "$(container_pid web)"
	wait_for 5 container_is web exited
	assert_equal "$(state_of web)" "exited 137 "
}

@test "a killed monitor: what is left is killed, and told" {
	local pid
	bulkhead run -d --name web busybox sleep 1000 >/dev/null
	pid=$(container_pid web)
	kill_monitor web
	assert_equal "$(state_of web)" "exited 255 monitor lost"
	wait_for 5 has_ended "$pid"
	run bulkhead ps -q
	assert_output ""
	bulkhead start web
	wait_for 5 container_is web running
}

@test "a killed monitor of a --rm container: it is removed" {
	bulkhead run -d --rm --name web -v /data busybox sleep 1000 >/dev/null
	kill_monitor web
	run bulkhead ps -aq
	assert_output ""
	assert_equal "$(find "$engine/root/volumes" -mindepth 1 -maxdepth 1 | wc -l)" 0
}

@test "a killed monitor is noticed without any command" {
	local id pid
	id=$(bulkhead run -d --name web busybox sleep 1000)
	pid=$(container_pid web)
	kill_now "$(monitor_pid web)"
	wait_for 5 test ! -e "$engine/state/containers/$id"
	wait_for 5 has_ended "$pid"
	assert_equal "$(state_of web)" "exited 255 monitor lost"
}

@test "a killed monitor: whoever waits notices" {
	bulkhead run -d --name web busybox sleep 1000 >/dev/null
	bulkhead wait web >"$BATS_TEST_TMPDIR/code" &
	sleep 0.2
	kill_monitor web
	wait $!
	assert_equal "$(cat "$BATS_TEST_TMPDIR/code")" 255
}

@test "a killed command that waits: the container goes on" {
	local command
	bulkhead run --name web busybox sh -c 'sleep 1; exit 8' &
	command=$!
	wait_for 5 container_is web running
	pkill -KILL -P $command 2>/dev/null || kill -KILL $command
	container_is web running
	wait_for 5 container_is web exited
	assert_equal "$(state_of web)" "exited 8 "
}

# What a reboot does: no process of the container is left, nor its groups and ids.
reboot_without() {
	local id=$1 pid
	pid=$(container_pid web)
	kill_monitor web
	kill_now "$pid"
	find /sys/fs/cgroup -depth -type d -path "*/$id*" -exec rmdir {} +
	grep -lF "$engine/" /run/bulkhead/ids/* | xargs -r rm
}

@test "another boot: the state file's boot id is not ours" {
	local id
	id=$(bulkhead run -d --name web busybox sleep 1000)
	reboot_without "$id"
	sed -i 's/"bootId":"[^"]*"/"bootId":"00000000-0000-0000-0000-000000000000"/' \
		"$engine/state/containers/$id/state.json"
	assert_equal "$(state_of web)" "exited 255 host was restarted"
	bulkhead start web
	wait_for 5 container_is web running
}

@test "another boot: the run-time directory is empty" {
	local id
	id=$(bulkhead run -d --name web busybox sleep 1000)
	reboot_without "$id"
	rm -rf "$engine/state"
	assert_equal "$(state_of web)" "exited 255 host was restarted"
	run bulkhead ps -q
	assert_output ""
}

@test "an exit record that nobody has recorded yet" {
	local id
	id=$(bulkhead run -d --name web busybox sleep 1000)
	echo '{"ExitCode":3,"OOMKilled":true,"FinishedAt":1700000000000000000}' >"$engine/state/containers/$id/exit.new"
	kill_monitor web
	mv "$engine/state/containers/$id/exit.new" "$engine/state/containers/$id/exit"
	assert_equal "$(bulkhead inspect --format '{{ .State.ExitCode }} {{ .State.OOMKilled }} {{ .State.FinishedAt }}' web)" \
		"3 true 2023-11-14T22:13:20.000000000Z"
	refute [ -e "$engine/state/containers/$id" ]
}

@test "a command killed at any moment of run leaves a state that is true and can be removed" {
	local delay id status
	for delay in 0.002 0.004 0.006 0.008 0.010 0.013 0.016 0.020 0.025 0.030 0.040 0.060; do
		timeout -s KILL "$delay" "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" \
			run -d busybox sleep 1000 >/dev/null 2>&1 3>&- || true
	done
	sleep 0.3 # a start in progress goes on without its command, or is undone
	for id in $(bulkhead ps -aq --no-trunc); do
		status=$(bulkhead inspect --format '{{ .State.Status }}' "$id")
		if [[ $status == running ]]; then
			[[ -e /proc/$(container_pid "$id") ]]
		else
			[[ $status == created || $status == exited ]]
		fi
		bulkhead rm -f "$id" >/dev/null
	done
	assert_equal "$(find "$engine/state/containers" -mindepth 1 | wc -l)" 0
}

@test "removals killed half-way are done again" {
	local i
	for i in {1..8}; do
		bulkhead run --name "web$i" busybox sh -c 'for i in $(seq 300); do touch /tmp/$i; done'
		timeout -s KILL "0.00$i" "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" \
			rm "web$i" >/dev/null 2>&1 3>&- || true
	done
	for i in $(bulkhead ps -aq); do
		bulkhead rm -f "$i" >/dev/null
	done
	assert_equal "$(find "$engine/root/containers" -mindepth 1 | wc -l)" 0
}

@test "a directory that no record names is put aside when it is old, never deleted" {
	local id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	bulkhead ps -a >/dev/null
	mkdir -p "$engine/root/containers/$id"
	echo precious >"$engine/root/containers/$id/file"
	bulkhead ps -a >/dev/null
	assert [ -e "$engine/root/containers/$id/file" ]
	touch -d '1 hour ago' "$engine/root/containers/$id"
	bulkhead ps -a >/dev/null
	assert_equal "$(cat "$engine/root/orphans/$id/file")" precious
}

@test "a start killed before it saved its state: its groups and ids go too" {
	local id group lease=/run/bulkhead/ids/7ffe0000
	[[ ! -e $lease ]] || lease=/run/bulkhead/ids/7ffd0000
	bulkhead run --rm busybox true # so that the groups' parent is there
	id=$(bulkhead create busybox true)
	mkdir -m 700 "$engine/state/containers/$id"
	printf %s "$engine/state/containers/$id" >"$lease"
	group=$(find /sys/fs/cgroup -maxdepth 3 -type d \( -path '*/pids/bulkhead' -o -path '/sys/fs/cgroup/bulkhead' -o -name bulkhead.scope \) | head -n 1)
	[[ -n $group ]]
	mkdir "$group/$id"
	run bulkhead inspect -f '{{.State.Status}}' "$id"
	assert_output created
	[[ ! -e $group/$id ]]
	[[ ! -e $lease ]]
}

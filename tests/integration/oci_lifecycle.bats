# bulkhead-oci: a container from create to delete, and who asks for what when.
load ../lib/helpers
load ../lib/bundle

setup() { bundle_setup; }
teardown() { bundle_teardown; }

@test "created, running, stopped, deleted" {
	bundle_args sleep 1000
	oci create -b "$bundle" --pid-file "$engine/pid" one </dev/null >/dev/null 2>&1
	oci_status_is one created
	run oci state one
	assert_output --partial "\"pid\": $(cat "$engine/pid")"
	assert_output --partial "\"bundle\": \"$bundle\""
	assert_output --partial "\"rootfs\": \"$bundle/rootfs\""
	# nothing of it runs yet
	assert_equal "$(cat "/proc/$(cat "$engine/pid")/comm")" bulkhead-oci
	oci start one
	oci_status_is one running
	assert_equal "$(cat "/proc/$(cat "$engine/pid")/comm")" sleep
	run oci delete one
	assert_failure 1
	assert_output --partial "cannot delete container one that is not stopped: running"
	oci kill one KILL
	wait_for 5 oci_status_is one stopped
	oci delete one
	run oci state one
	assert_failure 1
	assert_output --partial "container does not exist"
}

@test "run gives the program's status and leaves nothing" {
	bundle_args sh -c 'echo out; echo err >&2; exit 7'
	run --separate-stderr oci_run one
	assert_failure 7
	assert_output out
	assert_equal "$stderr" err
	run oci list -q
	assert_output ""
	bundle_args sh -c 'kill -TERM $$'
	bundle_edit 'l["namespaces"] = [n for n in l["namespaces"] if n["type"] != "pid"]'
	run oci_run two
	assert_failure 143
}

@test "run --keep, run --detach" {
	bundle_args true
	oci run --keep -b "$bundle" one </dev/null
	oci_status_is one stopped
	oci delete one
	bundle_args sleep 1000
	oci run --detach -b "$bundle" two </dev/null >/dev/null 2>&1
	oci_status_is two running
	oci delete --force two
}

@test "what cannot be started twice or not at all" {
	bundle_args sleep 1000
	oci_start one
	run oci start one
	assert_failure 1
	assert_output --partial "cannot start an already running container"
	oci kill one 9
	wait_for 5 oci_status_is one stopped
	run oci start one
	assert_failure 1
	assert_output --partial "cannot start a container that has stopped"
	run oci start nobody
	assert_failure 1
	assert_output --partial "container does not exist"
	run oci kill one TERM
	assert_failure 1
	assert_output --partial "container not running"
}

@test "create tells what the program is not" {
	bundle_args nosuch
	run oci create -b "$bundle" one
	assert_failure 1
	assert_output --partial 'executable file not found in $PATH'
	bundle_args /etc
	run oci create -b "$bundle" one
	assert_output --partial '/etc\": permission denied'
	bundle_args /etc/passwd
	run oci create -b "$bundle" one
	assert_output --partial '/etc/passwd\": permission denied'
	run oci list -q
	assert_output ""
}

@test "start tells what execve did not like" {
	echo nonsense >"$bundle/rootfs/bin/bad"
	chmod 755 "$bundle/rootfs/bin/bad"
	bundle_args bad
	oci create -b "$bundle" one </dev/null
	run oci start one
	assert_failure
	assert_output --partial "exec format error"
	wait_for 5 oci_status_is one stopped
}

@test "ids: one of a kind, and of what letters" {
	local id
	bundle_args sleep 1000
	oci_start a.b_c+D-1
	run oci create -b "$bundle" a.b_c+D-1
	assert_failure 1
	assert_output --partial "container with given ID already exists"
	for id in "" . .. a/b 'a b' "$(printf 'a\nb')" .seccomp; do
		run oci create -b "$bundle" "$id"
		assert_failure 1
		assert_output --partial "invalid container ID format"
	done
}

@test "creates of one id at once: one of them wins, also while others delete it" {
	local round i won
	bundle_args sleep 1000
	for round in {1..8}; do
		won=0
		for i in 1 2 3 4; do
			oci create -b "$bundle" one </dev/null >/dev/null 2>"$engine/error.$i" &
			pids[i]=$!
		done
		for i in 1 2 3 4; do
			if wait "${pids[i]}"; then
				won=$((won + 1))
			else
				grep -q "already exists" "$engine/error.$i" || fail "round $round: $(cat "$engine/error.$i")"
			fi
		done
		assert_equal "$won" 1
		oci_status_is one created
		for i in 1 2; do
			oci delete -f one 2>"$engine/error.$i" &
			oci create -b "$bundle" one </dev/null >/dev/null 2>"$engine/error.$((i + 2))" &
		done
		wait
		! grep -v "already exists\|does not exist" "$engine"/error.[1-4] || fail "round $round"
		oci delete -f one 2>/dev/null || true
	done
}

@test "delete of a created container, and of one that was never completed" {
	bundle_args sleep 1000
	oci create -b "$bundle" one </dev/null >/dev/null 2>&1
	oci delete one
	mkdir -m 700 "$engine/oci/half"
	oci delete half
	mkdir -m 700 "$engine/oci/half"
	oci_start half
	oci_status_is half running
	oci delete -f nobody
}

@test "a state of an earlier boot is stopped" {
	bundle_args sleep 1000
	oci_start one
	pid=$(oci state one | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')
	sed -i 's/"bootId":"[^"]*"/"bootId":"00000000-0000-0000-0000-000000000000"/' "$engine/oci/one/state.json"
	oci_status_is one stopped
	kill -9 "$pid"
	oci delete one
	find /sys/fs/cgroup -depth -type d -name one -exec rmdir {} + 2>/dev/null || true
}

@test "kill: names, numbers, all" {
	bundle_args sh -c 'trap "exit 5" USR1; sleep 1000 & while :; do sleep 0.05; done'
	oci_start one
	run oci kill one NONSENSE
	assert_failure 1
	assert_output --partial NONSENSE
	sleep 0.3
	oci kill one SIGUSR1
	wait_for 5 oci_status_is one stopped
	bundle_args sh -c 'sleep 1000 & wait'
	oci_start two
	oci kill --all two 9
	wait_for 5 oci_status_is two stopped
}

@test "limits and groups where the bundle wants them" {
	local dir
	bundle_args sleep 1000
	bundle_edit 'l["resources"] = {"memory": {"limit": 67108864}, "pids": {"limit": 33}, "cpu": {"shares": 512},
	"devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rw"}]}'
	oci_start one
	dir=$(find /sys/fs/cgroup -type d -path "*/$groups/one" | head -n 1)
	[[ -n $dir ]]
	run sh -c "cat /sys/fs/cgroup/*/$groups/one/pids.max /sys/fs/cgroup/$groups/one/pids.max 2>/dev/null"
	assert_output 33
	run sh -c "cat /sys/fs/cgroup/*/$groups/one/memory.limit_in_bytes /sys/fs/cgroup/$groups/one/memory.max 2>/dev/null"
	assert_output 67108864
	if [[ -d /sys/fs/cgroup/devices ]]; then
		run cat "/sys/fs/cgroup/devices/$groups/one/devices.list"
		assert_line "c 10:229 rw"
		assert_line "c 1:3 rwm"
		refute_line "a *:* rwm"
	fi
	oci delete -f one
	run find /sys/fs/cgroup -type d -path "*/$groups/one"
	assert_output ""
}

@test "what this host does not have is an error" {
	bundle_args true
	bundle_edit 'l["intelRdt"] = {"closID": "x"}'
	run oci_run one
	assert_failure 1
	assert_output --partial "linux.intelRdt: resctrl is not supported"
}

@test "paused, resumed, killed while it is paused" {
	bundle_args sh -c 'while :; do :; done'
	oci_start one
	oci pause one
	oci_status_is one paused
	run oci pause one
	assert_failure 1
	assert_output --partial "container not running"
	run oci exec one true
	assert_failure 255
	assert_output --partial "paused"
	oci resume one
	oci_status_is one running
	run oci resume one
	assert_failure 1
	assert_output --partial "container not paused"
	oci pause one
	oci delete -f one
	run oci list -q
	assert_output ""
}

@test "ps: ids, and what ps(1) says of them" {
	bundle_args sh -c 'sleep 1000 & exec sleep 999'
	oci_start one
	wait_for 5 eval '[[ $(oci ps -f json one) == *,* ]]'
	run oci ps -f json one
	assert_output --regexp '^\[[0-9]+,[0-9]+\]$'
	run oci ps one
	assert_line --index 0 --partial PID
	assert_line --partial "sleep 1000"
	assert_line --partial "sleep 999"
	assert_equal "${#lines[@]}" 3
	run oci ps one -o pid,comm
	assert_line --index 1 --partial sleep
	run oci ps one -o comm
	assert_failure 1
	assert_output --partial "couldn't find PID field in ps output"
}

@test "list: table, json, quiet" {
	bundle_args sleep 1000
	run oci list -f json
	assert_output null
	oci_start one
	run oci list
	assert_line --index 0 --regexp '^ID +PID +STATUS +BUNDLE +CREATED +OWNER$'
	assert_line --index 1 --regexp "^one +[0-9]+ +running +$bundle +20[0-9-]+T[0-9:.]+Z root$"
	run oci list -q
	assert_output one
	run sh -c "'$BULKHEAD_BUILD/src/bulkhead-oci' --root '$engine/oci' list -f json | python3 -m json.tool"
	assert_output --partial '"status": "running"'
	run oci list -f xml
	assert_failure 1
}

@test "log lines as text and as JSON" {
	run oci --log "$engine/log" --log-format json state nobody
	assert_failure 1
	assert_output "container does not exist"
	run python3 -c 'import json, sys; l = json.loads(open(sys.argv[1]).read()); print(l["level"], l["msg"])' "$engine/log"
	assert_output "error container does not exist"
	run oci state nobody
	assert_output --regexp '^time="20[^"]+Z" level=error msg="container does not exist"$'
	run oci --log-format xml list
	assert_failure 1
}

@test "a config.json that is wrong is refused before anything is made" {
	bundle_edit 'l["resources"] = {"pids": {"limit": "x"}}'
	run oci create -b "$bundle" one
	assert_failure 1
	assert_output --partial 'linux.resources.pids.limit: \"x\" is not a number'
	rm "$bundle/config.json"
	run oci create -b "$bundle" one
	assert_failure 1
	[[ ! -e $engine/oci/one ]]
}

@test "features, in the form of the specification" {
	run oci features
	assert_success
	run python3 -c 'import json, sys
f = json.loads(sys.argv[1])
assert "run.oci.hooks.stdout" in f["potentiallyUnsafeConfigAnnotations"] and f["annotations"]["org.opencontainers.runc.checkpoint.enabled"] == "false"
l = f["linux"]
print(f["ociVersionMin"], len(f["hooks"]), "rro" in f["mountOptions"], len(l["namespaces"]), "CAP_BPF" in l["capabilities"],
      l["seccomp"]["enabled"], "SCMP_ACT_NOTIFY" in l["seccomp"]["actions"], l["mountExtensions"]["idmap"]["enabled"],
      l["netDevices"]["enabled"], "MPOL_BIND" in l["memoryPolicy"]["modes"])' "$output"
	assert_output "1.0.0 6 True 8 True True True True True True"
}

@test "spec does not overwrite" {
	run oci spec -b "$bundle"
	assert_failure 1
	assert_output --partial "File config.json exists. Remove it first"
}

@test "forty containers leave nothing behind" {
	local i before after
	bundle_args true
	oci_run warm
	before=$(find /sys/fs/cgroup -type d -path "*/$groups*" | wc -l)
	for ((i = 0; i < 40; i++)); do
		oci_run "c$i"
	done
	after=$(find /sys/fs/cgroup -type d -path "*/$groups*" | wc -l)
	assert_equal "$after" "$before"
	run ls "$engine/oci"
	assert_output ""
}

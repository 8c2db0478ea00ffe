# bulkhead-oci: its command line, as runc's and crun's callers use it. What containers do is in the other oci_ files.
load ../lib/helpers
load ../lib/bundle

setup() {
	bundle_setup
	bundle_args sleep 1000
}
teardown() { bundle_teardown; }

@test "version, help, and what is neither" {
	run oci --version
	assert_success
	assert_line --index 0 --regexp '^bulkhead-oci version [0-9]+\.[0-9]+'
	assert_line --index 1 --regexp '^spec: 1\.[0-9]+\.[0-9]+$'
	for words in -v version; do
		assert_equal "$(oci $words)" "$output"
	done
	run oci
	assert_success
	assert_line --regexp '^  create +Create a container$'
	refute_output --partial _options
	assert_equal "$(oci --help)" "$output"
	assert_equal "$(oci -h)" "$output"
	assert_equal "$(oci help)" "$output"
	run oci help kill
	assert_success
	assert_output "$(oci kill --help)"
	run oci nosuch
	assert_failure 1
	assert_output --partial "no such command: nosuch"
	run oci --nosuch list
	assert_failure 1
	assert_output --partial "unknown flag: --nosuch"
	run oci list --nosuch
	assert_failure 1
	assert_output --partial "list: unknown flag: --nosuch"
}

@test "too few and too many arguments" {
	local command
	for command in create run start state delete pause resume; do
		run oci "$command"
		assert_failure 1
		assert_output --partial "\\\"$command\\\" requires exactly 1 argument(s)"
		run oci "$command" one two
		assert_failure 1
	done
	run oci kill
	assert_failure 1
	assert_output --partial '\"kill\" requires a minimum of 1 argument(s)'
	run oci kill one 9 10
	assert_failure 1
	assert_output --partial '\"kill\" requires a maximum of 2 argument(s)'
	run oci exec
	assert_failure 1
	run oci list one
	assert_failure 1
}

@test "checkpoint and restore say that they are not there, --help too: podman asks so" {
	local words
	for words in "checkpoint one" "checkpoint --help" "checkpoint --image-path x one" "restore --image-path x --bundle y one"; do
		run oci $words
		assert_failure 1
		assert_output --partial "is not supported"
	done
}

@test "options where callers put them" {
	oci --rootless true --cgroup-manager cgroupfs --criu /usr/sbin/criu --log-level debug run "-b$bundle" one -d </dev/null
	oci_status_is one running
	oci kill one SIGUSR1
	oci kill one kill
	wait_for 5 oci_status_is one stopped
	oci delete one --force
	oci --rootless=auto create one --bundle="$bundle" --no-pivot --no-new-keyring </dev/null
	oci delete --force=true one
	run oci --cgroup-manager other list
	assert_failure 1
	assert_output --partial "unknown cgroup manager: other"
}

@test "the bundle of the working directory, and a root relative to it" {
	cd "$bundle"
	"$BULKHEAD_BUILD/src/bulkhead-oci" --root ../oci create one </dev/null 3>&-
	oci_status_is one created
	run "$BULKHEAD_BUILD/src/bulkhead-oci" --root ../oci list -q
	assert_output one
	run oci state one
	assert_output --partial "\"bundle\": \"$bundle\""
	cd /
	run oci create -b "$engine/nosuch" two
	assert_failure 1
	assert_output --regexp "[Nn]o such file or directory"
	run oci spec -b "$engine/nosuch"
	assert_failure 1
	rm "$bundle/config.json"
	mkdir "$engine/empty"
	run oci create -b "$engine/empty" two
	assert_failure 1
	assert_output --partial "config.json"
}

@test "pid files and sockets that get the process" {
	python3 "$tests_lib/console.py" "$engine/pidfd" "$engine/said" fd 3>&- &
	wait_for 5 test -S "$engine/pidfd"
	oci create -b "$bundle" --pid-file "$engine/pid" --pidfd-socket "$engine/pidfd" one </dev/null
	wait_for 5 grep -q "^Pid:" "$engine/said"
	run cat "$engine/said"
	assert_line --index 0 --regexp '^standard .*pidfd'
	assert_line --regexp "^Pid:.$(cat "$engine/pid")\$"
	# runc ends it with nothing, and so do we: conmon reads to the end
	assert_equal "$(wc -c <"$engine/pid")" "$(printf %s "$(cat "$engine/pid")" | wc -c)"
	oci start one
	python3 "$tests_lib/console.py" "$engine/pidfd2" "$engine/said" fd 3>&- &
	wait_for 5 test -S "$engine/pidfd2"
	oci exec -d --pid-file "$engine/exec" --pidfd-socket "$engine/pidfd2" one sleep 999 </dev/null
	wait_for 5 grep -q setns "$engine/said"
	wait_for 5 grep -qx "Pid:.$(cat "$engine/exec")" "$engine/said"
	for words in --pid-file --pidfd-socket; do
		run oci create -b "$bundle" "$words" "$engine/nosuch/x" two
		assert_failure 1
		run oci exec "$words" "$engine/nosuch/x" one true
		assert_failure 255
	done
	run oci list -q
	assert_output one
}

@test "only descriptors that were passed are preserved, never the runtime's own" {
	local program="'$BULKHEAD_BUILD/src/bulkhead-oci' --root '$engine/oci' --log '$engine/log'"
	oci_start one
	bundle_groups two
	for n in 1 3 100; do
		for words in "create --preserve-fds $n -b '$bundle' two" "run --preserve-fds $n -b '$bundle' two" \
			"exec --preserve-fds $n one ls -l /proc/self/fd"; do
			run bash -c "exec 3>&- 4</dev/null 5>&- 6>&- 7>&-; $program $words </dev/null"
			assert_failure
			assert_output --partial "--preserve-fds: descriptor 3 (of $n) was not passed"
		done
	done
	for n in -1 5000 x; do
		run oci exec --preserve-fds "$n" one true
		assert_failure
	done
	run bash -c "exec 3</dev/zero; $program exec --preserve-fds 1 one sh -c 'readlink /proc/self/fd/3; ls /proc/self/fd | wc -l' </dev/null"
	assert_success
	assert_line --index 0 /dev/zero
	assert_line --index 1 5 # stdio, it, and what ls opens
	run oci list -q
	assert_output one
}

@test "descriptors from systemd" {
	bundle_args sh -c 'echo "$LISTEN_FDS $LISTEN_PID"; readlink /proc/self/fd/3; readlink /proc/self/fd/4; ls /proc/self/fd | wc -l'
	cat >"$engine/listen" <<-'END'
		import os, sys
		for fd in (3, 4, 5):
		    os.dup2(os.open(("/dev/zero", "/dev/full", "/etc/passwd")[fd - 3], os.O_RDONLY), fd)
		os.environ["LISTEN_FDS"] = "1"
		os.environ["LISTEN_PID"] = sys.argv[1] if sys.argv[1] != "own" else str(os.getpid())
		os.execv(sys.argv[2], sys.argv[2:])
	END
	run python3 "$engine/listen" own "$BULKHEAD_BUILD/src/bulkhead-oci" --root "$engine/oci" run --preserve-fds 1 -b "$bundle" one </dev/null
	assert_success
	assert_line --index 0 "1 1"
	assert_line --index 1 /dev/zero
	assert_line --index 2 /dev/full
	assert_line --index 3 6
	run python3 "$engine/listen" 1 "$BULKHEAD_BUILD/src/bulkhead-oci" --root "$engine/oci" run -b "$bundle" one </dev/null
	assert_success
	assert_line --index 0 " "
	assert_line --index 1 4
}

@test "exit statuses: 1, 255, and the program's" {
	bundle_args nosuch
	for words in create run; do
		run oci $words -b "$bundle" one
		assert_failure 1
	done
	bundle_args /etc/passwd
	run oci run -b "$bundle" one
	assert_failure 1
	bundle_args sh -c 'exit 255'
	run oci_run one
	assert_failure 255
	bundle_args sleep 1000
	oci_start one
	for words in nosuch /etc /etc/passwd /nosuch/x; do
		run oci exec one "$words"
		assert_failure 255
	done
	run oci exec --cwd /nosuch one true
	assert_failure 255
	assert_output --regexp "[Nn]o such file or directory"
	run oci exec -u 4294967295 one true
	assert_failure 255
	run oci exec --cap NONSENSE one true
	assert_success
	assert_output --partial '--cap: \"NONSENSE\" is not a capability'
	run oci exec -e NONSENSE one true
	assert_failure 255
	run oci exec --nosuch one true
	assert_failure 1
	# what follows the id is the program's
	run oci exec one sh -c 'echo "$0 $1"; exit 4' --user -t
	assert_failure 4
	assert_output "--user -t"
}

@test "log: every line is JSON, levels count, and who cannot write says so" {
	bundle_args nosuch
	bundle_edit 'p["capabilities"]["bounding"].extend(["CAP_OF_TOMORROW", "no capability"])'
	run oci --log "$engine/log" --log-format json create -b "$bundle" one
	assert_failure 1
	assert_output --partial 'exec: "nosuch": executable file not found in $PATH'
	run python3 -c 'import json, sys
for line in open(sys.argv[1]): l = json.loads(line); print(l["level"], sorted(l), l["msg"])' "$engine/log"
	assert_line --partial "warning ['level', 'msg', 'time']"
	assert_line --partial "error ['level', 'msg', 'time'] exec: \"nosuch\": executable file not found in \$PATH"
	run oci --log "$engine/log2" --log-level error create -b "$bundle" one
	run cat "$engine/log2"
	assert_equal "${#lines[@]}" 1
	assert_line --index 0 --regexp '^time="[^"]+" level=error msg="exec: \\"nosuch\\"'
	run oci --log "$engine/nosuch/log" list
	assert_failure 1
	assert_output --partial "open log file"
	run oci --debug state nobody
	assert_failure 1
}

@test "delete: what runs only by force, what is not there only by force" {
	oci_start one
	run oci delete one
	assert_failure 1
	oci delete -f one
	oci delete -f one
	run oci delete one
	assert_failure 1
	assert_output --partial "container does not exist"
	oci create -b "$bundle" one </dev/null
	oci kill one KILL
	wait_for 5 oci_status_is one stopped
	run oci start one
	assert_failure 1
	assert_output --partial "cannot start a container that has stopped"
	oci delete one
}

@test "create does not keep who reads its output waiting, nor the locks of others" {
	# the container's process has the caller's stdio, and nothing else of it
	oci create -b "$bundle" one </dev/null >/dev/null 2>&1
	run timeout 5 bash -c "exec 9>'$engine/locked'; flock 9; '$BULKHEAD_BUILD/src/bulkhead-oci' --root '$engine/oci' state one >/dev/null"
	assert_success
	pid=$(oci state one | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')
	run ls "/proc/$pid/fd"
	# its stdio, the gate, and what it says after that
	assert_equal "${#lines[@]}" 5
}

@test "spec: runc's, and for those who are not root" {
	mkdir "$engine/spec"
	oci spec --bundle "$engine/spec" --rootless
	run python3 -c 'import json, sys
c = json.load(open(sys.argv[1]))
print(c["process"]["args"], c["root"], any(n["type"] == "user" for n in c["linux"]["namespaces"]), c["linux"]["uidMappings"])' "$engine/spec/config.json"
	assert_output "['sh'] {'path': 'rootfs', 'readonly': True} True [{'containerID': 0, 'hostID': 0, 'size': 1}]"
	cd "$engine/spec"
	rm config.json
	oci spec
	run stat -c %a config.json
	assert_output 644
}

# Every indented line of docs/runtime.md that is a command, in order, in one shell.
@test "the examples of the documentation" {
	mkdir "$engine/bin"
	printf '#!/bin/sh\nexec %q --root %q "$@" 3>&-\n' "$(realpath "$BULKHEAD_BUILD")/src/bulkhead-oci" "$engine/oci" >"$engine/bin/bulkhead-oci"
	chmod +x "$engine/bin/bulkhead-oci"
	cd "$engine"
	tar -C "$bundle/rootfs" -cf root.tar .
	sed -n 's/^    \(mkdir .*\|bulkhead-oci .*\)/\1/p' "$BATS_TEST_DIRNAME/../../docs/runtime.md" >"$engine/examples"
	(($(wc -l <"$engine/examples") == 3))
	run script -qec "PATH='$engine/bin:$PATH' sh -e '$engine/examples'" /dev/null < <(printf 'echo "it is $((40 + 2))"\nexit\n')
	assert_success
	assert_output --partial "it is 42"
}

@test "completion" {
	run bash -c 'source <("$0" _completion bash)
complete() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); COMPREPLY=(); _bulkhead_oci; echo "${COMPREPLY[*]}"; }
complete bulkhead-oci ki
complete bulkhead-oci kill --a
complete bulkhead-oci --log x exec --proc
complete bulkhead-oci --log x exec -d --preserve-f
complete bulkhead-oci --log-f' "$BULKHEAD_BUILD/src/bulkhead-oci"
	assert_success
	assert_line --index 0 kill
	assert_line --index 1 -- --all
	assert_line --index 2 -- "--process --process-label"
	assert_line --index 3 -- --preserve-fds
	assert_line --index 4 -- --log-format
}

@test "two hundred create, start, delete: nothing grows" {
	local i before n=200
	[[ $BULKHEAD_BUILD != *asan* ]] || n=50
	bundle_args true
	usage() {
		find /sys/fs/cgroup -type d -path "*/$groups*" | wc -l
		wc -l </proc/self/mountinfo
		find "$engine" | wc -l
		find /dev/shm /run/bulkhead* -maxdepth 2 2>/dev/null | grep -cF "$engine"
	}
	oci_start one
	oci delete -f one
	before=$(usage || true)
	for ((i = 0; i < n; i++)); do
		oci create -b "$bundle" one </dev/null
		oci start one
		oci delete -f one
	done
	assert_equal "$(usage || true)" "$before"
}

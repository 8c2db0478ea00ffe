# bulkhead-oci exec: another process in a container that runs, and terminals.
load ../lib/helpers
load ../lib/bundle

setup() {
	bundle_setup
	bundle_args sleep 1000
	bundle_edit 'p["env"] += ["FROM=config"]'
	oci_start one
}
teardown() { bundle_teardown; }

@test "status, output, namespaces, groups" {
	run oci exec one sh -c 'echo hi; exit 5'
	assert_failure 5
	assert_output hi
	pid=$(oci state one | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')
	run oci exec one sh -c 'for n in mnt pid net ipc uts; do readlink /proc/self/ns/$n; done; cat /proc/self/cgroup'
	assert_success
	for n in mnt pid net ipc uts; do
		assert_line "$(readlink "/proc/$pid/ns/$n")"
	done
	assert_line --regexp ":pids:/$groups/one\$|^0::/"
	run oci exec one sh -c 'kill -9 $$'
	assert_failure 137
}

@test "options change the container's own process" {
	run oci exec -e A=b -e FROM=exec --cwd /tmp -u 1000:1001 -g 7 --cap CAP_KILL one sh -c 'echo $A $FROM; pwd; id'
	assert_success
	assert_line --index 0 "b exec"
	assert_line --index 1 /tmp
	assert_line --index 2 "uid=1000(user) gid=1001 groups=7"
	run oci exec -u x one true
	assert_failure 255
	run oci exec one
	assert_failure 255
	assert_output --partial "process args cannot be empty"
}

@test "a process object from a file and from stdin" {
	echo '{"args": ["sh", "-c", "id -u; pwd; echo $X"], "cwd": "/etc", "env": ["PATH=/bin", "X=y"], "user": {"uid": 3, "gid": 4}}' >"$engine/process"
	run oci exec --process "$engine/process" one
	assert_success
	assert_output "$(printf '3\n/etc\ny')"
	run bash -c "'$BULKHEAD_BUILD/src/bulkhead-oci' --root '$engine/oci' exec --process - one <'$engine/process'"
	assert_success
	assert_line y
	echo '{"args": ["true"], "cwd": "relative"}' >"$engine/process"
	run oci exec --process "$engine/process" one
	assert_failure 255
	assert_output --partial "cwd"
}

@test "what is not there, and who does not run" {
	run oci exec one nosuch
	assert_failure 255
	assert_output --partial 'executable file not found in $PATH'
	run oci exec nobody true
	assert_failure 255
	assert_output --partial "container does not exist"
	oci kill one 9
	wait_for 5 oci_status_is one stopped
	run oci exec one true
	assert_failure 255
	assert_output --partial "cannot exec in a stopped container"
}

@test "detached, with a pid file" {
	oci exec -d --pid-file "$engine/pid" one sleep 999 </dev/null >/dev/null 2>&1
	run cat "/proc/$(cat "$engine/pid")/cmdline"
	assert_output --partial sleep
}

@test "terminals: exec, run, console socket" {
	run script -qec "'$BULKHEAD_BUILD/src/bulkhead-oci' --root '$engine/oci' exec -t one sh -c 'tty; test -t 0 && test -t 1 && test -t 2 && echo yes'" /dev/null
	assert_success
	assert_output --partial /dev/pts/0
	assert_output --partial yes
	bundle_groups two
	bundle_args sh -c 'stty size; tty; ls -l /dev/console'
	bundle_edit 'p["terminal"] = True; p["consoleSize"] = {"height": 33, "width": 77}
c["hooks"] = {"prestart": [{"path": "/bin/true"}]}' # which the terminal comes before
	run oci create -b "$bundle" two
	assert_failure 1
	assert_output --partial "without setting console socket"
	python3 - "$engine/console" "$engine/said" <<'END' 3>&- &
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(1)
c, _ = s.accept()
name, control, _, _ = c.recvmsg(64, socket.CMSG_SPACE(4))
master = array.array("i", control[0][2][:4])[0]
said = b""
try:
    while True:
        chunk = os.read(master, 4096)
        if not chunk:
            break
        said += chunk
except OSError:
    pass
open(sys.argv[2], "wb").write(said)
END
	wait_for 5 test -S "$engine/console"
	oci create -b "$bundle" --console-socket "$engine/console" two </dev/null
	oci start two
	wait_for 5 test -s "$engine/said"
	run cat "$engine/said"
	assert_line --index 0 --partial "33 77"
	assert_line --index 1 --partial /dev/pts/0
	assert_line --index 2 --partial /dev/console
}

# sd_notify(3) of containers, to a small listener in the place of systemd.
load ../lib/helpers
load ../lib/bundle

setup() {
	bundle_setup
	cp "$(compile "$BATS_TEST_DIRNAME/../lib/src/tell.c")" "$bundle/rootfs/bin/tell"
	bundle_args tell STATUS=x MAINPID=1 $'STATUS=up\nREADY=1\nMAINPID=1' READY=2
	said=$engine/said
	listen "$engine/host.sock" &
	listener=$!
	wait_for 10 test -e "$said"
	export NOTIFY_SOCKET=$engine/host.sock
}

teardown() {
	unset NOTIFY_SOCKET
	kill "$listener" 2>/dev/null || true
	bundle_teardown
}

# Writes a line for each message to the socket $1, and closes what a barrier brings.
listen() {
	exec python3 - "$1" "$said" 3>&- <<-'END'
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind('\0' + sys.argv[1][1:] if sys.argv[1][0] == '@' else sys.argv[1])
		with open(sys.argv[2], 'w', buffering=1) as f:
		    while True:
		        text, fds, _, _ = socket.recv_fds(s, 4096, 4)
		        f.write(repr(text.decode()) + ' %d\n' % len(fds))
		        for fd in fds:
		            os.close(fd)
	END
}

pid_of() {
	oci state "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])'
}

assert_said() {
	assert_equal "$(cat "$said")" "$(printf "'READY=1\\\\n' 0\n'MAINPID=%d\\\\n' 0\n'BARRIER=1' 1" "$1")"
}

@test "create and start: ready is passed on, with the container's process, and nothing else" {
	oci create -b "$bundle" one </dev/null >/dev/null 2>&1
	assert_equal "$(cat "$said")" ""
	oci start one
	assert_said "$(pid_of one)"
	run oci exec one sh -c 'echo "<$NOTIFY_SOCKET>"; ls /run/notify; touch /run/notify/x'
	assert_line "<>"
	assert_line notify.sock
	assert_line --partial "Read-only file system"
	oci delete -f one
	[[ ! -e $engine/oci/one ]]
}

@test "run: detached it waits, else this process is the one to watch" {
	oci run -d -b "$bundle" one </dev/null >/dev/null 2>&1
	assert_said "$(pid_of one)"
	oci delete -f one
	: >"$said"
	"$BULKHEAD_BUILD/src/bulkhead-oci" --root "$engine/oci" run -b "$bundle" one </dev/null >/dev/null 2>&1 3>&- &
	wait_for 10 grep -q BARRIER "$said"
	grep -q "MAINPID=$!" "$said"
	oci kill one KILL
	wait $! || true
}

@test "one that ends without being ready holds nobody, and others may use one that is waited for" {
	bundle_args true
	oci create -b "$bundle" one </dev/null >/dev/null 2>&1
	oci start one
	assert_equal "$(cat "$said")" ""
	oci delete one
	bundle_args tell STATUS=never
	oci create -b "$bundle" one </dev/null >/dev/null 2>&1
	oci start one &
	wait_for 10 oci_status_is one running
	run oci exec one true
	assert_success
	oci kill one KILL
	wait $!
}

@test "in a user namespace, and to an abstract socket" {
	kill "$listener"
	rm "$said"
	NOTIFY_SOCKET=@$engine/abstract
	listen "$NOTIFY_SOCKET" &
	listener=$!
	wait_for 10 test -e "$said"
	bundle_edit "l['namespaces'].append({'type': 'user'})
l['uidMappings'] = l['gidMappings'] = [{'containerID': 0, 'hostID': 100000, 'size': 65536}]"
	mkdir -p "$bundle/rootfs/run/notify"
	chmod 711 "$engine" "$bundle"
	oci run -d -b "$bundle" one </dev/null >/dev/null 2>&1
	assert_said "$(pid_of one)"
}

@test "a socket that is not there is an error before the program" {
	NOTIFY_SOCKET=$engine/nothing
	oci create -b "$bundle" one </dev/null >/dev/null 2>&1
	run oci start one
	assert_failure
	assert_output --partial "NOTIFY_SOCKET=$engine/nothing: No such file or directory"
	oci_status_is one created
	unset NOTIFY_SOCKET
	oci start one
	wait_for 10 oci_status_is one stopped # it cannot tell anybody
	NOTIFY_SOCKET=$(printf '%0200d' 0) run oci run -b "$bundle" two
	assert_failure
	assert_output --partial ": too long"
	run oci state two
	assert_failure
}

# A registry that has taken bulkhead-fetch over (src/fetch_hostile.c) tries what it could gain. Behind all walls it gains
# nothing; with one of them alone it gains nothing; without any it succeeds.
load ../lib/helpers

# enum confine_wall of src/base/confine.h
root=4 no_new_privs=32 landlock=64 seccomp=128
everything=255

setup() {
	engine_setup
	# The program that is attacked: ours, with the taken-over helper beside it, where it looks for it first.
	programs=$engine/programs
	mkdir -p "$programs"
	cp "$BULKHEAD_BUILD/src/bulkhead" "$programs/bulkhead"
	cp "$BULKHEAD_BUILD/tests/attack/fetch_hostile" "$programs/bulkhead-fetch"
	mkdir -m 777 "$engine/outside"
	victim=$engine/outside/victim
	echo precious >"$victim"
	chmod 666 "$victim"
}

# The attack by a pull: its caller has made the namespaces, the helper puts up its walls but those in $2.
by_pull() {
	echo "$2 $1 $3" >"$programs/attack"
	run --separate-stderr "$programs/bulkhead" --root "$engine/root" --state "$engine/state" pull 127.0.0.1:1/hostile
	assert_failure 1
	output=$stderr
}

# The attack with no namespaces but those of the options after the third argument (unshare(1)).
by_itself() {
	echo "$2 $1 $3" >"$programs/attack"
	shift 3
	run unshare "$@" -- "$programs/bulkhead-fetch" 3>"$BATS_TEST_TMPDIR/report"
	output="status $status $(tr -cd '[:print:]' <"$BATS_TEST_TMPDIR/report")"
}

killed() {
	assert_output --regexp 'ended before its work was done|status 159'
}

@test "reading a file of the host" {
	by_pull read 0 "$victim"
	assert_output --partial "read refused: No such file"
	# the empty root alone; Landlock alone; the user namespace alone, of a file that is not everybody's
	by_pull read $((everything & ~root)) "$victim"
	assert_output --partial "read refused: No such file"
	by_itself read $((everything & ~landlock & ~no_new_privs)) "$victim"
	assert_output --partial "read refused: Permission denied"
	by_pull read $everything "$victim"
	assert_output --partial "read succeeded: precious"
	chmod 600 "$victim"
	by_pull read $everything "$victim"
	assert_output --partial "read refused: Permission denied"
	by_itself read $everything "$victim"
	assert_output --partial "read succeeded: precious"
	# what is in its root, it may read
	by_pull read 0 /etc/hosts
	assert_output --partial "read succeeded"
}

@test "writing to a file of the host, and to its own root" {
	by_pull write 0 "$victim"
	assert_output --partial "write refused: No such file"
	by_pull write 0 /etc/hosts
	assert_output --partial "write refused"
	by_itself write $((everything & ~landlock & ~no_new_privs)) "$victim"
	assert_output --partial "write refused: Permission denied"
	[[ $(cat "$victim") == precious ]]
	by_itself write $everything "$victim"
	assert_output --partial "write succeeded"
}

@test "abstract sockets of the host" {
	name=bulkhead-test-$$-$RANDOM
	python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind("\0" + sys.argv[1]); s.listen(); print("ready", flush=True); time.sleep(60)' \
		"$name" >"$BATS_TEST_TMPDIR/ready" 3>&- &
	server=$!
	wait_for 10 test -s "$BATS_TEST_TMPDIR/ready"
	by_pull abstract 0 "$name"
	assert_output --partial "abstract refused: Address family not supported"
	# the filter alone, and what it is beside
	by_itself abstract $((everything & ~seccomp & ~no_new_privs)) "$name"
	assert_output --partial "abstract refused: Address family not supported"
	by_itself abstract $everything "$name"
	assert_output --partial "abstract succeeded"
	kill "$server"
}

@test "listening" {
	by_pull listen 0 -
	assert_output --partial "listen refused: No such file" # what bind(2) says by the filter
	by_itself listen $((everything & ~seccomp & ~no_new_privs)) -
	assert_output --partial "listen refused: No such file"
	by_itself listen $everything -
	assert_output --partial "listen succeeded"
}

@test "killing and tracing a process of the host" {
	local what
	for what in kill trace; do
		setpriv --reuid=1879048192 --regid=1879048192 --clear-groups sleep 60 3>&- & # the helper's own user
		victim_pid=$!
		by_pull "$what" 0 "$victim_pid"
		killed
		# the pid namespace alone; the filter alone
		by_pull "$what" $everything "$victim_pid"
		assert_output --partial "$what refused: No such process"
		by_itself "$what" $((everything & ~seccomp & ~no_new_privs)) "$victim_pid"
		killed
		kill -0 "$victim_pid"
		by_itself "$what" $everything "$victim_pid"
		assert_output --partial "$what succeeded"
		kill -9 "$victim_pid" 2>/dev/null || true
		wait "$victim_pid" 2>/dev/null || true
	done
}

@test "executing a program, starting a process" {
	by_pull execute 0 /bin/true
	killed
	by_itself execute $((everything & ~seccomp & ~no_new_privs)) /bin/true
	killed
	by_itself execute $((everything & ~landlock & ~no_new_privs)) /bin/true
	assert_output --partial "execute refused: Permission denied"
	by_itself execute $everything /bin/true
	assert_output "status 0 "
	by_pull fork 0 -
	assert_output --partial "fork refused"
	by_itself fork $((everything & ~seccomp & ~no_new_privs)) -
	assert_output --partial "fork refused"
	by_itself fork $everything -
	assert_output --partial "fork succeeded"
}

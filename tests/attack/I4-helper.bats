# An archive that has taken bulkhead-unpack over (src/unpack_hostile.c) tries what it could gain. Behind all walls it gains
# nothing; with one of them alone it gains nothing; without any it succeeds.
load ../lib/helpers

# enum confine_wall of src/base/confine.h
limits=1 capabilities=16 landlock=64 seccomp=128
everything=255

setup() {
	engine_setup
	# The program that is attacked: ours, with the taken-over helper beside it, where it looks for it first.
	programs=$BATS_FILE_TMPDIR/programs
	if [[ ! -d $programs ]]; then
		chmod 711 "$BATS_FILE_TMPDIR"
		mkdir "$programs"
		cp "$BULKHEAD_BUILD/src/bulkhead" "$programs/bulkhead"
		cp "$BULKHEAD_BUILD/tests/attack/unpack_hostile" "$programs/bulkhead-unpack"
	fi
	chmod 711 "$BATS_TEST_TMPDIR"
	target=$BATS_TEST_TMPDIR/target
	mkdir -m 777 "$target" "$engine/outside"
	victim=$engine/outside/victim
	echo precious >"$victim"
	chmod 666 "$victim"
}

# The attack by an import: its caller has made the namespaces, the helper puts up its walls but those in $3.
by_import() {
	local where=$1 what=$2 without=$3 argument=$4
	printf '%sATTACK %s %d %s %s\n' "$([[ $where == stream ]] && printf '\x1f\x8b')" "$where" "$without" "$what" \
		"$argument" >"$BATS_TEST_TMPDIR/archive"
	run --separate-stderr "$programs/bulkhead" --root "$engine/root" --state "$engine/state" import \
		"$BATS_TEST_TMPDIR/archive" hostile:1
	assert_failure 1
	output=$stderr
}

# The attack with no namespaces but those of the options after the fourth argument (unshare(1)).
by_itself() {
	local where=$1 what=$2 without=$3 argument=$4 mode=decompress
	shift 4
	[[ $where == stream ]] || mode=layer
	printf 'ATTACK %s %d %s %s\n' "$where" "$without" "$what" "$argument" >"$BATS_TEST_TMPDIR/archive"
	run unshare "$@" -- "$programs/bulkhead-unpack" "$mode" <"$BATS_TEST_TMPDIR/archive" \
		3>"$BATS_TEST_TMPDIR/report" 4<"$target"
	output="status $status $(tr -cd '[:print:]' <"$BATS_TEST_TMPDIR/report")"
}

killed() {
	assert_output --regexp 'killed by signal 31|status 159'
}

@test "reading a file of the host" {
	by_import layer read 0 "$victim"
	assert_output --partial "read refused: No such file"
	# the empty root alone; Landlock alone; the user namespace alone, of a file that is not everybody's
	by_import layer read $((landlock | seccomp)) "$victim"
	assert_output --partial "read refused: No such file"
	by_itself layer read $((everything & ~landlock & ~32)) "$victim"
	assert_output --partial "read refused: Permission denied"
	by_import layer read $everything "$victim"
	assert_output --partial "read succeeded: precious"
	chmod 600 "$victim"
	by_import layer read $everything "$victim"
	assert_output --partial "read refused: Permission denied"
	by_itself layer read $everything "$victim"
	assert_output --partial "read succeeded: precious"
	# where it only decompresses, it may not even ask
	by_import stream read 0 "$victim"
	assert_output --partial "read refused: No such file"
	chmod 644 "$victim"
	by_itself stream read $((everything & ~seccomp & ~32)) "$victim"
	assert_output --partial "read refused: No such file"
	by_itself stream read $everything "$victim"
	assert_output --partial "read succeeded: precious"
}

@test "writing to a file of the host" {
	by_import layer write 0 "$victim"
	assert_output --partial "write refused: No such file"
	by_import layer write $((landlock | seccomp)) "$victim"
	assert_output --partial "write refused"
	by_itself layer write $((everything & ~landlock & ~32)) "$victim"
	assert_output --partial "write refused: Permission denied"
	[[ $(cat "$victim") == precious ]]
	by_itself layer write $everything "$victim"
	assert_output --partial "write succeeded"
	[[ $(cat "$victim") == attackus ]]
}

@test "reaching a service of the host" {
	python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(60)' \
		>"$BATS_TEST_TMPDIR/port" 3>&- &
	server=$!
	wait_for 10 test -s "$BATS_TEST_TMPDIR/port"
	port=$(cat "$BATS_TEST_TMPDIR/port")
	by_import layer connect 0 "$port"
	killed
	by_import stream connect 0 "$port"
	killed
	# the network namespace alone; the filter alone; Landlock alone
	by_itself layer connect $everything "$port" --net
	assert_output --partial "connect refused: Network is unreachable"
	by_itself layer connect $((everything & ~seccomp & ~32)) "$port"
	killed
	by_itself layer connect $((everything & ~landlock & ~32)) "$port"
	assert_output --partial "connect refused: Permission denied"
	by_itself layer connect $everything "$port"
	assert_output --partial "connect succeeded"
	kill "$server"
}

@test "killing and tracing a process of the host" {
	local what
	for what in kill trace; do
		setpriv --reuid=1879048192 --regid=1879048192 --clear-groups sleep 60 3>&- & # the helper's own user
		victim_pid=$!
		by_import layer "$what" 0 "$victim_pid"
		killed
		# the pid namespace alone; the filter alone
		by_import layer "$what" $everything "$victim_pid"
		assert_output --partial "$what refused: No such process"
		by_itself layer "$what" $((everything & ~seccomp & ~32)) "$victim_pid"
		killed
		kill -0 "$victim_pid"
		by_itself layer "$what" $everything "$victim_pid"
		assert_output --partial "$what succeeded"
		kill -9 "$victim_pid" 2>/dev/null || true
		wait "$victim_pid" 2>/dev/null || true
	done
}

@test "mounting" {
	by_import layer mount 0 /
	killed
	# each alone, in namespaces of its own where everything else would let it
	by_itself layer mount $((everything & ~seccomp & ~32)) /proc --user --map-root-user --mount
	killed
	by_itself layer mount $((everything & ~capabilities)) /proc --user --map-root-user --mount
	assert_output --partial "mount refused: Operation not permitted"
	by_itself layer mount $((everything & ~landlock & ~32)) /proc --user --map-root-user --mount
	assert_output --partial "mount refused: Operation not permitted"
	by_itself layer mount $everything /proc --user --map-root-user --mount
	assert_output --partial "mount succeeded"
}

@test "executing a program, starting a process" {
	by_import layer execute 0 /bin/true
	killed
	by_import layer execute $((landlock | seccomp)) /bin/true
	assert_output --partial "execute refused: No such file"
	by_itself layer execute $((everything & ~landlock & ~32)) /bin/true
	assert_output --partial "execute refused: Permission denied"
	by_itself layer execute $((everything & ~seccomp & ~32)) /bin/true
	killed
	by_itself layer execute $everything /bin/true
	assert_output "status 0 "
	by_import stream fork 0 -
	killed
	by_itself layer fork $((everything & ~seccomp & ~32)) -
	killed
	by_itself layer fork $everything -
	assert_output --partial "fork succeeded"
}

@test "owning a file of the host" {
	chown 1000:1000 "$victim"
	by_import layer own 0 "$victim"
	refute_output --partial succeeded
	# the user namespace alone: its root is not the host's
	by_import layer own $everything "$victim"
	assert_output --partial "own refused: Operation not permitted"
	[[ $(stat -c %u "$victim") == 1000 ]]
	by_itself layer own $everything "$victim"
	assert_output --partial "own succeeded"
	[[ $(stat -c %u "$victim") == 0 ]]
}

@test "taking the memory" {
	if nm -D "$programs/bulkhead-unpack" 2>/dev/null | grep -q __asan; then
		by_import layer memory 0 100000000 # a sanitizer's shadow fits under no limit, but 95 TiB do not fit either
	else
		by_import layer memory 0 4096
		assert_output --partial "memory refused: Cannot allocate memory"
		by_itself layer memory $((everything & ~limits)) 4096
		assert_output --partial "memory refused: Cannot allocate memory"
		by_itself layer memory $everything 4096
		assert_output --partial "memory succeeded"
	fi
	refute_output --partial "memory refused: Success"
}

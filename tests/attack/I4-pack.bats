# What a container can do to who reads its files, for `export` and `commit`: swap paths while they are read, and take over
# bulkhead-pack (src/pack_hostile.c). Behind all walls it gains nothing; with one of them alone it gains nothing; without
# any it succeeds.
load ../lib/helpers

# enum confine_wall of src/base/confine.h
capabilities=16 landlock=64 seccomp=128
everything=255

setup() {
	engine_setup
	busybox_image
	mkdir -m 755 "$engine/outside"
	echo "precious $RANDOM$RANDOM" >"$engine/outside/file"
	precious=$(cat "$engine/outside/file")
}

# --- paths that are swapped -------------------------------------------------------------------------------------------

# A container that swaps a directory, a file and a FIFO with links to the host's, without end.
start_swapping() {
	local exchange
	exchange=$(compile "$BATS_TEST_DIRNAME/src/exchange.c")
	bulkhead run -d --name attacker --network none -v "$exchange:/exchange:ro" busybox /bin/sh -c "
		mkdir /dir /files && cd /files
		echo harmless >/dir/file; echo harmless >file; mkfifo fifo
		ln -s '$engine/outside' /link; ln -s '$engine/outside/file' link; ln -s '$engine/outside/file' other
		/exchange /dir /link /count1 & /exchange file link /count2 & exec /exchange fifo other /count3" >/dev/null
	upper=$engine/root/containers/$(bulkhead inspect --format '{{.Id}}' attacker)/diff
	for n in 1 2 3; do wait_for 10 test -s "$upper/count$n"; done
}

@test "export and commit of a container that swaps paths" {
	start_swapping
	local i first
	first=$(cat "$upper/count1")
	for ((i = 0; i < 30; i++)); do
		bulkhead export attacker >"$BATS_TEST_TMPDIR/archive"
		run grep -c precious "$BATS_TEST_TMPDIR/archive"
		assert_output 0
		tar -tf "$BATS_TEST_TMPDIR/archive" >/dev/null
	done
	for ((i = 0; i < 10; i++)); do
		bulkhead commit -p=false attacker "swapped:$i" >/dev/null
	done
	run grep -rl precious "$engine/root/blobs" "$engine/root/layers"
	refute_output
	(($(cat "$upper/count1") > first))
	# its care alone: no namespaces, no confinement, root, the directory where it lies on the host
	for ((i = 0; i < 30; i++)); do
		"$BULKHEAD_BUILD/tests/attack/pack_naked" diff "$upper" >"$BATS_TEST_TMPDIR/archive"
		run grep -c precious "$BATS_TEST_TMPDIR/archive"
		assert_output 0
	done
	# who looks first and opens by name then, reads the host's file
	for ((i = 0; i < 3000; i++)); do
		[[ -d $upper/dir && ! -L $upper/dir ]] || continue
		[[ $(<"$upper/dir/file") != "$precious" ]] || break
	done 2>/dev/null
	((i < 3000))
	bulkhead rm -f attacker >/dev/null
}

@test "what a layer can say is not what a container's files are called" {
	bulkhead run --name one --network none busybox /bin/sh -c 'touch /.wh.bin /etc/.wh.passwd /etc/.wh..wh..opq; echo x >/kept'
	bulkhead commit one made >/dev/null
	run bulkhead run --rm --network none made /bin/sh -c 'cat /kept; ls -a /etc | grep -c wh'
	assert_line x
	assert_line 0
	run bulkhead run --rm --network none made cat /etc/passwd
	assert_success
}

@test "overlayfs's own attributes go into no archive" {
	bulkhead run --name one --network none busybox /bin/sh -c 'mkdir /d; echo x >/d/x'
	upper=$engine/root/containers/$(bulkhead inspect --format '{{.Id}}' one)/diff
	python3 -c 'import os, sys
for name in ("impure", "unknown"): os.setxattr(sys.argv[1], "user.overlay." + name, b"y")
os.setxattr(sys.argv[1], "user.mine", b"kept")' "$upper/d/x"
	bulkhead export one >"$BATS_TEST_TMPDIR/archive"
	run grep -ac 'user.overlay' "$BATS_TEST_TMPDIR/archive"
	assert_output 0
	run grep -ac 'SCHILY.xattr.user.mine=kept' "$BATS_TEST_TMPDIR/archive"
	assert_output 1
	bulkhead commit one made >/dev/null
	run grep -rac "user.overlay" "$engine/root/blobs"
	refute_output --regexp ':[1-9]'
}

@test "capabilities of a user of a namespace inside do not become those of root" {
	bulkhead run --name one --network none busybox /bin/sh -c 'echo x >/inner; echo x >/outer'
	upper=$engine/root/containers/$(bulkhead inspect --format '{{.Id}}' one)/diff
	python3 -c 'import os, struct, sys
for name, root in ("inner", 1000), ("outer", 0):
    os.setxattr(sys.argv[1] + "/" + name, "security.capability", struct.pack("<6I", 0x03000001, 1 << 21, 0, 0, 0, root))' "$upper"
	bulkhead commit one made >/dev/null
	run getcap -r "$engine/root/layers"
	assert_line --partial "/outer cap_sys_admin=ep"
	refute_line --partial /inner
}

# --- a packer that was taken over -------------------------------------------------------------------------------------

taken_over() {
	programs=$BATS_FILE_TMPDIR/programs
	if [[ ! -d $programs ]]; then
		chmod 711 "$BATS_FILE_TMPDIR"
		mkdir "$programs"
		cp "$BULKHEAD_BUILD/src/bulkhead" "$programs/bulkhead"
		cp "$BULKHEAD_BUILD/src/bulkhead-unpack" "$programs/bulkhead-unpack"
		cp "$BULKHEAD_BUILD/tests/attack/pack_hostile" "$programs/bulkhead-pack"
	fi
	chmod 711 "$BATS_TEST_TMPDIR"
	bulkhead create --name one busybox true >/dev/null
	upper=$engine/root/containers/$(bulkhead inspect --format '{{.Id}}' one)/diff
	mkdir -p "$upper"
	chmod 666 "$engine/outside/file"
}

# By an export: its caller has made the namespaces, the helper puts up its walls but those in $1.
by_export() {
	printf 'ATTACK %d %s %s\n' "$1" "$2" "$3" >"$upper/attack"
	run --separate-stderr "$programs/bulkhead" --root "$engine/root" --state "$engine/state" export -o /dev/null one
	assert_failure 1
	output=$stderr
}

# With no namespaces but those of the options after the third argument (unshare(1)).
by_itself() {
	printf 'ATTACK %d %s %s\n' "$1" "$2" "$3" >"$upper/attack"
	shift 3
	run unshare "$@" -- "$programs/bulkhead-pack" tree 3>"$BATS_TEST_TMPDIR/report" 4<"$upper"
	output="status $status $(tr -cd '[:print:]' <"$BATS_TEST_TMPDIR/report")"
}

killed() {
	assert_output --regexp 'killed by signal 31|status 159'
}

@test "taken over: reading and writing files of the host, and the container's" {
	taken_over
	by_export 0 read "$engine/outside/file"
	killed # it may not even ask by openat(2)
	by_export "$seccomp" read "$engine/outside/file"
	assert_output --partial "read refused: No such file"
	# the empty root alone; Landlock alone; the filter alone
	by_export $((landlock | seccomp)) read "$engine/outside/file"
	assert_output --partial "read refused: No such file"
	by_itself $((everything & ~landlock & ~32)) read "$engine/outside/file"
	assert_output --partial "read refused: Permission denied"
	by_itself $((everything & ~seccomp & ~32)) read "$engine/outside/file"
	killed
	by_export $everything read "$engine/outside/file"
	assert_output --partial "read succeeded: precious"
	by_export $everything write "$engine/outside/file"
	assert_output --partial "write succeeded"
	echo "$precious" >"$engine/outside/file"
	# the files that it holds it cannot change: the mount is read-only, whatever else is gone
	printf 'ATTACK %d write /proc/self/fd/4/attack\n' "$everything" >"$upper/attack"
	by_export $everything write /proc/self/fd/4/attack
	assert_output --partial "write refused: Read-only file system"
	by_itself $everything write /proc/self/fd/4/attack
	assert_output --partial "write succeeded"
	[[ $(cat "$engine/outside/file") == "$precious" ]]
}

@test "taken over: mounting, executing, connecting, killing" {
	taken_over
	local what
	for what in "mount /" "execute /bin/true" "fork -" "connect 1" "trace 1"; do
		# shellcheck disable=SC2086 # two words
		by_export 0 $what
		killed
		# shellcheck disable=SC2086
		by_itself $((everything & ~seccomp & ~32)) $what
		killed
	done
	by_itself $((everything & ~capabilities)) mount /proc --user --map-root-user --mount
	assert_output --partial "mount refused: Operation not permitted"
	by_itself $everything mount /proc --user --map-root-user --mount
	assert_output --partial "mount succeeded"
	by_itself $everything fork -
	assert_output --partial "fork succeeded"
	sleep 60 3>&- &
	victim=$!
	by_export 0 kill "$victim"
	killed
	by_export $everything kill "$victim"
	assert_output --partial "kill refused: No such process"
	kill -0 "$victim"
	by_itself $everything kill "$victim"
	assert_output --partial "kill succeeded"
	wait "$victim" 2>/dev/null || true
}

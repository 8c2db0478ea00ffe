# Hostile archives. Each is refused or harmless behind all walls; with the unpacker's own care as the only wall (no
# namespaces, no confinement, root: src/unpack_naked.c) likewise; and does its harm where that care is missing, in the
# hands of GNU tar, which is told to believe names (-P) and to overwrite.
load ../lib/helpers

setup() {
	engine_setup
	layer=$BATS_TEST_TMPDIR/layer.tar
	# where the archive wants to write: anybody may, so that it is not ownership that stops it
	mkdir -m 777 "$BATS_TEST_TMPDIR/outside"
	chmod 711 "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR"
	victim=$BATS_TEST_TMPDIR/outside/victim
	echo precious >"$victim"
	chmod 666 "$victim"
}

hostile() {
	python3 "$tests_lib/archives.py" hostile "$1" "$layer" "$victim"
}

untouched() {
	[[ $(cat "$victim") == precious && $(stat -c '%a %h %U' "$victim") == '666 1 root' ]]
	[[ $(ls "$BATS_TEST_TMPDIR/outside") == victim ]]
}

nothing_left() {
	local left
	left=$(find "$engine/root"/{layers,blobs/sha256,tmp} -mindepth 1)
	[[ -z $left ]] || fail "left in the store: $left"
	run bulkhead images -q
	assert_output ''
}

# Behind all walls: refused with a line that holds $1, and nothing stays.
refused_by_default() {
	run bulkhead import "$layer" hostile:1
	assert_failure 1
	assert_output --partial "$1"
	[[ ${#lines[@]} == 1 ]]
	untouched
	nothing_left
}

# The unpacker alone, with all rights.
naked() {
	mkdir -p "$BATS_TEST_TMPDIR/naked"
	run "$BULKHEAD_BUILD/tests/attack/unpack_naked" "$BATS_TEST_TMPDIR/naked" < <(gzip -dcf "$layer")
}

refused_naked() {
	naked
	assert_failure 1
	assert_output --partial "$1"
	untouched
}

# Without the care: the same archive does what it wanted.
careless() {
	mkdir -p "$BATS_TEST_TMPDIR/careless"
	tar -C "$BATS_TEST_TMPDIR/careless" --overwrite -xPf "$layer" 2>/dev/null || true
}

attacked() {
	[[ $(cat "$victim") == attack ]]
}

@test "dot dot" {
	hostile dot-dot
	refused_by_default 'has ".." in it'
	refused_naked 'has ".." in it'
	careless
	attacked
}

@test "an absolute link out, and a file through it" {
	hostile absolute-link-out
	refused_by_default "No such file or directory"
	naked
	assert_failure
	untouched
	careless
	attacked
}

@test "a relative link out, and a file through it" {
	hostile relative-link-out
	run bulkhead import "$layer" hostile:1
	assert_failure 1
	untouched
	nothing_left
	naked
	assert_failure
	untouched
	careless
	attacked
}

@test "a hard link out, and writing to it" {
	hostile hard-link-out
	refused_by_default "which is not in the layer"
	refused_naked "which is not in the layer"
	careless
	attacked
}

@test "device nodes are recorded, not made" {
	hostile device
	run bulkhead import "$layer" hostile:1
	assert_success
	run find "$engine/root/layers" \( -type b -o -type c \)
	assert_output ''
	run cat "$engine/root/layers"/*/devices
	assert_line --partial '"path":"disk","type":"b","mode":438,"major":8'
	naked
	assert_success
	run find "$BATS_TEST_TMPDIR/naked" \( -type b -o -type c \)
	assert_output ''
	careless
	[[ -b $BATS_TEST_TMPDIR/careless/disk ]]
}

@test "a fifo, then a file of its name: nothing waits for a reader" {
	hostile fifo-then-write
	run timeout 20 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" import "$layer" hostile:1
	assert_success
	[[ $(cat "$engine/root/layers"/*/diff/x) == attack ]]
	naked
	assert_success
	[[ -f $BATS_TEST_TMPDIR/naked/x ]]
	# writing into the fifo instead of replacing it waits for ever
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	run timeout 1 cp "$tests_lib/archives.py" "$BATS_TEST_TMPDIR/fifo"
	assert_failure 124
}

# As GNU tar would not: every file is opened by its name, whatever is there.
more_careless() {
	python3 - "$layer" "$BATS_TEST_TMPDIR" <<-'PYTHON'
		import os, sys, tarfile
		os.chdir(sys.argv[2])
		with tarfile.open(sys.argv[1]) as tar:
		    for entry in tar:
		        if entry.issym():
		            os.unlink(entry.name)
		            os.symlink(entry.linkname, entry.name)
		        else:
		            open(entry.name, "wb").write(tar.extractfile(entry).read())
	PYTHON
}

@test "duplicate entries: the last wins, and none is written through" {
	hostile duplicate
	run bulkhead import "$layer" hostile:1
	assert_success
	[[ $(cat "$engine/root/layers"/*/diff/x) == attack && ! -L $(echo "$engine/root/layers"/*/diff/x) ]]
	untouched
	naked
	assert_success
	untouched
	more_careless
	attacked
}

@test "a file over a directory over a link" {
	hostile file-over-directory-over-link
	run bulkhead import "$layer" hostile:1
	assert_success
	[[ $(cat "$engine/root/layers"/*/diff/x) == file ]]
	untouched
	naked
	assert_success
	untouched
	mkdir "$BATS_TEST_TMPDIR/careless"
	tar -C "$BATS_TEST_TMPDIR/careless" --overwrite --keep-directory-symlink -xPf "$layer" 2>/dev/null || true
	attacked
}

@test "an xattr bomb" {
	hostile xattr-bomb
	refused_by_default "extended attributes"
	refused_naked "extended attributes"
	# the same number where nobody counts
	run python3 -c 'import tarfile, sys; print(len(tarfile.open(sys.argv[1]).next().pax_headers))' "$layer"
	assert_output 10000
}

@test "a deep path" {
	hostile deep-path
	refused_by_default "deeper than 256 directories"
	refused_naked "deeper than 256 directories"
	careless
	[[ $(find "$BATS_TEST_TMPDIR/careless" -mindepth 300 -name x | wc -l) == 1 ]]
}

@test "more entries than an image has" {
	hostile entry-count
	refused_by_default "more than 2000000 entries"
	refused_naked "more than 2000000 entries"
	run sh -c 'tar -tf "$1" | wc -l' sh "$layer"
	assert_output 2050000
}

@test "a giant header" {
	hostile huge-header
	refused_by_default "tar: "
	refused_naked "tar: "
	run python3 -c 'import tarfile, sys; print(len(tarfile.open(sys.argv[1]).next().pax_headers["comment"]))' "$layer"
	assert_output $((8 << 20))
}

@test "a megabyte that unpacks to ten gigabytes" {
	python3 - "$layer" <<-'PYTHON'
		import gzip, sys, tarfile
		info = tarfile.TarInfo("zeros")
		info.size = 1300 << 20
		with open(sys.argv[1], "wb") as out:
		    out.write(gzip.compress(info.tobuf()))
		    out.write(gzip.compress(bytes(1 << 20)) * 1300)
		    out.write(gzip.compress(bytes(2 * tarfile.BLOCKSIZE)))
	PYTHON
	(($(stat -c %s "$layer") < 2000000))
	refused_by_default "unpack to more than"
	run sh -c 'gzip -dc "$1" | wc -c' sh "$layer"
	((output > 1300 << 20))
}

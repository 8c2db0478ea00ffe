# bulkhead save, and load of what it wrote; history, image prune, system df.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image box:1
	tree=$BATS_TEST_TMPDIR/tree
}

# A second engine, to load into.
other() {
	"$BULKHEAD_BUILD/src/bulkhead" --root "$engine/other" --state "$engine/otherstate" "$@" 3>&-
}

begin_other() { mkdir -m 700 "$engine/other" "$engine/otherstate"; }

digests() { "$1" images --digests --no-trunc --format '{{.Repository}}:{{.Tag}} {{.Digest}} {{.ID}}' | sort; }

@test "what was saved is loaded with its names and digests, and saved again as the same bytes" {
	bulkhead run --name one --network none box:1 /bin/sh -c 'echo 1 >/one; rm -r /home'
	bulkhead commit one box:2 >/dev/null
	bulkhead tag box:2 example.org:5000/some/box:two
	bulkhead save -o "$BATS_TEST_TMPDIR/a.tar" box example.org:5000/some/box:two
	begin_other
	run other load -i "$BATS_TEST_TMPDIR/a.tar"
	assert_success
	assert_output "$(printf 'Loaded image: %s\n' box:1 box:2 example.org:5000/some/box:two)"
	other save -o "$BATS_TEST_TMPDIR/b.tar" box example.org:5000/some/box:two
	cmp "$BATS_TEST_TMPDIR/a.tar" "$BATS_TEST_TMPDIR/b.tar"
	# by another way: a pipe, one of the images, the OCI's format
	rm -rf "$engine/other" "$engine/otherstate"
	begin_other
	bulkhead save --format oci box:2 | other load -q
	[[ $(other images -q --no-trunc) == "$(bulkhead images -q --no-trunc box:2)" ]]
	other save -o "$BATS_TEST_TMPDIR/c.tar" box:2
	other rmi -f "$(other images -q)" >/dev/null
	other load -q -i "$BATS_TEST_TMPDIR/c.tar"
	before=$(digests other)
	other save box:2 | other load -q
	[[ $(digests other) == "$before" ]]
	run other run --rm --network none box:2 /bin/sh -c 'cat /one; ls /'
	assert_line 1
	refute_line home
}

@test "compressed layers stay as they came" {
	make_busybox_tree "$tree"
	for how in gzip zstd xz; do
		tar -C "$tree" --numeric-owner -c . | $how >"$BATS_TEST_TMPDIR/root"
		bulkhead import "$BATS_TEST_TMPDIR/root" "as:$how" >/dev/null
		rm -rf "$BATS_TEST_TMPDIR/out" && mkdir "$BATS_TEST_TMPDIR/out"
		# each as the only image that has these files, or another's blob would do
		bulkhead save -o "$BATS_TEST_TMPDIR/$how.tar" "as:$how"
		tar -C "$BATS_TEST_TMPDIR/out" -xf "$BATS_TEST_TMPDIR/$how.tar"
		layer=$BATS_TEST_TMPDIR/out/$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[0]["Layers"][0])' "$BATS_TEST_TMPDIR/out/manifest.json")
		[[ $(sha256sum <"$layer" | cut -d ' ' -f 1) == "$(basename "$layer")" ]]
		if [[ $how == xz ]]; then
			tar -tf "$layer" >/dev/null # nobody else reads xz: it goes out plain
		else
			cmp "$layer" "$BATS_TEST_TMPDIR/root"
		fi
		bulkhead rmi "as:$how" >/dev/null
		bulkhead load -q -i "$BATS_TEST_TMPDIR/$how.tar"
		bulkhead run --rm --network none "as:$how" true
		bulkhead rmi "as:$how" >/dev/null
	done
}

@test "save: bad input, and nothing left of it" {
	run bulkhead save -o "$BATS_TEST_TMPDIR/x" nosuch
	assert_failure 1
	assert_output --partial "no such image: nosuch"
	run bulkhead save --format zip -o "$BATS_TEST_TMPDIR/x" box:1
	assert_failure 1
	run bulkhead save --platform linux/s390x -o "$BATS_TEST_TMPDIR/x" box:1
	assert_failure 1
	assert_output --partial "not for linux/s390x"
	run script -qec "'$BULKHEAD_BUILD/src/bulkhead' --root '$engine/root' --state '$engine/state' save box:1" /dev/null
	assert_failure 1
	assert_output --partial "cowardly refusing to save to a terminal"
	run bulkhead save
	assert_failure 1
	[[ -z $(ls -A "$BATS_TEST_TMPDIR") ]]
	# by its id it has no name
	bulkhead save "$(bulkhead images -q box:1)" | tar -xO manifest.json | grep -F '"RepoTags":null'
	# a blob that is damaged does not go on
	blob=$(find "$engine/root/blobs/sha256" -type f -size +100k)
	printf x | dd of="$blob" bs=1 seek=5000 conv=notrunc status=none
	run bulkhead save -o "$BATS_TEST_TMPDIR/x" box:1
	assert_failure 1
	assert_output --partial "damaged on disk"
	[[ ! -e $BATS_TEST_TMPDIR/x ]]
}

@test "load: --platform" {
	bulkhead save -o "$BATS_TEST_TMPDIR/a.tar" box:1
	run bulkhead load --platform linux/s390x -i "$BATS_TEST_TMPDIR/a.tar"
	assert_failure 1
	run bulkhead load --platform "linux/$(bulkhead image inspect --format '{{.Architecture}}' box:1)" -i "$BATS_TEST_TMPDIR/a.tar"
	assert_success
}

@test "history" {
	bulkhead run --name one --network none box:1 /bin/sh -c 'echo 12345 >/one'
	bulkhead commit -m "a comment" one box:2 >/dev/null
	bulkhead commit -c 'ENV A=b' "$(bulkhead create box:2 true)" box:3 >/dev/null
	run bulkhead history --format '{{.ID}}|{{.CreatedBy}}|{{.Size}}|{{.Comment}}' box:3
	assert_success
	assert_line --index 0 --regexp '^[0-9a-f]{12}\|true\|0B\|$'
	assert_line --index 1 '<missing>|/bin/sh -c echo 12345 >/one|6B|a comment'
	assert_line --index 2 --regexp '^<missing>\|\|[0-9.]+MB\|Imported from -$'
	run bulkhead history box:3
	assert_line --index 0 --regexp '^IMAGE +CREATED +CREATED BY +SIZE +COMMENT$'
	run bulkhead history -H=false -q --no-trunc box:3
	assert_line --index 0 --regexp '^sha256:[0-9a-f]{64}$'
	run bulkhead history nosuch
	assert_failure 1
}

@test "image prune: what goes, what stays, the question" {
	bulkhead run --name one --network none box:1 /bin/sh -c 'echo 1 >/one'
	dangling=$(bulkhead commit one)
	bulkhead commit -c 'LABEL keep=yes' one tagged:1 >/dev/null
	run bulkhead image prune <<<n
	assert_failure 1
	assert_output --partial "WARNING! This will remove all dangling images."
	assert_output --partial "Are you sure you want to continue? [y/N] "
	run bulkhead image prune -f --filter until=2001-01-01
	assert_output "Total reclaimed space: 0B"
	run bulkhead image prune <<<y
	assert_success
	assert_line "deleted: $dangling"
	assert_line --regexp '^Total reclaimed space: '
	run bulkhead image prune -af --filter label!=keep
	assert_output "Total reclaimed space: 0B"
	run bulkhead image prune -af
	assert_line "untagged: tagged:1"
	assert_line --regexp '^Total reclaimed space: [0-9.]+[kM]?B$'
	# the container's own image stays
	[[ $(bulkhead images --format '{{.Repository}}:{{.Tag}}') == box:1 ]]
	bulkhead rm one >/dev/null
	bulkhead image prune -af >/dev/null
	[[ -z $(bulkhead images -q) ]]
	[[ -z $(ls -A "$engine/root/layers")$(ls -A "$engine/root/blobs/sha256") ]]
	run bulkhead image prune -f --filter nosuch=1
	assert_failure
}

@test "system df" {
	bulkhead run --name one --network none -v data:/data box:1 /bin/sh -c 'head -c 100000 /dev/zero >/one; head -c 200000 /dev/zero >/data/x'
	busybox_image other:1 -c 'ENV A=b'
	run bulkhead system df --format '{{.Type}}|{{.TotalCount}}|{{.Active}}|{{.Size}}|{{.Reclaimable}}'
	assert_success
	assert_line --index 0 --regexp '^Images\|2\|1\|[0-9.]+MB\|[0-9.]+MB \([0-9]+%\)$'
	assert_line --index 1 'Containers|1|0|100kB|100kB (100%)'
	assert_line --index 2 'Local Volumes|1|1|200kB|0B (0%)'
	assert_line --index 3 'Build Cache|0|0|0B|0B'
	run bulkhead system df
	assert_line --index 0 --regexp '^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE$'
	run bulkhead system df -v
	assert_line --regexp '^box +1 +[0-9a-f]{12} .* 1$'
	assert_line --regexp '^data +1 +200kB$'
	assert_line "Build cache usage: 0B"
}

@test "names and comments cannot speak to a terminal" {
	bulkhead run --name one --network none box:1 true
	bulkhead commit -m $'evil \033[31m\033]0;title\007' one evil:1 >/dev/null
	run script -qec "'$BULKHEAD_BUILD/src/bulkhead' --root '$engine/root' --state '$engine/state' history evil:1" /dev/null
	assert_output --partial 'evil ?[31m'
	refute_output --partial $'\033'
	# whoever reads a pipe gets what it is
	run bulkhead history evil:1
	assert_output --partial $'\033[31m'
}

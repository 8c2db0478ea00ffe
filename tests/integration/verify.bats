# bulkhead image verify: one byte of a file, of a blob; what else can differ; healing.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image box:1
	bulkhead run --name one --network none box:1 /bin/sh -c 'cd /root; echo content >file; ln file hard
		ln -s file link; mkdir dir; echo x >dir/x; truncate -s 100M sparse; echo end >>sparse; mkfifo fifo; rm -r /home'
	bulkhead commit one box:2 >/dev/null
	bulkhead rm one >/dev/null
	# the directory of the upper layer
	top=$(dirname "$(find "$engine/root/layers" -path '*/diff/root/file')")
}

# Every command sweeps what killed ones have left.
swept() {
	bulkhead images >/dev/null
	[[ -z $(ls -A "$engine/root/tmp") ]]
}

verify() { bulkhead image verify "$@"; }

@test "an undamaged store" {
	run verify
	assert_success
	assert_output "2 images, 2 layers, 4 blobs: 0 damaged"
	run verify -q
	assert_success
	assert_output ""
	run verify box:1
	assert_output "1 images, 1 layers, 2 blobs: 0 damaged"
	run verify nosuch
	assert_failure 1
	assert_output --partial "no such image"
	[[ -z $(ls -A "$engine/root/tmp") ]]
}

@test "one byte of a file; healed" {
	printf X | dd of="$top/file" bs=1 conv=notrunc status=none
	run verify
	assert_failure 1
	assert_line --regexp '^layer [0-9a-f]{12}: root/file: other bytes$'
	assert_line "2 images, 2 layers, 4 blobs: 1 damaged"
	[[ $(cat "$top/file") == Xontent ]]
	run verify box:1
	assert_success
	run verify --fix
	assert_success
	assert_line "  healed"
	assert_line --partial "1 damaged, all healed"
	run verify
	assert_success
	run bulkhead run --rm --network none box:2 cat /root/file /root/dir/x
	assert_output "$(printf '%s\n' content x)"
	[[ -z $(ls -A "$engine/root/tmp") ]]
}

@test "everything else that can differ" {
	time=$(stat -c %y "$top/dir/x")
	check() {
		run verify
		assert_failure 1
		assert_line --partial "$1"
		verify --fix >/dev/null
		run verify
		assert_success
	}
	chmod 4755 "$top/file" && check "root/file: another mode"
	chown 5:5 "$top/link" -h && check "root/link: another owner"
	touch -d 2001-01-01 "$top/dir/x" && check "root/dir/x: another time"
	touch -d 2001-01-01 "$top/dir" && check "root/dir: another time"
	[[ $(stat -c %y "$top/dir/x") == "$time" ]]
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.a", b"b")' "$top/file" && check "root/file: other attributes"
	setcap cap_net_raw+ep "$top/file" && check "root/file: other attributes"
	ln -sfn elsewhere "$top/link" && check "root/link: leads elsewhere"
	echo y >"$top/more" && check "root/more: is too much"
	rm "$top/dir/x" && check "root/dir/x: is missing"
	rm "$top/hard" && echo content >"$top/hard" && check "root/hard: other hard links"
	rm "$top/fifo" && touch "$top/fifo" && check "root/fifo: another kind of file"
	truncate -s 200M "$top/sparse" && check "root/sparse: another size"
	printf z | dd of="$top/sparse" bs=1 seek=50M conv=notrunc status=none && check "root/sparse: other bytes"
	rm "$top/../home" && check "home: is missing"
	rm -rf "${top%/root}" && check ": .: is missing"
}

@test "one byte of a blob" {
	blob=$(find "$engine/root/blobs/sha256" -type f -size +100k)
	printf X | dd of="$blob" bs=1 seek=5000 conv=notrunc status=none
	run verify --fix
	assert_failure 1
	assert_line "blob sha256:$(basename "$blob"): other bytes"
	assert_line "  remove the image and pull or load it again"
	# a configuration has a second copy
	id=$(bulkhead images -q --no-trunc box:2)
	printf X | dd of="$engine/root/blobs/sha256/${id#sha256:}" bs=1 conv=notrunc status=none
	run verify box:2
	assert_failure 1
	assert_line "config $id: other bytes"
	run verify --fix box:2
	assert_line "  healed"
	[[ $(sha256sum <"$engine/root/blobs/sha256/${id#sha256:}" | cut -d ' ' -f 1) == "${id#sha256:}" ]]
	rm "$blob"
	run verify
	assert_failure 1
	assert_line --partial "No such file"
}

@test "what a running container uses is not exchanged" {
	bulkhead run -d --name two --network none box:2 sleep 60 >/dev/null
	printf X | dd of="$top/file" bs=1 conv=notrunc status=none
	run verify --fix
	assert_failure 1
	assert_line "  not healed: a running container uses it"
	bulkhead rm -f two >/dev/null
	run verify --fix
	assert_success
}

@test "killed at any moment, it leaves the store as it was or healed" {
	for i in 1 2 3 4 5 6 7 8; do
		printf "%d" "$i" | dd of="$top/file" bs=1 conv=notrunc status=none
		"$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" image verify --fix >/dev/null 3>&- &
		pid=$!
		sleep "0.0$i"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		run bulkhead run --rm --network none box:2 cat /root/file
		assert_output --regexp '^(content|.ontent)$'
	done
	verify --fix >/dev/null
	run verify
	assert_success
	# a process of a killed one may still wait for the disk
	wait_for 30 swept
	(($(ls "$engine/root/layers" | wc -l) == 2))
}

@test "a container that is started meanwhile never sees an exchange" {
	# a loop of exchanges beside a loop of starts, each of which reads a file of the layer twice
	for i in 1 2 3 4 5 6 7 8 9 10; do
		printf "%d" "$((i % 10))" | dd of="$top/file" bs=1 conv=notrunc status=none || true
		bulkhead image verify --fix >/dev/null || true
	done &
	loop=$!
	for i in 1 2 3 4 5 6 7 8 9 10; do
		run bulkhead run --rm --network none box:2 /bin/sh -c 'cat /root/file /root/dir/x; sleep 0.1; cat /root/file /root/dir/x && ls /root | wc -l'
		assert_success
		assert_line --index 4 6
	done
	wait "$loop"
	verify --fix >/dev/null
	verify
}

# bulkhead export, commit: what is made of a container's files.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

# A container that has changed this and that: $1 its name, the rest options.
changed_container() {
	local name=$1
	shift
	bulkhead run --name "$name" --network none "$@" busybox /bin/sh -c '
		set -e
		mkdir -p /srv && cd /srv
		echo content >file
		ln file hard
		ln -s /etc/passwd link
		mkfifo fifo
		truncate -s 50M sparse
		echo end >>sparse
		mkdir -p deep/$(printf %0120d 1)
		echo x >deep/$(printf %0120d 1)/$(printf %0200d 2)
		chown 123:65535 file
		chmod 4751 file
		touch -d "2001-02-03 04:05:06" file
		rm /etc/group
		rm -r /home && mkdir /home
		echo new >/home/new'
}

show='cd /srv && stat -c "%n %a %u:%g %s %Y %h" file hard fifo sparse && readlink link && find deep -type f | wc -c && ls /home && test ! -e /etc/group && du -k sparse | cut -f 1'
shown='file 4751 123:65535 8 981173106 2
hard 4751 123:65535 8 981173106 2
fifo 644 0:0 0'

assert_shown() {
	run bulkhead run --rm --network none "$1" /bin/sh -c "$show"
	assert_success
	assert_output --partial "$shown"
	assert_output --partial "$(printf '%s\n' /etc/passwd 327 new)"
	((${lines[-1]} <= 64))
}

@test "export and import again: modes, owners, times, links, holes, what was removed" {
	changed_container one
	bulkhead export -o "$BATS_TEST_TMPDIR/c.tar" one
	run tar -tf "$BATS_TEST_TMPDIR/c.tar"
	assert_success
	assert_line bin/busybox
	refute_line --partial .wh.
	bulkhead import "$BATS_TEST_TMPDIR/c.tar" again
	assert_shown again
	# the same files, the same bytes
	bulkhead export one | cmp - "$BATS_TEST_TMPDIR/c.tar"
	# of a container that never ran, the image's
	bulkhead create --name fresh busybox true
	bulkhead export fresh | tar -t | grep -x home/user/
	[[ $(stat -c %a "$BATS_TEST_TMPDIR/c.tar") == 600 ]]
}

@test "export of a running container leaves out its mounts" {
	mkdir "$engine/bound"
	echo secret >"$engine/bound/secret"
	bulkhead run -d --name one --network none -v "$engine/bound:/mnt/bound" -v volume:/mnt/volume --tmpfs /mnt/tmp busybox /bin/sh -c \
		'echo a >/mnt/volume/a; echo b >/mnt/tmp/b; echo c >/c; while :; do sleep 1; done' >/dev/null
	wait_for 10 bulkhead exec one test -e /c
	bulkhead export one >"$BATS_TEST_TMPDIR/archive"
	run tar -tf "$BATS_TEST_TMPDIR/archive"
	assert_line c
	assert_line mnt/bound/
	assert_line mnt/volume/
	refute_line --partial mnt/bound/secret
	refute_line --partial mnt/volume/a
	refute_line --partial mnt/tmp/b
	refute_line --regexp '^proc/.'
	bulkhead rm -f -v one >/dev/null
}

@test "a terminal, a directory, a missing container; nothing is left of a failure" {
	bulkhead create --name one busybox true
	run script -qec "'$BULKHEAD_BUILD/src/bulkhead' --root '$engine/root' --state '$engine/state' export one" /dev/null
	assert_failure 1
	assert_output --partial "cowardly refusing to save to a terminal. Use the -o flag or redirect"
	run bulkhead export -o "$BATS_TEST_TMPDIR" one
	assert_failure 1
	assert_output --partial "is a directory"
	run bulkhead export -o "$BATS_TEST_TMPDIR/x/y" one
	assert_failure 1
	run bulkhead export -o "$BATS_TEST_TMPDIR/none" nosuch
	assert_failure 1
	assert_output --partial "no such container: nosuch"
	[[ -z $(ls -A "$BATS_TEST_TMPDIR") ]]
	echo old >"$BATS_TEST_TMPDIR/file"
	run bulkhead export -o "$BATS_TEST_TMPDIR/file" nosuch
	[[ $(cat "$BATS_TEST_TMPDIR/file") == old ]]
	bulkhead export -o /dev/null one
	[[ -c /dev/null ]]
}

@test "commit: one more layer, the container's configuration, history" {
	changed_container one -e A=b -w /srv -l key=value --user 0
	run bulkhead commit -a "me <a@b>" -m "a message" -c 'CMD ["/bin/echo", "hi"]' -c 'ENV C=d' one made:1
	assert_success
	assert_output --regexp '^sha256:[0-9a-f]{64}$'
	assert_shown made:1
	run bulkhead image inspect --format '{{json .Config.Env}} {{json .Config.Cmd}} {{.Config.WorkingDir}} {{json .Config.Labels}} {{.Author}} {{.Comment}} {{len .RootFS.Layers}} {{json .RepoTags}}' made:1
	assert_output '["A=b","PATH=/bin:/usr/bin","C=d"] ["/bin/echo","hi"] /srv {"key":"value"} me <a@b> a message 2 ["made:1"]'
	run bulkhead run --rm --network none made:1
	assert_output hi
	# without a name, and again on top of it
	id=$(bulkhead commit one)
	run bulkhead images -f dangling=true --no-trunc -q
	assert_output "$id"
	bulkhead run --name two --network none made:1 /bin/sh -c 'rm /srv/file; echo more >/more'
	bulkhead commit two made:2 >/dev/null
	run bulkhead run --rm --network none made:2 /bin/sh -c 'ls /srv; cat /more'
	refute_line file
	assert_line hard
	assert_line more
}

@test "commit of a container that changed nothing has no new layer" {
	bulkhead create --name one busybox true
	bulkhead commit one same >/dev/null
	run bulkhead image inspect --format '{{len .RootFS.Layers}}' same
	assert_output 1
	bulkhead run --rm --network none same true
}

@test "commit pauses and lets go on, even when it is killed" {
	bulkhead run -d --name one --network none busybox /bin/sh -c \
		'i=0; while :; do i=$((i+1)); echo $i >/a; echo $i >/b; done' >/dev/null
	wait_for 10 bulkhead exec one test -s /b
	for i in 1 2 3 4 5; do
		bulkhead commit one "paused:$i" >/dev/null
		# both files were written by one round of the loop, or the next was between them
		run bulkhead run --rm --network none "paused:$i" /bin/sh -c 'a=$(cat /a); b=$(cat /b); echo "$a - $b"; test "${a:-0}" -eq "${b:-0}" || test -z "$a" -o -z "$b" || test "$a" -eq $((b+1))'
		assert_success
	done
	for i in 1 2 3 4 5 6; do
		bulkhead commit one killed &
		pid=$!
		sleep "0.0$i"
		pkill -9 -P "$pid" 2>/dev/null || true
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	before=$(bulkhead exec one cat /b)
	# a look between the shell's truncating and its writing sees nothing: so more than one
	wait_for 10 goes_on "$before"
	bulkhead rm -f one >/dev/null
	bulkhead images >/dev/null
	[[ -z $(ls -A "$engine/root/tmp") ]]
}

goes_on() {
	[[ $(bulkhead exec one cat /b) != "$1" ]]
}

@test "commit: bad input" {
	bulkhead create --name one busybox true
	run bulkhead commit one UPPER
	assert_failure 1
	assert_output --partial "invalid reference format"
	run bulkhead commit -c 'RUN x' one
	assert_failure 1
	run bulkhead commit nosuch
	assert_failure 1
	assert_output --partial "no such container"
	run bulkhead commit
	assert_failure 1
	run bulkhead commit --nosuch c
	assert_failure 125
}

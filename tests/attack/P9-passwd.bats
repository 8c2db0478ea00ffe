# A hostile /etc/passwd and /etc/group: what they say is never more than one of the container's own 65,536 ids, and
# reading them neither hangs nor leads to a file of the host.
load ../lib/helpers
load images

setup() {
	engine_setup
	make_host_dir
}

lies() {
	cat >"$tree/etc/passwd" <<-'TEXT'
		root:x:4294967295:0::/:/bin/sh
		huge:x:70000:70000::/:/bin/sh
		minus:x:-1:-1::/:/bin/sh
		range:x:1879048192:0::/:/bin/sh
		wrap:x:4294967296:4294967296::/:/bin/sh
		hex:x:0x0:0x0::/:/bin/sh
		none
		::::::
		early:x:7:8::/:/bin/sh
		early:x:0:0::/:/bin/sh
		home:x:9:9::/proc/self/fd/0/../../x:/bin/sh
	TEXT
	printf 'evil:x:99999999999999999999:early\nwheel:x:10:early\nearly:x:4294967295:\n' >"$tree/etc/group"
}

@test "ids beyond the container's" {
	local name
	hostile_image lies lies
	for name in huge minus range wrap hex 70000 -1 4294967295 4294967296 0x0 huge:0 0:huge early:early; do
		run bulkhead run --rm -u "$name" lies id
		assert_failure 125
		refute_output --partial 'uid='
	done
	# the entry that cannot be is no entry
	run bulkhead run --rm -u root lies id
	assert_failure 125
	# the first one counts
	run bulkhead run --rm -u early lies grep -E '^(Uid|Groups):' /proc/self/status
	assert_output --regexp $'Uid:\t7\t7\t7\t7\nGroups:\t(8 )?10 '
	run bulkhead run --rm -u home lies sh -c 'echo $HOME'
	assert_success
	# without a user it is root of the container whatever the file says
	run bulkhead run --rm lies grep ^Uid: /proc/self/status
	assert_output $'Uid:\t0\t0\t0\t0'
}

to_fifo() { rm "$tree/etc/passwd" && mkfifo "$tree/etc/passwd"; }
to_zero() { ln -sf /dev/zero "$tree/etc/passwd"; }
to_host() { ln -sf "$host/secret" "$tree/etc/passwd"; }
to_dir() { rm "$tree/etc/passwd" && mkdir "$tree/etc/passwd"; }
to_loop() { ln -sf passwd "$tree/etc/passwd"; }

@test "what is no file of users" {
	local change
	echo 'secret:x:7:7::/:/bin/sh' >"$host/secret"
	for change in to_fifo to_zero to_host to_dir to_loop; do
		hostile_image "$change" "$change"
		run timeout 20 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" run --rm \
			-u secret "$change" true 3>&-
		assert_failure 125
		assert_output --partial 'unable to find user secret'
		run bulkhead run --rm -u 5 "$change" grep ^Uid: /proc/self/status
		assert_output $'Uid:\t5\t5\t5\t5'
	done
	# natively the link is followed
	[[ $(cat "$BATS_TEST_TMPDIR/tree.to_host/etc/passwd") == secret:* ]]
}

much() { awk 'BEGIN { for (i = 0; i < 60000; i++) print "u" i ":x:1:1::/:/bin/sh" }' >"$tree/etc/passwd"; }

@test "a file that is too large" {
	hostile_image much much
	run bulkhead run --rm -u u59999 much true
	assert_failure 125
	assert_output --partial 'unable to find user'
}

# Bad input gives one clear line that names the thing and the reason, the right status, and leaves nothing behind.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

# $1 status, $2 the words on standard error, then the arguments. One line, or two where usage is pointed at.
refuses() {
	local expected=$1 words=$2
	shift 2
	run "-$expected" --separate-stderr bulkhead "$@"
	assert_output ''
	[[ $stderr == *"$words"* ]] || fail "expected: $words"$'\n'"got: $stderr"
	((${#stderr_lines[@]} <= 2))
	[[ ${stderr_lines[0]} == "bulkhead: "* ]]
}

nothing_was_made() {
	run bulkhead ps -aq
	assert_output ''
}

@test "options and commands" {
	refuses 125 'unknown flag: --foo' run --foo busybox true
	refuses 125 'unknown shorthand flag' run -Z busybox true
	refuses 1 "'nocmd' is not a bulkhead command" nocmd
	nothing_was_made
}

@test "values of options" {
	refuses 125 '"FOO" is not a capability' run --cap-add FOO busybox true
	refuses 125 'invalid signal: "SIGFOO"' run --stop-signal SIGFOO busybox true
	refuses 125 'invalid ulimit type: foo' run --ulimit foo=1 busybox true
	refuses 125 "invalid size: '5x'" run -m 5x busybox true
	refuses 125 'minimum' run -m 1m busybox true
	refuses 125 'must be absolute' run -v /tmp:relative busybox true
	refuses 125 'only none and host' run --network nowhere busybox true
	refuses 125 'invalid --security-opt: "x": expected no-new-privileges or NAME=VALUE' \
		run --security-opt x busybox true
	refuses 125 'invalid --security-opt: "x=y": there are no-new-privileges, seccomp' \
		run --security-opt x=y busybox true
	refuses 125 'hostname' run -h 'a b' busybox true
	nothing_was_made
}

@test "an env file line" {
	printf 'GOOD=1\nA B=1\n' >"$BATS_TEST_TMPDIR/env"
	refuses 125 'variable "A B" contains whitespaces' run --env-file "$BATS_TEST_TMPDIR/env" busybox true
	nothing_was_made
}

@test "names of containers" {
	bulkhead create --name one busybox true
	refuses 1 'the container name "/one" is already in use by container' create --name one busybox true
	refuses 1 'invalid container name ("a/b")' create --name a/b busybox true
	refuses 1 'no such container: two' start two
	run bulkhead ps -aq
	((${#lines[@]} == 1))
}

@test "programs" {
	refuses 127 'exec: "nosuch": executable file not found in $PATH' run --rm busybox nosuch
	refuses 127 'exec: "/no/such"' run --rm busybox /no/such
	refuses 126 'exec: "/etc": Is a directory' run --rm busybox /etc
	refuses 126 'exec: "/etc/passwd": Permission denied' run --rm busybox /etc/passwd
	printf 'not a program' >"$BATS_TEST_TMPDIR/text"
	chmod +x "$BATS_TEST_TMPDIR/text"
	refuses 126 'Exec format error' run --rm -v "$BATS_TEST_TMPDIR/text:/text:ro" busybox /text
	refuses 125 'unable to find user nobody-here' run --rm -u nobody-here busybox true
	nothing_was_made
}

@test "sources of mounts" {
	refuses 125 'bind source path does not exist: /no/such' run --rm --mount type=bind,source=/no/such,target=/x busybox true
	for path in / /etc /usr /bin /boot /dev /proc /sys /run /var /root; do
		refuses 125 'gives the host away' run --rm -v "$path:/host" busybox true
	done
	refuses 125 "this engine's own state" run --rm -v "$engine/root:/host" busybox true
	refuses 125 "this engine's own state" run --rm -v "$engine:/host" busybox true
	refuses 125 '/etc: the mount'"'"'s source is a file, the container has a directory there' \
		run --rm -v "$BATS_TEST_FILENAME:/etc" busybox true
	refuses 125 '/etc/passwd: the mount'"'"'s source is a directory, the container has a file there' \
		run --rm -v "$BATS_TEST_TMPDIR:/etc/passwd" busybox true
	ln -s /etc "$BATS_TEST_TMPDIR/link"
	refuses 125 'gives the host away' run --rm -v "$BATS_TEST_TMPDIR/link:/host" busybox true
	nothing_was_made
}

@test "images and archives" {
	refuses 125 'no such image: nothing' run --pull never --rm nothing true
	refuses 125 'invalid reference format' run --rm 'UPPER case' true
	head -c 3000 /dev/urandom >"$BATS_TEST_TMPDIR/noise"
	refuses 1 'Unrecognized archive format' load -i "$BATS_TEST_TMPDIR/noise"
	refuses 1 'No such file or directory' load -i /no/such
	tar -C / -cf "$BATS_TEST_TMPDIR/whole" "$(command -v busybox | cut -c2-)"
	head -c 100000 "$BATS_TEST_TMPDIR/whole" >"$BATS_TEST_TMPDIR/cut"
	refuses 1 'Truncated tar archive' import "$BATS_TEST_TMPDIR/cut" cut
	run bulkhead images -q
	((${#lines[@]} == 1))
}

@test "what this kernel does not have, asked for by name" {
	[[ -e /sys/kernel/security/apparmor ]] || refuses 125 'this kernel has no AppArmor' run --rm --security-opt apparmor=x busybox true
	[[ -e /sys/fs/selinux/enforce ]] || refuses 125 'does not run SELinux' run --rm --security-opt label=type:x busybox true
	nothing_was_made
}

@test "another user" {
	run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$BULKHEAD_BUILD/src/bulkhead" \
		--root "$engine/root" --state "$engine/state" ps
	assert_failure 1
	[[ $stderr == *'Permission denied'* ]]
}

@test "a full disk under the engine" {
	mkdir "$engine/small"
	mount -t tmpfs -o size=2m,mode=700 small "$engine/small"
	run --separate-stderr "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/small" --state "$engine/state" import - big < <(
		tar -C / -cf - "$(command -v busybox | cut -c2-)" "$(readlink -f "$(command -v bash)" | cut -c2-)"
	)
	umount "$engine/small"
	rmdir "$engine/small"
	assert_failure 1
	[[ $stderr == *'No space left on device'* ]]
}

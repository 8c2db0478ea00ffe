# A setuid-root program and one with a file capability in an image (P4): its root is mounted nosuid and no_new_privs is
# set. One flag turns both off, so each is shown alone where the other does not reach: a volume, and natively.
load ../lib/helpers
load images

setup() {
	engine_setup
	whoami=$(compile "$BATS_TEST_DIRNAME/src/whoami.c")
	hostile_image privileged plant
}

plant() {
	install -m 4755 "$whoami" "$tree/bin/as-root"
	install -m 755 "$whoami" "$tree/bin/with-capability"
	setcap cap_net_bind_service+ep "$tree/bin/with-capability"
}

attack() {
	run --separate-stderr bulkhead run --rm -u 1000 "$@"
}

@test "a setuid-root program" {
	attack privileged as-root
	assert_output 'uid 1000 caps '
	# more capabilities in the container, no filter: no difference
	attack --cap-add ALL --security-opt seccomp=unconfined --security-opt landlock=unconfined privileged as-root
	[[ $output == 'uid 1000 '* ]]
	attack --security-opt no-new-privileges=false privileged as-root
	[[ $output == 'uid 0 '* ]]
}

@test "a program with a file capability" {
	attack privileged with-capability
	assert_output 'uid 1000 caps '
	attack --security-opt no-new-privileges=false privileged with-capability
	assert_output 'uid 1000 caps 400'
}

# no_new_privs alone: natively, where nothing is mounted nosuid, with and without it. A bind that is not asked to be suid
# is nosuid, the only wall there when no_new_privs is off.
@test "each wall alone" {
	install -m 4755 "$whoami" "$BATS_TEST_TMPDIR/as-root"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"
	run setpriv --reuid=1000 --clear-groups --no-new-privs "$BATS_TEST_TMPDIR/as-root"
	[[ $output == 'uid 1000 '* ]]
	run setpriv --reuid=1000 --clear-groups "$BATS_TEST_TMPDIR/as-root"
	[[ $output == 'uid 0 '* ]]
	attack --security-opt no-new-privileges=false --userns=host -v "$BATS_TEST_TMPDIR:/bind" privileged /bind/as-root
	[[ $output == 'uid 1000 '* ]]
}

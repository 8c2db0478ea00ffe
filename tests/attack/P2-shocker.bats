# shocker (2014): a file of the host by its inode number, through any mount of the same file system that a container has.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
	shocker=$(compile "$BATS_TEST_DIRNAME/src/shocker.c")
	# beside the program that is bound into the container: the same file system
	secret=$BATS_TEST_TMPDIR/secret
	echo "the host's own" >"$secret"
}

attack() {
	run --separate-stderr bulkhead run --rm -v "$shocker:/shocker:ro" "$@" busybox \
		/shocker /shocker "$(stat -c %i "$secret")"
}

refused() {
	assert_failure 1
	assert_output "open_by_handle_at: Operation not permitted"
}

walls=(--security-opt landlock=unconfined --security-opt no-new-privileges=false)

@test "open_by_handle_at" {
	[[ $(stat -f -c %T "$secret") == ext2/ext3 ]]
	attack
	refused
	# the filter alone: root with every capability but the one that would open the call
	attack "${walls[@]}" --userns=host --cap-add ALL --cap-drop DAC_READ_SEARCH
	refused
	# the capability alone
	attack "${walls[@]}" --userns=host --security-opt seccomp=unconfined
	refused
	# the user namespace alone: the capability is worth nothing outside of it
	attack "${walls[@]}" --cap-add DAC_READ_SEARCH
	refused
	attack "${walls[@]}" --userns=host --cap-add DAC_READ_SEARCH
	assert_success
	assert_output "open_by_handle_at: succeeded: the host's own"
}

# Keys of the host and of a sibling (P2). The filter refuses all of keyctl (P5-calls.bats); here it is off.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
	keyring=$(compile "$BATS_TEST_DIRNAME/src/keyring.c")
	key=bulkhead-attack-$$-$BATS_TEST_NUMBER
}

teardown() {
	while "$keyring" drop "$key" >/dev/null; do :; done
	engine_teardown
}

attack() {
	run --separate-stderr bulkhead run --rm -v "$keyring:/keyring:ro" "$@"
}

refused() {
	assert_failure 1
	assert_output "$1"
}

no_filter=(--security-opt seccomp=unconfined --security-opt landlock=unconfined --security-opt no-new-privileges=false
	--cap-add ALL)

# Root's keyring is the same everywhere but in another user namespace.
@test "the host root's keyring" {
	"$keyring" add user "$key" of-the-host
	attack busybox /keyring find user "$key"
	refused 'find: EPERM'
	# the filter alone
	attack --userns=host --cap-add ALL --security-opt landlock=unconfined busybox /keyring find user "$key"
	refused 'find: EPERM'
	# the user namespace alone
	attack "${no_filter[@]}" busybox /keyring find user "$key"
	refused 'find: ENOKEY'
	attack "${no_filter[@]}" --userns=host busybox /keyring find user "$key"
	assert_success
	assert_output 'succeeded: of-the-host'
}

# No flag gives a container its caller's session keyring: natively the same program, started the same way, has it.
@test "the caller's session keyring" {
	export -f bulkhead
	export engine BULKHEAD_BUILD keyring key
	run --separate-stderr "$keyring" join bash -c '
		"$keyring" add session "$key" of-the-caller >&2
		bulkhead run --rm -v "$keyring:/keyring:ro" --userns=host --cap-add ALL --security-opt seccomp=unconfined \
			--security-opt landlock=unconfined --security-opt no-new-privileges=false busybox /keyring find session "$key"
		"$keyring" find session "$key"'
	assert_success
	assert_output $'find: ENOKEY\nsucceeded: of-the-caller'
}

@test "the session keyring of who executes something in a container" {
	export -f bulkhead
	export engine BULKHEAD_BUILD keyring key
	bulkhead run -d --name open -v "$keyring:/keyring:ro" --userns=host "${no_filter[@]}" busybox sleep 1000
	run --separate-stderr "$keyring" join bash -c '
		"$keyring" add session "$key" of-the-caller >&2
		bulkhead exec open /keyring find session "$key"
		"$keyring" find session "$key"'
	assert_success
	assert_output $'find: ENOKEY\nsucceeded: of-the-caller'
}

@test "a sibling's key by its number" {
	local number
	bulkhead run -d --name sibling -v "$keyring:/keyring:ro" "${no_filter[@]}" busybox \
		sh -c "/keyring add user $key of-the-sibling; exec sleep 1000"
	wait_for 10 eval '[[ $(bulkhead logs sibling) ]]'
	number=$(bulkhead logs sibling)
	[[ $number =~ ^[0-9]+$ ]]
	# the ids of two containers do not overlap, so "its user" is nobody of ours
	attack "${no_filter[@]}" busybox /keyring read "$number"
	refused 'read: EACCES'
	attack busybox /keyring read "$number"
	refused 'read: EPERM'
	# two containers that share ids share the key
	bulkhead rm -f sibling
	bulkhead run -d --name sibling -v "$keyring:/keyring:ro" "${no_filter[@]}" --userns=host busybox \
		sh -c "/keyring add user $key of-the-sibling; exec sleep 1000"
	wait_for 10 eval '[[ $(bulkhead logs sibling) ]]'
	attack "${no_filter[@]}" --userns=host busybox /keyring read "$(bulkhead logs sibling)"
	assert_success
	assert_output 'succeeded: of-the-sibling'
}

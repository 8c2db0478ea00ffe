# shellcheck shell=bash
# For attacks that are one system call each: src/calls.c in a container, with one wall or another.
# shellcheck disable=SC2034 # its variables are for the files that load it

calls_setup() {
	engine_setup
	busybox_image
	calls=$(compile "$BATS_TEST_DIRNAME/src/calls.c")
}

# Runs the attack $1 in a container with the options that follow; its words are in $output.
attack() {
	local name=$1
	shift
	run --separate-stderr bulkhead run --rm -v "$calls:/calls:ro" "$@" busybox /calls "$name"
}

refused() {
	assert_failure 1
	assert_output "$1: $2"
}

succeeded() {
	assert_success
	assert_output "$1: succeeded"
}

# Every wall but the system call filter down.
only_filter=(--userns=host --cap-add ALL --security-opt no-new-privileges=false --security-opt landlock=unconfined)

# The default profile without its rules for containers that hold certain capabilities: it refuses to root what the
# default refuses to everybody else.
profile_without_capabilities() {
	python3 - "$tests_lib/../../data/seccomp/default.json" "$BATS_TEST_TMPDIR/profile.json" <<-'PYTHON'
		import json, sys
		profile = json.load(open(sys.argv[1]))
		profile["syscalls"] = [rule for rule in profile["syscalls"] if not rule.get("includes", {}).get("caps")]
		for rule in profile["syscalls"]:
		    rule.get("excludes", {}).pop("caps", None)
		json.dump(profile, open(sys.argv[2], "w"))
	PYTHON
	echo "$BATS_TEST_TMPDIR/profile.json"
}

# The attack $1 is answered with $2 by a default container, and by the filter alone, but succeeds without it. No capability
# opens this call.
filter_refuses() {
	attack "$1"
	refused "$1" "$2"
	attack "$1" "${only_filter[@]}"
	refused "$1" "$2"
	attack "$1" "${only_filter[@]}" --security-opt seccomp=unconfined
	succeeded "$1"
}

# As filter_refuses, for a call that the default profile opens to who has the capability for it.
filter_refuses_without_capability() {
	attack "$1"
	refused "$1" "$2"
	attack "$1" "${only_filter[@]}" --security-opt "seccomp=$(profile_without_capabilities)"
	refused "$1" "$2"
	attack "$1" "${only_filter[@]}" --security-opt seccomp=unconfined
	succeeded "$1"
}

# Every wall but capabilities and the user namespace down.
only_capabilities=(--security-opt seccomp=unconfined --security-opt landlock=unconfined
	--security-opt no-new-privileges=false --security-opt systempaths=unconfined)

# The attack $1, which takes the capability $2 in the host's user namespace: what a default container has not, and what
# is worth nothing in a container's own.
host_capability_refuses() {
	attack "$1"
	refused "$1" EPERM
	attack "$1" "${only_capabilities[@]}" --userns=host --cap-add ALL --cap-drop "$2"
	refused "$1" EPERM
	attack "$1" "${only_capabilities[@]}" --cap-add ALL
	refused "$1" EPERM
	attack "$1" "${only_capabilities[@]}" --userns=host --cap-add "$2"
	succeeded "$1"
}

# The attack $1, which takes the capability $2 over what is the container's own: only the capability refuses it.
capability_refuses() {
	attack "$1"
	refused "$1" EPERM
	attack "$1" "${only_capabilities[@]}" --userns=host --cap-add ALL --cap-drop "$2"
	refused "$1" EPERM
	attack "$1" "${only_capabilities[@]}" --cap-add "$2"
	succeeded "$1"
}

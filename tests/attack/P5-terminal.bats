# Typing into a terminal (TIOCSTI): what a container types into a terminal it shares is run by whoever reads it next.
load ../lib/helpers
load calls

setup() { calls_setup; }

# As attack(), with a terminal for the container; `script` is the terminal that docker's -t wants of its caller.
attack_on_terminal() {
	local name=$1 command
	shift
	command=$(printf '%q ' "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" run --rm -it \
		-v "$calls:/calls:ro" "$@" busybox /calls "$name")
	run script --quiet --return --command "$command" /dev/null 3>&-
	output=${output//$'\r'/}
}

# What is typed is echoed before or after the words: the attack's letter, and what `script` makes of the end of its own
# input.
refused() {
	assert_failure 1
	assert_output --partial "$1: $2"
}

typed() {
	assert_success
	assert_output --partial "$1: succeeded"
}

@test "TIOCSTI" {
	attack_on_terminal tiocsti
	refused tiocsti EIO
	attack_on_terminal tiocsti "${only_filter[@]}"
	refused tiocsti EIO
	attack_on_terminal tiocsti "${only_filter[@]}" --security-opt seccomp=unconfined
	typed tiocsti
}

@test "TIOCSTI with a bit that the kernel drops (CVE-2019-10063, CVE-2019-7303)" {
	attack_on_terminal tiocsti_disguised
	refused tiocsti_disguised EIO
	attack_on_terminal tiocsti_disguised "${only_filter[@]}"
	refused tiocsti_disguised EIO
	attack_on_terminal tiocsti_disguised "${only_filter[@]}" --security-opt seccomp=unconfined
	typed tiocsti_disguised
}

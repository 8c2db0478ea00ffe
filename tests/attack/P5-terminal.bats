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

# Without a terminal of its own a container has none at all: what it would type into is not the caller's. No flag gives it
# that; natively the same program types there.
on_terminal() {
	run script --quiet --return --command "$(printf '%q ' "$@")" /dev/null 3>&-
	output=${output//$'\r'/}
}

@test "the caller's terminal" {
	local options
	for options in "" "--privileged --pid=host --ipc=host --uts=host"; do
		# shellcheck disable=SC2086 # words
		on_terminal "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" run --rm -i \
			-v "$calls:/calls:ro" $options busybox sh -c '/calls tiocsti; cat </dev/tty; ls -l /proc/self/fd'
		refute_output --partial succeeded
		assert_output --partial 'standard input is no terminal'
		assert_output --partial "can't open /dev/tty: No such device or address"
		refute_output --partial '-> /dev/'
	done
	bulkhead run -d --name web -v "$calls:/calls:ro" busybox sleep 1000
	on_terminal "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" exec -i web /calls tiocsti
	assert_output --partial 'standard input is no terminal'
	on_terminal "$calls" tiocsti
	typed tiocsti
}

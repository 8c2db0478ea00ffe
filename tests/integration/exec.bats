# exec: another program in a container that runs.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
	bulkhead run -d --name web -e GIVEN=1 -w /tmp busybox sleep 1000 >/dev/null
}

@test "output, streams and exit codes" {
	run --separate-stderr bulkhead exec web sh -c 'echo out; echo err >&2; exit 7'
	assert_failure 7
	assert_output out
	[[ $stderr == err ]]
	run -127 bulkhead exec web nosuch
	assert_output 'bulkhead: exec: "nosuch": executable file not found in $PATH'
	run bulkhead exec web /etc
	assert_failure 126
	run bulkhead exec web sh -c 'kill -9 $$'
	assert_failure 137
}

@test "standard input only with -i" {
	run bulkhead exec web cat <<<hello
	assert_output ''
	run bulkhead exec -i web cat <<<hello
	assert_output hello
}

@test "user and directory: the container's, or others" {
	run bulkhead exec web sh -c 'pwd; id -u'
	assert_output $'/tmp\n0'
	run bulkhead exec -w /etc -u user web sh -c 'pwd; id -u; id -G'
	assert_output $'/etc\n1000\n1000 4'
	run bulkhead exec -u user:extra web id -g
	assert_output 2000
	run bulkhead exec -w etc web pwd
	assert_failure 126
	assert_output "bulkhead: the working directory 'etc' is invalid, it needs to be an absolute path"
	run bulkhead exec -u nobody-here web true
	assert_failure 1
	assert_output --partial 'unable to find user nobody-here'
}

@test "variables: the container's, from files, given, taken from the caller, taken away" {
	printf 'FILE=2\nBOTH=file\n' >"$BATS_TEST_TMPDIR/env"
	CALLER=3 run bulkhead exec --env-file "$BATS_TEST_TMPDIR/env" -e BOTH=said -e CALLER -e GIVEN -e NOWHERE web env
	assert_line FILE=2
	assert_line BOTH=said
	assert_line CALLER=3
	refute_line --partial GIVEN
	refute_line --partial NOWHERE
	refute_line --partial TERM
	run bulkhead exec -t web env
	assert_line --regexp '^TERM=xterm'
}

@test "in the background" {
	run bulkhead exec -d web sh -c 'echo done >/tmp/made; sleep 1000'
	assert_success
	assert_output ''
	wait_for 10 bulkhead exec web grep 'done' /tmp/made
}

@test "as confined as the container, unless privileged" {
	local facts='grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/self/status; cat /proc/self/uid_map; ls -l /proc/self/ns | sed "s/.*-> //"; cat /proc/self/cgroup'
	bulkhead run -d --name other busybox sh -c "$facts; sleep 1000" >/dev/null
	wait_for 10 bulkhead exec other pidof sleep
	run bulkhead logs other
	local first=$output
	run bulkhead exec other sh -c "$facts"
	assert_output "$first"
	run bulkhead exec --privileged web grep CapEff /proc/self/status
	refute_output --regexp '00000000800405fb'
}

@test "a session outlives its command, and ends with the container" {
	bulkhead exec web sleep 1000 3>&- &
	local command=$!
	wait_for 10 bulkhead exec web sh -c '[ $(pidof sleep | wc -w) -eq 2 ]'
	kill -9 "$command"
	wait "$command" || true
	run bulkhead exec web sh -c 'pidof sleep | wc -w'
	assert_output 2
	bulkhead rm -f web >/dev/null
	run pgrep -f -- "--session.*$engine/"
	assert_failure
}

@test "of what does not run" {
	bulkhead kill web >/dev/null
	bulkhead wait web >/dev/null
	run bulkhead exec web true
	assert_failure 1
	assert_output 'bulkhead: container web is not running'
}

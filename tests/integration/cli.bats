#!/usr/bin/env bats
# What the command line says and how it exits where no container runs: bad options, missing things, lists of nothing,
# templates, help.

load ../lib/helpers

# One line on stderr with the reason, perhaps one where to read on, nothing on stdout, and this status.
refuses() {
	local status_wanted=$1 reason=$2
	shift 2
	run --separate-stderr bulkhead "$@"
	assert_failure "$status_wanted"
	assert_output ''
	[[ ${stderr_lines[0]} == "bulkhead: "*"$reason"* ]] || fail "not \"$reason\": $stderr"
}

@test "an unknown command" {
	refuses 1 "'foo' is not a bulkhead command." foo
	[[ $stderr == *"See 'bulkhead --help'" ]]
	refuses 1 "'container foo' is not a bulkhead command." container foo
}

@test "unknown options" {
	refuses 125 'unknown flag: --foo' run --foo
	[[ ${stderr_lines[1]} == "See 'bulkhead run --help'." ]]
	refuses 125 "unknown shorthand flag: 'Z' in -itZ" run -itZ
	refuses 125 'unknown flag: --foo' ps --foo
	refuses 125 'unknown flag: --foo' --foo ps
}

@test "options without their value" {
	refuses 125 'flag needs an argument: --memory' run --memory
	refuses 125 "flag needs an argument: 'm' in -m" run -m
}

@test "too few and too many arguments" {
	refuses 1 '"bulkhead run" requires at least 1 argument.' run
	[[ $stderr == *"Usage:  bulkhead run [OPTIONS] IMAGE [COMMAND] [ARG...]"* ]]
	refuses 1 '"bulkhead logs" requires exactly 1 argument.' logs
	refuses 1 '"bulkhead ps" accepts no arguments.' ps x
}

@test "values that are none" {
	refuses 125 'invalid argument "5x" for "-m, --memory" flag: invalid size: '"'5x'" run -m 5x busybox
	refuses 125 'invalid argument "x" for "--cpus" flag' run --cpus x busybox
	refuses 125 'invalid argument "foo=1" for "--ulimit" flag: invalid ulimit type: foo' run --ulimit foo=1 busybox
	refuses 125 'ulimit soft limit must be less than or equal to hard limit' run --ulimit nofile=5:3 busybox
	refuses 125 'for "--rm" flag' run --rm=maybe busybox
	refuses 125 'for "--mount" flag: target is required' run --mount type=bind,source=/tmp busybox
	refuses 125 'for "--device" flag: bad mode specified: x' run --device /dev/null:/dev/x:x busybox
	refuses 125 'invalid environment variable: =x' run -e =x busybox
	refuses 1 'FOO' kill -s FOO web
	refuses 125 'for "-t, --timeout" flag' stop -t soon web
}

@test "an env file line that is no variable" {
	printf 'GOOD=1\nA B=2\n' >"$engine/env"
	refuses 125 "poorly formatted environment: $engine/env: variable \"A B\" contains whitespaces" \
		run --env-file "$engine/env" busybox
	refuses 125 "open $engine/none: No such file or directory" run --env-file "$engine/none" busybox
}

@test "a cidfile that is there already, and one that is not left behind" {
	touch "$engine/cid"
	refuses 125 "container ID file found, make sure the other container isn't running or delete $engine/cid" \
		run --cidfile "$engine/cid" busybox
	refuses 125 'no such image: nothing' run --pull never --cidfile "$engine/new" nothing
	[[ ! -e $engine/new ]]
}

@test "a wrong word for --pull" {
	refuses 125 'invalid pull option' run --pull=sometimes busybox
}

@test "a terminal that is none" {
	busybox_image
	run --separate-stderr bulkhead run -it busybox true </dev/null
	assert_failure 1
	[[ $stderr == 'bulkhead: the input device is not a TTY' ]]
	run bulkhead ps -aq
	assert_output ''
}

@test "what is not there" {
	refuses 125 'no such image: nothing' run --pull never nothing
	refuses 1 'no such image: nothing' create --pull never nothing
	refuses 1 'no such container: nothing' start nothing
	refuses 1 'no such container: nothing' stop nothing
	refuses 1 'no such container: nothing' logs nothing
	refuses 1 'no such container: nothing' wait nothing
	refuses 1 'no such container: nothing' exec nothing true
	refuses 1 'no such container: nothing' rm nothing
	refuses 1 'no such image: nothing' rmi nothing
	refuses 1 'no such image: nothing' tag nothing x
	run --separate-stderr bulkhead rm -f nothing
	assert_success
	run --separate-stderr bulkhead inspect nothing
	assert_failure 1
	assert_output '[]'
	[[ $stderr == 'bulkhead: no such object: nothing' ]]
}

@test "every argument has its turn" {
	busybox_image
	bulkhead create --name one busybox >/dev/null
	bulkhead create --name two busybox >/dev/null
	run --separate-stderr bulkhead rm one nothing two
	assert_failure 1
	assert_output $'one\ntwo'
	[[ $stderr == *'no such container: nothing'* ]]
}

@test "lists of nothing have heads" {
	run bulkhead ps
	assert_output 'CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES'
	run bulkhead images
	assert_output 'REPOSITORY   TAG       IMAGE ID   CREATED   SIZE'
	run bulkhead ps -q
	assert_output ''
}

@test "create, ps and inspect agree" {
	busybox_image
	id=$(bulkhead create --name web -l tier=front -e A=1 --entrypoint echo busybox hello world)
	[[ $id =~ ^[0-9a-f]{64}$ ]]
	run bulkhead ps -a --format '{{.ID}} {{.Image}} {{.Command}} {{.State}} {{.Names}} {{.Labels}}'
	assert_output "${id:0:12} busybox \"echo hello world\" created web tier=front"
	run bulkhead ps -aq --filter label=tier=front --filter name=web
	assert_output "${id:0:12}"
	run bulkhead ps -aq --filter label=tier=back
	assert_output ''
	run bulkhead ps -q
	assert_output ''
	run bulkhead inspect -f '{{.Id}} {{.Name}} {{.State.Status}} {{index .Config.Env 0}} {{json .Config.Cmd}}' web
	assert_output "$id /web created A=1 [\"hello\",\"world\"]"
	bulkhead inspect "${id:0:5}" | python3 -c 'import json, sys; assert json.load(sys.stdin)[0]["Name"] == "/web"'
}

@test "the line of the security guides" {
	busybox_image
	id=$(bulkhead create --security-opt no-new-privileges busybox)
	run bash -c "echo $id | xargs '$BULKHEAD_BUILD/src/bulkhead' --root '$engine/root' --state '$engine/state' \
		inspect --format '{{ .Id }}: SecurityOpt={{ .HostConfig.SecurityOpt }}'"
	assert_output "$id: SecurityOpt=[no-new-privileges]"
}

@test "templates that cannot be" {
	busybox_image
	bulkhead create --name web busybox >/dev/null
	run --separate-stderr bulkhead inspect -f '{{.Foo}}' web
	assert_failure 1
	[[ $stderr == *'template parsing error: template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"' ]]
	refuses 1 'template parsing error: template: :1: unclosed action' inspect -f '{{.Foo' web
	refuses 1 'failed to parse template: template: :1: function "foo" not defined' ps --format '{{foo}}'
	refuses 1 'invalid filter' ps --filter foo=bar
}

@test "help goes to stdout and succeeds" {
	for words in --help 'run --help' 'help run' 'container --help' 'image ls --help' 'ps -h'; do
		# shellcheck disable=SC2086
		run --separate-stderr bulkhead $words
		assert_success
		assert_line --index 0 --partial 'Usage:  bulkhead'
		[[ -z $stderr ]]
	done
	run bulkhead --version
	assert_output --regexp '^Bulkhead version [0-9.]+$'
	run bulkhead version --format '{{.Server.ApiVersion}}'
	assert_output --regexp '^1\.[0-9]+$'
}

@test "control characters of the caller stay out of the terminal" {
	run --separate-stderr bulkhead $'\e[31mfoo'
	[[ $stderr != *$'\e'* ]]
	run --separate-stderr bulkhead run --name $'\e[31mfoo' busybox
	assert_failure
	[[ $stderr != *$'\e'* ]]
}

@test "the completion completes" {
	eval "$(bulkhead _completion bash)"
	COMP_WORDS=(bulkhead run --memory-s) COMP_CWORD=2
	_bulkhead
	[[ ${COMPREPLY[*]} == --memory-swap ]]
	COMP_WORDS=(bulkhead --root /x in) COMP_CWORD=3
	_bulkhead
	[[ " ${COMPREPLY[*]} " == *' inspect '* ]]
	COMP_WORDS=(bulkhead image l) COMP_CWORD=2
	_bulkhead
	[[ ${COMPREPLY[*]} == 'list load ls' ]]
	COMP_WORDS=(bulkhead container ls --no) COMP_CWORD=3
	_bulkhead
	[[ ${COMPREPLY[*]} == --no-trunc ]]
	busybox_image
	bulkhead create --name completed busybox true >/dev/null
	COMP_WORDS=(bulkhead rm compl) COMP_CWORD=2
	_bulkhead
	[[ ${COMPREPLY[*]} == completed ]]
	COMP_WORDS=(bulkhead --root "$engine/empty" rm compl) COMP_CWORD=4
	_bulkhead || true
	[[ -z ${COMPREPLY[*]} ]]
}

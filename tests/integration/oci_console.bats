# bulkhead-oci and terminals: console sockets, sizes, typing, signals, and what goes wrong with them.
load ../lib/helpers
load ../lib/bundle

setup() {
	bundle_setup
	bundle_edit 'p["terminal"] = True; p["consoleSize"] = {"height": 33, "width": 77}'
}
teardown() {
	[[ -z ${receiver:-} ]] || kill "$receiver" 2>/dev/null || true
	bundle_teardown
}

# Listens at $engine/console as tests/lib/console.py does; what is written to $engine/typed is typed.
receive() {
	rm -f "$engine/console" "$engine/said"
	[[ -p $engine/typed ]] || mkfifo "$engine/typed"
	python3 "$tests_lib/console.py" "$engine/console" "$engine/said" "$@" <>"$engine/typed" 3>&- &
	receiver=$!
	wait_for 5 test -S "$engine/console"
}

said() {
	grep -qF -- "$1" "$engine/said"
}

# A command line of the runtime, for another shell.
program() {
	echo "'$BULKHEAD_BUILD/src/bulkhead-oci' --root '$engine/oci'"
}

@test "create: the terminal goes to the socket, has its size, and is the controlling one" {
	bundle_args sh -c 'stty size; tty; echo >/dev/tty by name; read line; echo "got $line"; exit 3'
	receive
	oci create -b "$bundle" --console-socket "$engine/console" one </dev/null
	oci start one
	wait_for 5 said "by name"
	wait_for 5 said "33 77"
	wait_for 5 said /dev/pts/0
	echo hello >"$engine/typed"
	wait_for 5 said "got hello"
	wait_for 5 oci_status_is one stopped
	wait_for 5 eval '! kill -0 $receiver 2>/dev/null'
}

@test "the bytes are the program's, with CR LF only from the terminal" {
	bundle_args sh -c 'printf "a\nb"; sleep 0.2'
	receive
	oci run -d -b "$bundle" --console-socket "$engine/console" one </dev/null
	wait_for 5 oci_status_is one stopped
	wait_for 5 eval '! kill -0 $receiver 2>/dev/null'
	assert_equal "$(od -An -c "$engine/said" | tr -d ' ')" 'a\r\nb'
}

@test "exec: --tty with a socket, detached, with the size of its process" {
	bundle_edit 'p["terminal"] = False'
	bundle_args sleep 1000
	oci_start one
	echo '{"args": ["sh", "-c", "stty size; tty; exec sleep 999"], "cwd": "/", "env": ["PATH=/bin"], "terminal": true,
"consoleSize": {"height": 11, "width": 22}, "user": {"uid": 1000, "gid": 1000}}' >"$engine/process"
	receive
	oci exec -d --process "$engine/process" --console-socket "$engine/console" --pid-file "$engine/pid" one
	wait_for 5 said "11 22"
	wait_for 5 said /dev/pts/
	assert_equal "$(cat "/proc/$(cat "$engine/pid")/comm")" sleep
	# the user who runs there owns it
	run stat -c %u "/proc/$(cat "$engine/pid")/root/dev/pts/0"
	assert_output 1000
}

@test "what conmon calls" {
	bundle_edit 'p["terminal"] = False'
	bundle_args sleep 1000
	oci --log "$engine/log" --log-format=json create --bundle "$bundle" --pid-file "$engine/pid" one </dev/null >/dev/null 2>&1
	oci start one
	echo '{"args": ["sleep", "998"], "cwd": "/", "env": ["PATH=/bin"]}' >"$engine/process"
	receive
	oci --log-format=json --log="$engine/log" exec --pid-file "$engine/exec" --process "$engine/process" --detach --tty \
		--console-socket "$engine/console" one
	run tr '\0' ' ' <"/proc/$(cat "$engine/exec")/cmdline"
	assert_output "sleep 998 "
	[[ ! -s $engine/log ]]
}

@test "sockets that are not there, not sockets, not listened at, too long, or hung up on" {
	local path
	bundle_args true
	touch "$engine/file"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$engine/deaf"
	for path in "$engine/nothing" "$engine/file" "$engine/deaf" "$engine/$(printf '%0200d' 0)"; do
		run oci create -b "$bundle" --console-socket "$path" one
		assert_failure 1
		assert_output --partial "console socket"
		[[ ! -e $engine/oci/one ]]
	done
	receive close
	# it may still be sent: then nobody holds the terminal, which hangs up
	run oci create -b "$bundle" --console-socket "$engine/console" one </dev/null
	oci delete -f one
	run oci list -q
	assert_output ""
}

@test "terminals and detaching: what does not go together" {
	bundle_args sleep 1000
	run oci create -b "$bundle" one
	assert_failure 1
	assert_output --partial "cannot allocate tty if the runtime will detach without setting console socket"
	run oci run -d -b "$bundle" one
	assert_failure 1
	run oci run --console-socket "$engine/console" -b "$bundle" one
	assert_failure 1
	assert_output --partial "cannot use console socket if the runtime will not detach or allocate tty"
	bundle_edit 'p["terminal"] = False'
	run oci create --console-socket "$engine/console" -b "$bundle" one
	assert_failure 1
	assert_output --partial "cannot use console socket if the runtime will not detach or allocate tty"
	oci_start one
	run oci exec -d -t one true
	assert_failure 255
	assert_output --partial "cannot allocate tty if the runtime will detach without setting console socket"
	run oci exec -t --console-socket "$engine/console" one true
	assert_failure 255
	run oci exec -d --console-socket "$engine/console" one true
	assert_failure 255
}

@test "run on a terminal: its size, its keys, its status, and itself as it was" {
	bundle_args sh -c 'stty size; trap "echo interrupted; exit 6" INT; sleep 100'
	bundle_edit 'del p["consoleSize"]'
	cat >"$engine/script" <<-END
		stty rows 20 cols 44; before=\$(stty -g)
		$(program) run -b '$bundle' one; echo "status \$?"
		[ "\$(stty -g)" = "\$before" ] && echo restored
	END
	run timeout 20 bash -c "{ sleep 1; printf '\003'; sleep 1; } | script -qec 'sh $engine/script' /dev/null"
	assert_line --partial "20 44"
	assert_line --partial interrupted
	assert_line --partial "status 6"
	assert_line --partial restored
	run oci list -q
	assert_output ""
}

@test "run without a terminal of its own: stdin is typed, and its end is not the program's" {
	bundle_args sh -c 'read a; read b; echo "$a and $b"'
	run timeout 20 bash -c "printf 'one\ntwo\n' | $(program) run -b '$bundle' one"
	assert_success
	assert_line --partial "one and two"
}

@test "signals of the runtime in front are the program's" {
	local pid
	bundle_edit 'p["terminal"] = False'
	bundle_args sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'
	"$BULKHEAD_BUILD/src/bulkhead-oci" --root "$engine/oci" run -b "$bundle" one </dev/null >"$engine/said" 3>&- &
	pid=$!
	wait_for 5 said ready
	kill -TERM "$pid"
	run wait "$pid"
	wait "$pid" || assert_equal $? 9
	run oci list -q
	assert_output ""
}

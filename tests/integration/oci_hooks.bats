# bulkhead-oci and the six kinds of hooks: who runs them when and where, what they are told, and what is left when they fail.
load ../lib/helpers
load ../lib/bundle

setup() {
	bundle_setup
	bundle_args sleep 1000
	# says what it was called as, with what, and where it is
	cat >"$engine/hook" <<-END
		#!/bin/sh
		cat >"$engine/state.\$1"
		echo "\$1 \$0 \$NAME \$(readlink /proc/self/ns/mnt /proc/self/ns/uts /proc/self/ns/net | tr '\n' ' ')\$(pwd)" >>"$engine/order"
	END
	chmod 755 "$engine/hook"
}
teardown() { bundle_teardown; }

# Gives the bundle the hooks of the kind $1: shell scripts.
hooks() {
	local kind=$1
	shift
	python3 - "$bundle/config.json" "$kind" "$@" <<-'END'
		import json, sys
		path, kind, *scripts = sys.argv[1:]
		with open(path) as f:
		    c = json.load(f)
		c.setdefault("hooks", {})[kind] = [{"path": "/bin/sh", "args": ["sh", "-c", s], "env": ["PATH=/bin:/usr/bin"]} for s in scripts]
		with open(path, "w") as f:
		    json.dump(c, f)
	END
}

field() {
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get(sys.argv[2]))' "$engine/state.$1" "$2"
}

# A create that fails: nothing is left of it.
assert_create_fails() {
	run oci create -b "$bundle" one </dev/null
	assert_failure 1
	[[ ! -e $engine/oci/one ]]
	[[ -z $(find /sys/fs/cgroup -type d -path "*/$groups/one") ]]
}

@test "all six: order, arguments, environment, namespaces, state" {
	local kind pid
	cat >"$bundle/rootfs/bin/hook" <<-'END'
		#!/bin/sh
		cat >/state
		echo "$1 $0 $NAME $(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/uts) $(readlink /proc/self/ns/net) $(pwd)" >/order
	END
	chmod 755 "$bundle/rootfs/bin/hook"
	bundle_edit "c['root']['readonly'] = False; c['annotations'] = {'a.b': 'c'}; p['cwd'] = '/tmp'
hook = lambda n, p: [{'path': p, 'args': ['called', n], 'env': ['PATH=/usr/bin:/bin', 'NAME=of ' + n]}]
c['hooks'] = {n: hook(n, '$engine/hook') for n in ('prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop')}
c['hooks']['startContainer'] = hook('startContainer', '/bin/hook')"
	oci create -b "$bundle" --pid-file "$engine/pid" one </dev/null >/dev/null 2>&1
	pid=$(cat "$engine/pid")
	ours="$(readlink /proc/self/ns/mnt /proc/self/ns/uts /proc/self/ns/net | tr '\n' ' ')"
	theirs="$(readlink "/proc/$pid/ns/mnt" "/proc/$pid/ns/uts" "/proc/$pid/ns/net" | tr '\n' ' ')"
	run cut -d / -f 1 "$engine/order"
	assert_output "$(printf 'prestart \ncreateRuntime \ncreateContainer ')"
	run cat "$engine/order"
	assert_line --index 0 --partial "of prestart $ours"
	assert_line --index 1 --partial "of createRuntime $ours"
	assert_line --index 2 --partial "of createContainer $theirs"
	assert_line --index 1 --regexp " $bundle\$"
	assert_line --index 2 --regexp " $bundle/rootfs\$"
	[[ ! -e $bundle/rootfs/order ]]
	oci start one
	run cat "$bundle/rootfs/order"
	assert_output --partial "of startContainer $theirs"
	run tail -n 1 "$engine/order"
	assert_output --partial "of poststart $ours"
	oci delete -f one
	run tail -n 1 "$engine/order"
	assert_output --partial "of poststop $ours"
	cp "$bundle/rootfs/state" "$engine/state.startContainer"
	for kind in prestart:creating createRuntime:creating createContainer:creating startContainer:created poststart:running; do
		assert_equal "$(field "${kind%:*}" status)" "${kind#*:}"
		assert_equal "$(field "${kind%:*}" bundle)" "$bundle"
		assert_equal "$(field "${kind%:*}" id)" one
		assert_equal "$(field "${kind%:*}" annotations)" "{'a.b': 'c'}"
	done
	assert_equal "$(field poststop status)" stopped
	# the pid as who runs the hook sees it
	assert_equal "$(field createRuntime pid)" "$pid"
	assert_equal "$(field poststart pid)" "$pid"
	assert_equal "$(field startContainer pid)" 1
	assert_equal "$(field poststop pid)" None
}

@test "several of a kind run in their order, and the first that fails is the last" {
	hooks createRuntime "echo 1 >>$engine/order" "echo 2 >>$engine/order; echo because >&2; exit 3" "echo 3 >>$engine/order"
	hooks poststop "echo stop >>$engine/order"
	assert_create_fails
	assert_output --partial "error running createRuntime hook #1: /bin/sh: exit status 3: because"
	run cat "$engine/order"
	assert_output "$(printf '1\n2\nstop')"
}

@test "one that fails before the program: no container" {
	local kind
	for kind in prestart createRuntime createContainer; do
		bundle_edit 'c["hooks"] = {}'
		hooks "$kind" 'exit 1'
		assert_create_fails
		assert_output --partial "error running $kind hook #0: /bin/sh: exit status 1"
		hooks "$kind" 'kill -9 $$'
		assert_create_fails
		assert_output --partial "error running $kind hook #0: /bin/sh: signal: killed"
		bundle_edit "c['hooks'] = {'$kind': [{'path': '/no/such/program'}]}"
		assert_create_fails
		assert_output --partial "error running $kind hook #0: /no/such/program"
	done
	bundle_edit 'c["hooks"] = {}'
	hooks startContainer 'echo not today >&2; exit 7'
	oci create -b "$bundle" one </dev/null
	run oci start one
	assert_failure 1
	assert_output --partial "error running startContainer hook #0: /bin/sh: exit status 7: not today"
	wait_for 5 oci_status_is one stopped
	oci delete one
}

@test "poststart and poststop: the first is an error of start, the second a warning" {
	hooks poststart 'exit 4'
	hooks poststop 'exit 5' "echo after >>$engine/order"
	oci create -b "$bundle" one </dev/null
	run oci start one
	assert_failure 1
	assert_output --partial "error running poststart hook #0: /bin/sh: exit status 4"
	wait_for 5 oci_status_is one stopped
	run oci delete -f one
	assert_success
	assert_output --partial "level=warning"
	assert_output --partial "error running poststop hook #0: /bin/sh: exit status 5"
	assert_equal "$(cat "$engine/order")" after
	run oci list -q
	assert_output ""
	bundle_edit 'c["hooks"].pop("poststop")'
	run oci run -b "$bundle" one </dev/null
	assert_failure 1
	run oci list -q
	assert_output ""
}

@test "one that hangs is killed when its time is over, and only then" {
	local kind
	for kind in createRuntime createContainer; do
		bundle_edit "c['hooks'] = {'$kind': [{'path': '/bin/sleep', 'args': ['sleep', '100'], 'timeout': 1}]}"
		SECONDS=0
		assert_create_fails
		assert_output --partial "error running $kind hook #0: /bin/sleep: no end within its timeout"
		((SECONDS < 10))
	done
	bundle_edit "c['hooks'] = {'createRuntime': [{'path': '/bin/sleep', 'args': ['sleep', '1'], 'timeout': 30}]}"
	oci create -b "$bundle" one </dev/null
}

@test "one that leaves a process in the background, or does not read its state, holds nobody" {
	hooks createRuntime "sleep 4 & echo \$! >$engine/pid"
	SECONDS=0
	oci create -b "$bundle" one </dev/null
	((SECONDS < 3))
	kill "$(cat "$engine/pid")"
	oci delete -f one
	bundle_edit "c['annotations'] = {'big': 'x' * 300000}"
	hooks createRuntime 'exit 0' "wc -c >$engine/bytes"
	oci create -b "$bundle" one </dev/null
	(($(cat "$engine/bytes") > 300000))
	oci delete -f one
	bundle_edit "c['hooks'] = {'createRuntime': [{'path': '/bin/sleep', 'args': ['sleep', '100'], 'timeout': 1}]}"
	assert_create_fails
	assert_output --partial "no end within its timeout"
}

@test "hooks may ask the runtime for the state of their container" {
	local program="'$BULKHEAD_BUILD/src/bulkhead-oci' --root '$engine/oci'"
	hooks createRuntime "timeout 5 $program state one >$engine/said"
	hooks poststart "timeout 5 $program state one >$engine/said2"
	oci create -b "$bundle" one </dev/null
	oci start one
	run cat "$engine/said"
	assert_output --regexp '"status": "creat(ing|ed)"'
	run cat "$engine/said2"
	assert_output --partial '"status": "running"'
}

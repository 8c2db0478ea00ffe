# podman with bulkhead-oci as its runtime.
load ../lib/helpers
load peers

setup() { peers_setup; }
teardown() { peers_teardown; }

# The functions of every script below: podman with directories of its own.
podman_in_namespaces() {
	cat >"$engine/commands"
	{
		cat <<-'END'
			podman() {
				timeout 30 podman --root "$engine/podman" --runroot /run/podman --tmpdir /run/podman.tmp --cgroup-manager cgroupfs \
					--events-backend file --runtime "$runtime" "$@"
			}
			create="--network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024"
			podman import "$engine/root.tar" box >/dev/null 2>&1 || echo "no image"
		END
		cat "$engine/commands"
	} >"$engine/script"
	in_peer_namespaces
}

@test "run: output, statuses, limits, volumes" {
	podman_in_namespaces <<'END'
podman run --rm $create box sh -c 'echo hello; grep Seccomp: /proc/self/status; exit 7'; echo "status $?"
podman run --rm $create box nosuch 2>&1; echo "status $?"
podman run --rm $create box /etc 2>&1; echo "status $?"
podman run --rm $create -m 64m --pids-limit 33 box sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null'
podman run --rm $create -v "$engine:/here:ro" --read-only -u 1000:1000 -w /tmp --hostname name box sh -c 'touch /here/x 2>&1; id; pwd; hostname'
END
	assert_success
	assert_line hello
	assert_line --regexp 'Seccomp:.2'
	assert_line "status 7"
	assert_line --partial "executable file not found"
	assert_line "status 127"
	assert_line "status 126"
	assert_line 67108864
	assert_line 33
	assert_line --partial "Read-only file system"
	assert_line --partial "uid=1000(user) gid=1000"
	assert_line /tmp
	assert_line name
}

@test "detached: ps, exec, logs, pause, stop, kill, restart, rm" {
	podman_in_namespaces <<'END'
podman run -d --name web $create box sh -c 'trap "exit 5" TERM; echo started; while :; do sleep 0.1; done' >/dev/null; echo "run $?"
sleep 0.5
podman ps --format '{{.Names}} {{.Status}}'
podman exec web sh -c 'echo inside; exit 3'; echo "exec $?"
podman exec web nosuch 2>/dev/null; echo "exec $?"
podman logs web
podman pause web >/dev/null && podman ps --format '{{.Names}} {{.Status}}' && podman unpause web >/dev/null
podman stop -t 5 web >/dev/null; podman inspect --format 'ended {{.State.ExitCode}}' web
podman start web >/dev/null; podman kill web >/dev/null; sleep 0.5; podman inspect --format 'killed {{.State.ExitCode}}' web
podman restart web >/dev/null; podman rm -f web >/dev/null; podman ps -aq | wc -l
END
	assert_success
	assert_line "run 0"
	assert_line --regexp '^web Up'
	assert_line inside
	assert_line "exec 3"
	assert_line "exec 127"
	assert_line started
	assert_line "ended 5"
	assert_line "killed 137"
	assert_line 0
}

@test "a terminal, and ten at once" {
	podman_in_namespaces <<'END'
script -qec "podman --root $engine/podman --runroot /run/podman --tmpdir /run/podman.tmp --cgroup-manager cgroupfs --events-backend file --runtime $runtime run --rm -it $create box sh -c 'tty; exit 4'" /dev/null; echo "status $?"
podman run -d --name web $create box sleep 1000 >/dev/null
script -qec "podman --root $engine/podman --runroot /run/podman --tmpdir /run/podman.tmp --cgroup-manager cgroupfs --events-backend file --runtime $runtime exec -it web sh -c 'tty; exit 6'" /dev/null; echo "exec $?"
podman rm -f -t 0 web >/dev/null
podman run --rm $create -v data:/data box sh -c 'echo kept >/data/file'
podman run --rm $create -v data:/data:ro box cat /data/file
for i in 1 2 3 4 5 6 7 8 9 10; do podman run --rm $create box sh -c "echo number $i" & done; wait
END
	assert_success
	assert_line --partial /dev/pts/0
	assert_line --partial "status 4"
	assert_line --partial "exec 6"
	assert_line kept
	for i in 1 2 3 4 5 6 7 8 9 10; do
		assert_line "number $i"
	done
}

# dockerd, and containerd beneath it, with bulkhead-oci as the default runtime.
load ../lib/helpers
load peers

setup() { peers_setup; }
teardown() { peers_teardown; }

docker_in_namespaces() {
	cat >"$engine/commands"
	{
		cat <<-'END'
			dockerd --data-root "$engine/docker" --exec-root /run/dx -H unix:///run/d.sock --pidfile /run/d.pid --iptables=false \
				--bridge=none --add-runtime "bulkhead=$runtime" --default-runtime bulkhead >/run/d.log 2>&1 &
			export DOCKER_HOST=unix:///run/d.sock
			docker() { timeout 30 docker "$@"; }
			for i in $(seq 300); do docker info >/dev/null 2>&1 && break; sleep 0.1; done
			docker import "$engine/root.tar" box >/dev/null || tail -n 5 /run/d.log
		END
		cat "$engine/commands"
		cat <<-'END'
			docker ps -aq | xargs -r docker rm -f >/dev/null
			kill "$(cat /run/d.pid)"
			for i in $(seq 100); do [ -e /run/d.pid ] || break; sleep 0.1; done
			umount "$engine/docker" 2>/dev/null
			true
		END
	} >"$engine/script"
	in_peer_namespaces
}

@test "run: output, statuses, limits, volumes, privileged" {
	docker_in_namespaces <<'END'
docker run --rm --network none box sh -c 'echo hello; grep Seccomp: /proc/self/status; exit 7' 2>&1; echo "status $?"
docker run --rm --network none box nosuch 2>&1; echo "status $?"
docker run --rm --network none box /etc 2>&1; echo "status $?"
docker run --rm --network none -m 64m --pids-limit 33 --cpus 0.5 box sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null'
docker run --rm --network none -v "$engine:/here:ro" --read-only -u 1000:1000 -w /tmp --hostname name box sh -c 'touch /here/x 2>&1; id; pwd; hostname'
docker run --rm --network none --privileged box sh -c 'grep CapEff /proc/self/status; ls /dev | wc -l'
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
	assert_line --regexp 'CapEff:.[0-9a-f]*ff'
}

@test "detached: ps, exec, logs, top, pause, stop, kill, restart, rm" {
	docker_in_namespaces <<'END'
docker run -d --name web --network none box sh -c 'trap "exit 5" TERM; echo started; while :; do sleep 0.1; done' >/dev/null; echo "run $?"
sleep 0.5
docker exec web sh -c 'echo inside; exit 3'; echo "exec $?"
docker logs web
docker top web | tail -n +2 | wc -l
docker pause web >/dev/null && docker ps --format '{{.Names}} {{.Status}}' && docker unpause web >/dev/null
docker stop -t 5 web >/dev/null; docker inspect --format 'ended {{.State.ExitCode}}' web
docker start web >/dev/null; docker kill web >/dev/null; sleep 0.5; docker inspect --format 'killed {{.State.ExitCode}}' web
docker restart web >/dev/null; docker ps --format '{{.Names}} again'; docker rm -f web >/dev/null
END
	assert_success
	assert_line "run 0"
	assert_line inside
	assert_line "exec 3"
	assert_line started
	assert_line --regexp '^web .*\(Paused\)'
	assert_line "ended 5"
	assert_line "killed 137"
	assert_line "web again"
}

@test "a terminal, and memory that is not there" {
	docker_in_namespaces <<'END'
script -qec "docker run --rm -it --network none box sh -c 'tty; exit 4'" /dev/null; echo "status $?"
docker run --name big --network none -m 16m --memory-swap 16m box sh -c 'tail /dev/zero' >/dev/null 2>&1; echo "status $?"
docker inspect --format 'oom {{.State.OOMKilled}}' big
END
	assert_success
	assert_line --partial /dev/pts/0
	assert_line "status 4"
	assert_line "status 137"
	assert_line "oom true"
}

@test "volumes, restarts by policy, exec -it, ten at once, and runc beside" {
	docker_in_namespaces <<'END'
docker run --rm --network none -v data:/data box sh -c 'echo kept >/data/file'
docker run --rm --network none --runtime bulkhead -v data:/data:ro box cat /data/file
docker run -d --name again --network none --restart on-failure:2 box sh -c 'exit 1' >/dev/null
docker run -d --name web --network none box sleep 1000 >/dev/null
script -qec "docker exec -it web sh -c 'tty; exit 6'" /dev/null; echo "exec $?"
docker exec -u 1000 -w /tmp -e A=b web sh -c 'id -u; pwd; echo $A'
docker exec web nosuch 2>&1; echo "exec $?"
for i in 1 2 3 4 5 6 7 8 9 10; do docker run --rm --network none box echo "number $i" & all="${all:-} $!"; done; wait $all
docker run --rm --network none --runtime runc box echo "runc too"
docker inspect --format 'restarted {{.RestartCount}}' again
docker info --format 'default {{.DefaultRuntime}}'
END
	assert_success
	assert_line kept
	assert_line --partial /dev/pts/
	assert_line --partial "exec 6"
	assert_line 1000
	assert_line b
	assert_line --partial 'executable file not found in $PATH'
	assert_line "exec 126" # whatever the runtime says
	assert_line "runc too"
	assert_line "restarted 2"
	assert_line "default bulkhead"
	for i in 1 2 3 4 5 6 7 8 9 10; do
		assert_line "number $i"
	done
}

# Bounded, since a start that waits for others would show with so many of them.
@test "fifty at once: all run, and nothing of them stays" {
	docker_in_namespaces <<'END'
begin=$(date +%s)
for i in $(seq 50); do docker run -d --name "n$i" --network none box sh -c "echo number $i; exec sleep 1000" >/dev/null & all="${all:-} $!"; done; wait $all
echo "running $(docker ps -q | wc -l)"
echo "states $(find /run -name state.json | wc -l)"
for i in $(seq 50); do docker logs "n$i"; done | grep '^number' | sort -u | wc -l | sed 's/^/logs /'
for i in $(seq 50); do docker exec "n$i" sh -c "exit $i" >/dev/null 2>&1 || echo "$?" >>/run/statuses & all="$all $!"; done; wait $all
sort -nu /run/statuses | wc -l | sed 's/^/statuses /'
docker ps -q | xargs docker rm -f | wc -l | sed 's/^/removed /'
echo "left $(docker ps -aq | wc -l), $(find /run -name state.json | wc -l), $(find /sys/fs/cgroup -path '*/docker/*' -type d | wc -l), $(pgrep -x sleep | wc -l)"
grep -c ' /run/dx\| /run/docker' /proc/self/mountinfo | sed 's/^/mounts /'
[ $(($(date +%s) - begin)) -lt 60 ] && echo "in time"
END
	assert_success
	assert_line "running 50"
	assert_line "states 50"
	assert_line "logs 50"
	assert_line "statuses 50"
	assert_line "removed 50"
	assert_line "left 0, 0, 0, 0"
	assert_line "mounts 0"
	assert_line "in time"
}

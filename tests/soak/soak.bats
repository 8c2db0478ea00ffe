# ./dev soak: thousands of containers of every kind of end, then nothing may be left: no process, mount, cgroup, lease or
# file, and no more memory or descriptors in what stays. SOAK_CYCLES says how many rounds.
load ../lib/helpers

cycles=${SOAK_CYCLES:-1000}

# One container a round, each ended in another way than the one before.
end_by_itself() { bulkhead run --rm busybox true; }

end_by_stop() {
	local id
	id=$(bulkhead run -d busybox sleep 1000)
	bulkhead stop -t 0 "$id" >/dev/null
	bulkhead rm "$id" >/dev/null
}

end_by_force() {
	local id
	id=$(bulkhead run -d --memory 32m busybox sleep 1000)
	bulkhead exec "$id" true
	bulkhead rm -f "$id" >/dev/null
}

# The container's first process is killed from outside.
end_by_kill() {
	local id
	id=$(bulkhead run -d busybox sleep 1000)
	kill -KILL "$(container_pid "$id")"
	bulkhead wait "$id" >/dev/null
	bulkhead rm "$id" >/dev/null
}

# The monitor is killed: the next command finds out.
end_by_lost_monitor() {
	local id pid
	id=$(bulkhead run -d busybox sleep 1000)
	pid=$(container_pid "$id")
	kill -KILL "$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")"
	bulkhead rm -f "$id" >/dev/null
}

# The command is killed at a random moment of the start; whatever it made is removed by the next ones.
end_by_lost_command() {
	bulkhead run --name "lost$1" busybox sleep 1000 >/dev/null 2>&1 &
	sleep "0.0$((RANDOM % 10))"
	kill -KILL $! 2>/dev/null || true
	wait $! 2>/dev/null || true
	bulkhead rm -f "lost$1" >/dev/null 2>&1 || true
}

ends=(by_itself by_stop by_force by_kill by_lost_monitor by_lost_command)

# What grows where something leaks: counts of the whole host, which is otherwise idle.
host_counts() {
	echo "mounts $(wc -l </proc/self/mountinfo)"
	awk 'NR > 1 { print "cgroups " $1 " " $3 }' /proc/cgroups
	awk '/^(nf_conntrack|sockstat)/ { next } { print "file handles " $1 - $1 % 256 }' /proc/sys/fs/file-nr
}

@test "$cycles cycles leave nothing" {
	local round before after
	busybox_image
	for round in $(seq 12); do "end_${ends[round % 6]}" "$round"; done
	before=$(host_counts)
	for round in $(seq "$cycles"); do
		"end_${ends[round % 6]}" "$round" || fail "round $round, end ${ends[round % 6]}"
		((round % 100)) || echo "# $round of $cycles" >&3
	done
	run bulkhead ps -aq
	assert_output ""
	wait_for 10 test -z "$(left_processes "$(engine_ids)")"
	after=$(host_counts)
	[[ $after == "$before" ]] || diff <(echo "$before") <(echo "$after") | fail
}

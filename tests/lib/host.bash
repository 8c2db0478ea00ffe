# shellcheck shell=bash
# What a test's engine may leave on the host, and finding it. Tests run side by side: only what is surely of $engine
# counts, and is found by its directory or by the ids of its containers.

# Every id that this engine ever knew: SQLite's files keep deleted rows' bytes, directories and events the rest.
engine_ids() {
	{
		find "$engine" -maxdepth 3 -printf '%f\n'
		find "$engine" -maxdepth 2 -type f -print0 | xargs -0 -r cat
	} 2>/dev/null | grep -aoE '\b[0-9a-f]{64}\b' | sort -u
}

# Mounts below the engine's directory, or of its directories elsewhere.
left_mounts() {
	awk -v dir="$engine" 'index($0, dir "/") { print "mount " $5 }' /proc/self/mountinfo
}

# Control groups named after a container of ours, in every hierarchy.
left_cgroups() {
	local ids=$1 mounts
	[[ -n $ids ]] || return 0
	mapfile -t mounts < <(awk '/ - cgroup2? / { print $5 }' /proc/self/mountinfo)
	find "${mounts[@]}" -mindepth 1 -maxdepth 8 -type d 2>/dev/null | grep -F "$ids" | sed 's/^/cgroup /'
}

# Our programs with this engine's directory in their arguments, and processes in our control groups.
left_processes() {
	local ids=$1 file name
	while read -r file; do
		{ read -r name <"${file%/cmdline}/comm"; } 2>/dev/null || continue
		[[ $name != bulkhead* ]] || echo "process ${file//[!0-9]/} $name"
	done < <(grep -lsF "$engine/" /proc/[0-9]*/cmdline)
	[[ -n $ids ]] || return 0
	grep -lsF "$ids" /proc/[0-9]*/cgroup | sed "s|[^0-9]*\([0-9]*\).*|process \1, in a container's cgroup|"
}

# Id ranges still leased to one of our containers.
left_ranges() {
	grep -lF "$engine/" /run/bulkhead/ids/* 2>/dev/null | sed 's/^/id range /'
}

# Half-made files, which only a crash may leave, and then only until the next command.
left_temporaries() {
	find "$engine" \( -name '.tmp-*' -o -name '.deep-*' \) -printf 'temporary %p\n' 2>/dev/null
}

# All of it, one a line; nothing when the host is clean.
host_leftovers() {
	local ids
	ids=$(engine_ids)
	left_mounts
	left_cgroups "$ids"
	left_processes "$ids"
	left_ranges
	left_temporaries
}

# What no container may change on the host, however it tries: compared, not cleaned.
host_fingerprint() {
	uname -n
	md5sum /proc/sys/kernel/{core_pattern,modprobe,domainname,panic,sysrq,randomize_va_space,yama/ptrace_scope} \
		/proc/sys/vm/{overcommit_memory,panic_on_oom} /proc/sys/net/ipv4/ip_forward /sys/kernel/uevent_helper \
		/proc/swaps /etc/{passwd,group,shadow,hosts,resolv.conf} 2>/dev/null
	find /sys/fs/cgroup -maxdepth 3 -name release_agent -exec md5sum {} + 2>/dev/null
	cut -d ' ' -f 1 /proc/modules 2>/dev/null | sort | md5sum
	stat -c '%n %a %u %g %t:%T' /dev/null /dev/zero /dev/random /dev/tty / /tmp /etc/passwd /etc/shadow
}

# Fails the test if the engine has left anything, for at most 5 seconds of grace: the end of a container is recorded by a
# process that may still be at work.
assert_host_clean() {
	local end=$((SECONDS + 5)) left after
	while left=$(host_leftovers) && [[ -n $left ]]; do
		if ((SECONDS >= end)); then
			printf '%s\n' "$left" | batslib_decorate "left on the host" | fail
			return 1
		fi
		sleep 0.1
	done
	after=$(host_fingerprint)
	[[ $after == "$host_before" ]] ||
		diff <(echo "$host_before") <(echo "$after") | batslib_decorate "changed on the host" | fail
}

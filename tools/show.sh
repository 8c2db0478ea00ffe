#!/bin/sh
# Runs inside a container, fed to its shell, and prints what confines it, one line each: read from the kernel, not from
# what the engine says it did. HOST_NAMESPACES is what the caller sees of its own namespaces, to compare with.

line() { printf '%-16s %s\n' "$1" "$2"; }

# The value of a field in /proc/self/status.
status_of() {
	while read -r name value; do
		[ "$name" = "$1:" ] && echo "$value" && return
	done </proc/self/status
}

show_ids() {
	while read -r inside outside count; do
		line "user ids" "$inside-$((inside + count - 1)) here are $outside-$((outside + count - 1)) on the host"
	done </proc/self/uid_map
}

show_namespaces() {
	own='' shared=''
	for path in /proc/self/ns/*; do
		name=${path##*/}
		case $name in *_for_children) continue ;; esac
		case " $HOST_NAMESPACES " in
		*" $(readlink "$path") "*) shared="$shared $name" ;;
		*) own="$own $name" ;;
		esac
	done
	line namespaces "own:$own; the host's:${shared:- none}"
}

# The names of the capabilities in a mask, in the order of their numbers (capabilities(7)).
capability_names() {
	mask=$((0x$1)) names=''
	for name in CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE \
		NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE \
		SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL \
		SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE; do
		[ $((mask & 1)) = 1 ] && names="$names $name"
		mask=$((mask >> 1))
	done
	echo "${names:- none}"
}

show_seccomp() {
	case $(status_of Seccomp) in
	2) line seccomp "a filter decides about each system call ($(status_of Seccomp_filters) in force)" ;;
	*) line seccomp "none" ;;
	esac
}

# Landlock shows nowhere in /proc. A whiteout, character device 0:0, may be made by anybody on a tmpfs; only Landlock
# says EACCES to it.
show_landlock() {
	if said=$(LC_ALL=C mknod /dev/shm/probe c 0 0 2>&1); then
		rm -f /dev/shm/probe
		line landlock "none: a device node could be made"
		return
	fi
	case $said in
	*"Permission denied"*) line landlock "in force: making a device node is denied" ;;
	*) line landlock "not seen: ${said##*: }" ;;
	esac
}

# What is mounted below /proc and /sys: an empty tmpfs or /dev/null hides a path, a read-only mount protects it.
show_paths() {
	hidden='' protected=''
	while read -r _ _ _ root at options rest; do
		case $at in /proc/* | /sys/* | /sys) ;; *) continue ;; esac
		case "$root $rest" in
		/null\ *) hidden="$hidden $at" && continue ;;
		esac
		case "$options $rest" in
		ro*" - tmpfs "*) hidden="$hidden $at" ;;
		ro*) protected="$protected $at" ;;
		esac
	done </proc/self/mountinfo
	line "masked paths" "${hidden# }"
	line "read-only paths" "${protected# }"
}

# The first of the files that can be read, or a dash.
first_of() {
	for path; do
		if [ -r "$path" ] && read -r value <"$path"; then
			echo "$value"
			return
		fi
	done
	echo -
}

show_limits() {
	groups=/sys/fs/cgroup
	line "process limit" "$(first_of $groups/pids.max $groups/pids/pids.max)"
	line "memory limit" "$(first_of $groups/memory.max $groups/memory/memory.limit_in_bytes) bytes"
	# shellcheck disable=SC3045 # every shell of an image that is likely to be tried has it
	line "file limits" "$(ulimit -n) descriptors; core files of $(ulimit -c) blocks"
}

show_ids
show_namespaces
line capabilities "in force:$(capability_names "$(status_of CapEff)")"
line "" "can ever be had:$(capability_names "$(status_of CapBnd)")"
show_seccomp
line no_new_privs "$([ "$(status_of NoNewPrivs)" = 1 ] && echo "set: no program here can gain privileges" || echo "not set")"
show_landlock
show_paths
show_limits

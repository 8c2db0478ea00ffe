# shellcheck shell=bash
# Control groups that a test makes below the engine's own, with limits of their own: what is put into one, by
# `run --cgroup-parent NAME`, cannot hurt the machine when the wall under test is down.

# Where the hierarchy that controller $1 rules is mounted.
group_mount() {
	awk -v name="$1" '
		{ for (i = 7; $i != "-"; i++); }
		$(i + 1) == "cgroup" && index("," $(i + 3) ",", "," name ",") { one = $5 }
		$(i + 1) == "cgroup2" { two = $5 }
		END { print one ? one : two }' /proc/self/mountinfo
}

# The directory of the engine's own group under controller $1, or of the group $2 below it. A container must have run.
group_dir() {
	local dir
	dir=$(group_mount "$1")
	if [[ -e $dir/cgroup.controllers && -d /run/systemd/system ]]; then
		dir+=/bulkhead.slice/bulkhead.scope
	else
		dir+=/bulkhead
	fi
	echo "$dir${2:+/$2}"
}

# Writes $3 into the file of the group $1 that is named $4 in version 1, $5 in version 2, of controller $2.
group_write() {
	local dir
	dir=$(group_dir "$2" "$1")
	if [[ -e $dir/cgroup.controllers ]]; then
		echo "$3" >"$dir/$5"
	else
		echo "$3" >"$dir/$4"
	fi
}

# Prints the same file.
group_read() {
	local dir
	dir=$(group_dir "$2" "$1")
	if [[ -e $dir/cgroup.controllers ]]; then
		cat "$dir/$4"
	else
		cat "$dir/$3"
	fi
}

group_handed_down() {
	[[ ! -e $1/cgroup.subtree_control ]] || echo '+memory +pids' >"$1/cgroup.subtree_control"
}

# Makes the group $1 with $2 bytes of memory and $3 processes, and "engine" and "containers" in it.
group_make() {
	local controller dir
	for controller in memory pids; do
		dir=$(group_dir "$controller" "$1")
		[[ -d $dir ]] || mkdir "$dir"
		group_handed_down "$dir"
		mkdir -p "$dir/engine" "$dir/containers"
		group_handed_down "$dir/containers"
	done
	group_write "$1" memory "$2" memory.limit_in_bytes memory.max
	group_write "$1" pids "$3" pids.max pids.max
	[[ ! -e $(group_dir memory "$1")/memory.swap.max ]] || echo 0 >"$(group_dir memory "$1")/memory.swap.max"
}

# Puts this process into the group $1.
group_enter() {
	local controller dir
	for controller in memory pids; do
		dir=$(group_dir "$controller" "$1")
		if [[ -e $dir/cgroup.controllers ]]; then
			echo "$BASHPID" >"$dir/cgroup.procs"
		else
			echo "$BASHPID" >"$dir/tasks"
		fi
	done
}

# Removes it from every hierarchy: the engine has made it in those that the test had not. Never the engine's own group,
# which is everybody's. systemd may be taking it away with its scope.
group_remove() {
	local mount dir
	[[ $1 == test-* ]] || return 1
	while read -r mount; do
		dir=$mount/bulkhead/$1
		[[ ! -d $mount/bulkhead.slice/bulkhead.scope/$1 ]] || dir=$mount/bulkhead.slice/bulkhead.scope/$1
		if [[ -d $dir ]] && ! find "$dir" -depth -type d -exec rmdir {} +; then
			[[ ! -d $dir ]] || return 1
		fi
	done < <(awk '/ - cgroup2? / { print $5 }' /proc/self/mountinfo)
}

# kinds: plain apparmor
# shellcheck disable=SC2016 # for the shells in containers
# Attacks that change the whole host, here a machine that nobody else uses: refused to a default container; refused by
# each wall alone, all others being down; and successful without any.
load ../lib/helpers
load lib/guest

no='Operation not permitted'
unconfined=(--security-opt seccomp=unconfined --security-opt landlock=unconfined
	--security-opt no-new-privileges=false --security-opt systempaths=unconfined)
# The default filter without its rules for who has a capability: it refuses to root what it refuses to others.
filter=/bulkhead/compiled/profile.json
# Root of the host with all its capabilities, in namespaces of its own.
all_down=(--userns=host --cap-add ALL "${unconfined[@]}")

# Makes the attack $1 on the file $2 ("" for none) in a container with the options that follow.
attack() {
	local name=$1 file=$2
	shift 2
	run --separate-stderr bulkhead run --rm -v /bulkhead/compiled/host:/host:ro ${file:+-v "$file:/file"} "$@" busybox \
		/host "$name" ${file:+/file}
}

refused() {
	assert_failure 1
	assert_output "$1: ${2:-$no}"
}

succeeded() {
	assert_success
	assert_output "$1: succeeded"
}

# The walls before the system call $1 that takes capability $2 (any of $2) over the host; the file $3 goes into the
# container.
capability_is_a_wall() {
	local name=$1 file=${3:-} capability without=()
	for capability in $2; do
		without+=(--cap-drop "$capability")
	done
	attack "$name" "$file"
	refused "$name"
	attack "$name" "$file" "${all_down[@]}" "${without[@]}"
	refused "$name"
	# worth nothing over the host in a user namespace
	attack "$name" "$file" "${unconfined[@]}" --cap-add ALL
	refused "$name"
	# the filter alone
	attack "$name" "$file" "${all_down[@]}" --security-opt seccomp=$filter
	refused "$name"
	attack "$name" "$file" "${all_down[@]}"
	succeeded "$name"
}

@test "clock_settime" { capability_is_a_wall clock_settime SYS_TIME; }

@test "kexec_load, and what forgets the kernel again" {
	local loaded=/sys/kernel/kexec_loaded
	[ "$(cat $loaded)" = 0 ]
	capability_is_a_wall kexec_load SYS_BOOT
	[ "$(cat $loaded)" = 1 ]
	capability_is_a_wall kexec_unload SYS_BOOT
	[ "$(cat $loaded)" = 0 ]
}

# What it would load is no kernel: that it says so is the success.
@test "kexec_file_load" { capability_is_a_wall kexec_file_load SYS_BOOT; }

@test "syslog: clearing the kernel's log" {
	echo 'attacks.bats was here' >/dev/kmsg
	attack syslog ''
	refused syslog
	dmesg | grep -q 'attacks.bats was here'
	capability_is_a_wall syslog 'SYSLOG SYS_ADMIN' # the kernel takes either
	run dmesg
	refute_output --partial 'attacks.bats was here'
}

@test "reboot" {
	attack reboot ''
	refused reboot
	attack reboot '' "${all_down[@]}" --pid=host --cap-drop SYS_BOOT
	refused reboot
	attack reboot '' "${unconfined[@]}" --cap-add ALL --pid=host
	refused reboot
	attack reboot '' "${all_down[@]}" --pid=host --security-opt seccomp=$filter
	refused reboot
	# in a pid namespace of its own only that can be rebooted
	attack reboot '' "${all_down[@]}"
	refused reboot 'Invalid argument'
	attack reboot '' "${all_down[@]}" --pid=host
	succeeded reboot
}

@test "swapon, swapoff" {
	dd if=/dev/zero of=/var/tmp/swap bs=64k count=32 status=none
	chmod 600 /var/tmp/swap
	mkswap -q /var/tmp/swap
	capability_is_a_wall swapon SYS_ADMIN /var/tmp/swap
	[ "$(wc -l </proc/swaps)" = 2 ]
	capability_is_a_wall swapoff SYS_ADMIN /var/tmp/swap
	[ "$(wc -l </proc/swaps)" = 1 ]
	rm /var/tmp/swap
}

@test "loading and unloading a kernel module" {
	local call
	is_loaded() { grep -q '^dummy ' /proc/modules; }
	unload() {
		run --separate-stderr bulkhead run --rm -v /bulkhead/compiled/host:/host:ro "$@" busybox /host delete_module dummy
	}
	cp "$(modinfo -F filename dummy)" /var/tmp/dummy
	for call in init_module finit_module; do
		run -1 is_loaded
		capability_is_a_wall $call SYS_MODULE /var/tmp/dummy
		is_loaded
		unload
		refused delete_module
		unload "${all_down[@]}" --cap-drop SYS_MODULE
		refused delete_module
		unload "${unconfined[@]}" --cap-add ALL
		refused delete_module
		unload "${all_down[@]}" --security-opt seccomp=$filter
		refused delete_module
		is_loaded
		unload "${all_down[@]}"
		succeeded delete_module
	done
	run -1 is_loaded
	rm /var/tmp/dummy
}

# --- around the filter ------------------------------------------------------------------------------------------------

# Only where a kernel has x32's calls can one succeed. Debian's cloud kernel has none, not even with syscall.x32=y on its
# command line (tests/vm/kinds), which is what its kernel with x32 would want: whether the filter refuses them is then seen
# in tests/unit/oci/test_seccomp.c alone, which runs the filter itself.
@test "a user namespace by an x32 call" {
	local attack=(-v /bulkhead/compiled/calls:/calls:ro) native
	grep -qw syscall.x32=y /proc/cmdline
	native=$(/bulkhead/compiled/calls x32) || true
	run bulkhead run --rm "${attack[@]}" busybox /calls x32
	assert_failure
	refute_output --partial succeeded
	# the filter alone
	run bulkhead run --rm "${attack[@]}" "${all_down[@]}" --security-opt seccomp=$filter busybox /calls x32
	assert_failure
	refute_output --partial succeeded
	run bulkhead run --rm "${attack[@]}" "${all_down[@]}" busybox /calls x32
	assert_output "$native"
	[ "$native" != 'x32: ENOSYS' ] || skip 'this kernel is built without x32: the same call outside of any container is ENOSYS'
	assert_output 'x32: succeeded'
}

# --- files of the kernel ----------------------------------------------------------------------------------------------

# Writes $2 to the file $1 in a container with the options that follow.
overwrite() {
	local path=$1 text=$2
	shift 2
	run bulkhead run --rm "$@" busybox sh -c "echo '$text' >$path"
}

# The walls before the host's $1, which belongs to root: read-only paths, and not being root of the host.
paths_are_a_wall() {
	local path=$1 text=$2 before
	before=$(cat "$path")
	overwrite "$path" "$text"
	assert_failure
	overwrite "$path" "$text" --userns=host --cap-add ALL --security-opt seccomp=unconfined
	assert_failure
	assert_output --partial 'Read-only file system'
	overwrite "$path" "$text" "${unconfined[@]}" --cap-add ALL
	assert_failure
	assert_output --partial 'Permission denied'
	[ "$(cat "$path")" = "$before" ]
	overwrite "$path" "$text" "${all_down[@]}"
	assert_success
	[ "$(cat "$path")" = "$text" ]
	echo "$before" >"$path"
}

# What the kernel would run as root for each device that comes or goes. Debian's kernel is built without it, so that there
# is nothing to write, for anybody; where it is the walls are those of every file of /sys.
@test "uevent_helper" {
	local path=/sys/kernel/uevent_helper
	if [ -e $path ]; then
		paths_are_a_wall $path /tmp/attack
		return
	fi
	for options in '' "${all_down[*]}" --privileged; do
		# shellcheck disable=SC2086 # words
		run bulkhead run --rm $options busybox sh -c "ls /sys/kernel >/dev/null && echo /tmp/attack >$path"
		assert_failure
		[ ! -e $path ]
	done
	assert_output --regexp 'Permission denied|nonexistent|No such file'
}

@test "core_pattern" { paths_are_a_wall /proc/sys/kernel/core_pattern '|/tmp/attack'; }
@test "the program that loads modules" { paths_are_a_wall /proc/sys/kernel/modprobe /tmp/attack; }

@test "sysrq-trigger" {
	helped() { dmesg | grep -c 'sysrq: HELP' || true; }
	before=$(helped)
	overwrite /proc/sysrq-trigger h
	assert_failure
	overwrite /proc/sysrq-trigger h --userns=host --cap-add ALL --security-opt seccomp=unconfined
	assert_failure
	assert_output --partial 'Read-only file system'
	overwrite /proc/sysrq-trigger h "${unconfined[@]}" --cap-add ALL
	assert_failure
	assert_output --partial 'Permission denied'
	[ "$(helped)" = "$before" ]
	overwrite /proc/sysrq-trigger h "${all_down[@]}"
	assert_success
	[ "$(helped)" -gt "$before" ]
}

@test "settings in /sys" {
	local path=/sys/kernel/mm/transparent_hugepage/enabled before
	before=$(cat $path)
	overwrite $path never
	assert_failure
	overwrite $path never "${all_down[@]}"
	assert_failure
	assert_output --partial 'Read-only file system'
	[ "$(cat $path)" = "$before" ]
	overwrite $path never --privileged
	assert_success
	[[ $(cat $path) == *'[never]'* ]]
	before=${before#*[}
	echo "${before%]*}" >$path
}

@test "reading the kernel's memory through kcore" {
	local elf=$'\x7fELF'
	read_kcore() {
		run bulkhead run --rm "$@" busybox head -c 4 /proc/kcore
	}
	read_kcore
	refute_output --partial "$elf"
	# masked
	read_kcore --userns=host --cap-add ALL --security-opt seccomp=unconfined
	refute_output --partial "$elf"
	read_kcore "${all_down[@]}" --cap-drop SYS_RAWIO
	assert_failure
	assert_output --partial "$no"
	read_kcore "${unconfined[@]}" --cap-add ALL
	assert_failure
	read_kcore "${all_down[@]}"
	assert_success
	assert_output --partial "$elf"
}

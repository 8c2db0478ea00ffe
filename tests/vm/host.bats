# kinds: plain v1 apparmor selinux systemd systemd-v1
# Each kind is the host that its name says: what the other files of this directory stand on.

setup() {
	kind=$BULKHEAD_VM_KIND
}

# The file system type that is mounted at a directory itself; nothing if none is.
type_at() {
	awk -v dir="$1" '$5 == dir { for (i = 7; $i != "-"; i++); type = $(i + 1) } END { print type }' /proc/self/mountinfo
}

has_word() { # word text
	[[ " $2 " == *" $1 "* ]]
}

@test "the kernel is Debian's cloud kernel, with its modules" {
	[[ $(uname -r) == *-cloud-amd64 ]]
	[ -d "/lib/modules/$(uname -r)/kernel" ]
}

@test "pid 1 is the one of the kind" {
	case $kind in
	systemd*)
		[ "$(cat /proc/1/comm)" = systemd ]
		[ -d /run/systemd/system ]
		;;
	*)
		[ "$(cat /proc/1/comm)" = init ]
		[ ! -e /run/systemd ]
		;;
	esac
}

@test "all units of systemd are up, or there is none" {
	case $kind in
	systemd*)
		run systemctl is-system-running
		echo "$output"
		systemctl list-units --no-pager --state=failed
		[ "$output" = running ]
		busctl --no-pager status org.freedesktop.systemd1 >/dev/null
		;;
	*) [ ! -e /run/dbus/system_bus_socket ] ;;
	esac
}

@test "cgroups are mounted as the kind says" {
	case $kind in
	v1)
		[ "$(type_at /sys/fs/cgroup)" = tmpfs ]
		[ "$(type_at /sys/fs/cgroup/memory)" = cgroup ]
		[ "$(type_at /sys/fs/cgroup/cpu,cpuacct)" = cgroup ]
		run grep -c ' - cgroup2 ' /proc/self/mountinfo
		[ "$output" = 0 ]
		;;
	systemd-v1)
		[ "$(type_at /sys/fs/cgroup)" = tmpfs ]
		[ "$(type_at /sys/fs/cgroup/memory)" = cgroup ]
		[ "$(type_at /sys/fs/cgroup/unified)" = cgroup2 ]
		;;
	*)
		[ "$(type_at /sys/fs/cgroup)" = cgroup2 ]
		run grep -c ' - cgroup ' /proc/self/mountinfo
		[ "$output" = 0 ]
		;;
	esac
}

@test "every controller is there" {
	case $kind in
	v1 | systemd-v1)
		for name in cpu cpuacct cpuset memory devices freezer blkio pids; do
			[ "$(awk -v name="$name" '$1 == name { print $4, ($2 > 0) }' /proc/cgroups)" = '1 1' ]
			[ -e "/sys/fs/cgroup/$name/tasks" ]
		done
		;;
	*)
		available=$(cat /sys/fs/cgroup/cgroup.controllers)
		for name in cpu cpuset io memory pids hugetlb; do
			has_word "$name" "$available"
		done
		;;
	esac
}

@test "systemd has enabled controllers below the root, nobody has without it" {
	case $kind in
	systemd)
		enabled=$(cat /sys/fs/cgroup/cgroup.subtree_control)
		has_word memory "$enabled"
		has_word pids "$enabled"
		;;
	systemd-v1) [ -d /sys/fs/cgroup/memory/system.slice ] ;;
	v1) [ -z "$(find /sys/fs/cgroup/memory -mindepth 1 -type d)" ] ;;
	*) [ -z "$(cat /sys/fs/cgroup/cgroup.subtree_control)" ] ;;
	esac
}

@test "a limit on processes holds in a new cgroup" {
	case $kind in
	v1 | systemd-v1) group=/sys/fs/cgroup/pids/host.bats ;;
	*)
		group=/sys/fs/cgroup/host.bats
		before=$(cat /sys/fs/cgroup/cgroup.subtree_control)
		echo +pids >/sys/fs/cgroup/cgroup.subtree_control
		;;
	esac
	mkdir "$group"
	echo 1 >"$group/pids.max"
	# shellcheck disable=SC2016 # for the inner shell; busybox, because bash would try the fork again for 15 s
	run busybox sh -c 'echo $$ >"$1/cgroup.procs" && echo one && (:) && echo two' _ "$group"
	rmdir "$group"
	case $kind in
	v1 | systemd*) ;;
	*) has_word pids "$before" || echo -pids >/sys/fs/cgroup/cgroup.subtree_control ;;
	esac
	echo "$output"
	[ "${lines[0]}" = one ]
	[ "$status" -ne 0 ]
	[[ $output == *'Resource temporarily unavailable'* ]]
}

@test "the security modules are those of the kind" {
	lsm=$(tr , ' ' </sys/kernel/security/lsm)
	echo "$lsm"
	for name in landlock yama bpf; do
		has_word "$name" "$lsm"
	done
	case $kind in
	apparmor | systemd*)
		has_word apparmor "$lsm"
		[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ]
		run has_word selinux "$lsm"
		[ "$status" -ne 0 ]
		;;
	selinux)
		has_word selinux "$lsm"
		[ "$(getenforce)" = Enforcing ]
		run has_word apparmor "$lsm"
		[ "$status" -ne 0 ]
		;;
	*)
		run has_word apparmor "$lsm"
		[ "$status" -ne 0 ]
		run has_word selinux "$lsm"
		[ "$status" -ne 0 ]
		;;
	esac
}

@test "the security module of the kind forbids what it is told to" {
	echo secret >/tmp/host.bats.secret
	case $kind in
	apparmor | systemd*)
		cat >/tmp/host.bats.profile <<-'P'
			profile host_bats {
				/{,**} rmix,
				deny /tmp/host.bats.secret r,
			}
		P
		apparmor_parser -r /tmp/host.bats.profile
		run aa-exec -p host_bats -- cat /tmp/host.bats.secret
		[ "$status" -ne 0 ]
		[[ $output == *'Permission denied'* ]]
		apparmor_parser -R /tmp/host.bats.profile
		;;
	selinux)
		[[ $(tr -d '\0' </proc/1/attr/current) == system_u:system_r:init_t:* ]]
		[[ $(id -Z) == unconfined_u:unconfined_r:unconfined_t:* ]]
		run runcon system_u:system_r:svirt_t:s0 cat /tmp/host.bats.secret
		[ "$status" -ne 0 ]
		;;
	*)
		[ ! -e /sys/kernel/security/apparmor ]
		[ ! -e /sys/fs/selinux/enforce ]
		;;
	esac
	cat /tmp/host.bats.secret
	rm /tmp/host.bats.secret
}

@test "alice is an ordinary user with subordinate ids" {
	[ "$(id -u alice)" = 1000 ]
	run runuser -u alice -- cat /etc/shadow
	[ "$status" -ne 0 ]
	run runuser -u alice -- unshare --map-root-user --map-auto cat /proc/self/uid_map
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ 0\ +1000\ +1 ]]
	[[ $output =~ 1\ +100000\ +65535 ]]
}

@test "the kernel loads modules when they are asked for" {
	mkdir -p /tmp/host.bats/{lower,upper,work,merged}
	mount -t overlay -o lowerdir=/tmp/host.bats/lower,upperdir=/tmp/host.bats/upper,workdir=/tmp/host.bats/work \
		overlay /tmp/host.bats/merged
	umount /tmp/host.bats/merged
	rm -r /tmp/host.bats
	ip link add host0 type veth peer name host1
	ip link del host0
}

@test "the root keeps project quotas" {
	grep -q '^/dev/vda / ext4 .*prjquota' /proc/mounts
	mkdir /var/lib/host.bats
	chattr -p 77 /var/lib/host.bats
	[[ $(lsattr -dp /var/lib/host.bats) =~ ^\ *77\  ]]
	rmdir /var/lib/host.bats
}

@test "pid 1 reaps what loses its parent" {
	orphan=$( (sleep 0.1 >/dev/null 3>&- & echo $!))
	for _ in {1..100}; do
		[ -d "/proc/$orphan" ] || break
		sleep 0.1
	done
	[ ! -d "/proc/$orphan" ]
}

# docs/defaults.md against a container that asked for nothing: the second column of its tables, and its lists.
load ../lib/helpers

doc=$BATS_TEST_DIRNAME/../../docs/defaults.md

setup() {
	engine_setup
	busybox_image
}

# The value that the document gives for the row $1.
documented() {
	awk -F' *\\| *' -v row="$1" '$2 == row {gsub(/`/, "", $3); print $3; found++} END {exit found != 1}' "$doc"
}

# The lines of the list marked $1.
listed() {
	awk -v mark="\`\`\`$1" '$0 == mark {on = 1; next} /^```/ {on = 0} on' "$doc"
}

in_default() {
	bulkhead run --rm busybox sh -c "$1"
}

inspected() {
	local id
	id=$(bulkhead create busybox true)
	bulkhead inspect -f "$1" "$id"
	bulkhead rm "$id" >/dev/null
}

@test "namespaces: none of them is the host's" {
	own=()
	for name in $(documented namespaces); do
		[[ $(in_default "readlink /proc/self/ns/$name") != "$(readlink "/proc/self/ns/$name")" ]]
		own+=("$name")
	done
	((${#own[@]} == 7))
}

@test "ids" {
	run in_default 'while read -r inside outside length; do echo "$inside $length $((outside > 0x70000000))"; done </proc/self/uid_map'
	assert_output "0 $(documented ids) 1"
}

@test "network and privileged" {
	run inspected '{{.HostConfig.NetworkMode}} {{.HostConfig.Privileged}}'
	assert_output "$(documented network) $(documented privileged)"
}

@test "mount propagation" {
	run in_default 'grep -c -E "shared:|master:" /proc/self/mountinfo'
	assert_output 0
	assert_equal "$(documented "mount propagation")" private
}

@test "capabilities" {
	want=0
	for name in $(documented capabilities); do
		number=$(awk -v name="CAP_$name" '$2 == name {print $3; exit}' /usr/include/linux/capability.h)
		((want |= 1 << number))
	done
	run in_default "sed -n 's/^CapBnd:\t//p' /proc/self/status"
	assert_output "$(printf '%016x' "$want")"
}

@test "no_new_privs and seccomp" {
	run in_default 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status'
	assert_output "$(printf 'NoNewPrivs:\t%s\nSeccomp:\t%s' "$(documented no_new_privs)" "$(documented seccomp)")"
}

@test "Landlock: with every other wall against it off, a node of /dev/null's kind is not made" {
	assert_equal "$(documented Landlock)" on
	# MKNOD is the capability, the node is 0:0, which every user may make (mknod(2)): only Landlock refuses it.
	run bulkhead run --rm busybox mknod /dev/shm/x c 0 0
	assert_failure
	run bulkhead run --rm --security-opt landlock=unconfined busybox mknod /dev/shm/x c 0 0
	assert_success
}

@test "the root mount" {
	run in_default 'while read -r _ _ _ _ point options _; do [ $point = / ] && echo $options; done </proc/self/mountinfo'
	for option in $(documented "root mount"); do
		assert_output --partial "$option"
	done
}

@test "/dev" {
	run in_default 'ls /dev | tr "\n" " "'
	assert_output "$(documented /dev | sed 's/^console //') "
}

@test "/dev/shm, limits and log as inspect says them" {
	run inspected '{{.HostConfig.ShmSize}} {{.HostConfig.PidsLimit}} {{index .HostConfig.LogConfig.Config "max-size"}}'
	assert_output "$(documented /dev/shm) $(documented processes) $(documented log)"
}

@test "core files and open files" {
	run in_default 'ulimit -Sc; ulimit -Sn'
	assert_output "$(documented "core files")
$(documented "open files")"
}

@test "masked paths: what inspect says, and what of it the kernel has shows nothing" {
	run inspected '{{join .HostConfig.MaskedPaths "\n"}}'
	assert_output "$(listed masked)"
	run in_default "for p in $(listed masked | tr '\n' ' '); do [ -d \$p ] && ls -A \$p; [ -f \$p ] && echo file \$p; [ -c \$p ] && cat \$p; done; true"
	assert_success
	assert_output ''
}

@test "read-only paths" {
	run inspected '{{join .HostConfig.ReadonlyPaths "\n"}}'
	assert_output "$(listed readonly)"
	run in_default 'echo 1 >/proc/sys/kernel/panic'
	assert_failure
}

# shellcheck shell=bash
# One boot of the machine in $work (vmlinuz, initrd, root, product) and the reading of its report.
# guest/tests describes the protocol.

# From the tests' end to the machine's: systemd gives what does not stop 90 seconds.
turn_off_s=150
qemu_pid=

# Sets command. The second serial port is the report, on QEMU's own output; the first is the console, in a file.
make_command() { # kind boot token
	local init parameters
	read -r _ init parameters < <(rows kinds "$1")
	parameters+=" bulkhead.kind=$1 bulkhead.boot=$2 bulkhead.init=$init bulkhead.token=$3"
	# shellcheck disable=SC2054 # the commas are QEMU's
	command=(timeout --kill-after=10 "$timeout_s" qemu-system-x86_64
		-M q35 -accel tcg,thread=multi -cpu max -smp 2 -m "$memory_mib"
		-nodefaults -display none -no-reboot
		-kernel "$work/vmlinuz" -initrd "$work/initrd"
		-append "console=ttyS0 quiet panic=-1 $parameters"
		-drive "file=$work/root,format=raw,if=virtio"
		-drive "file=$work/product,format=raw,if=virtio,readonly=on"
		-serial "file:$work/console.$1.$2" -serial stdio)
}

stop_qemu() {
	[[ -z $qemu_pid ]] || kill "$qemu_pid" 2>/dev/null
}

# Reads until the machine is off. Sets ended, files_done and stuck.
read_report() { # label token descriptor
	local line word rest limit_s
	while true; do
		# Before the tests' end the limit is timeout's, which ends QEMU and with it the report.
		limit_s=$((ended ? turn_off_s : timeout_s + 60))
		IFS= read -r -t "$limit_s" line <&"$3" || {
			(($? <= 128)) || stuck=1
			return
		}
		line=${line%$'\r'}
		if [[ $line != "@$2 "* ]]; then
			tap_line "$1" "$line"
			continue
		fi
		read -r _ word rest <<<"$line"
		case $word in
		file) tap_begin_file "$rest" ;;
		status) tap_end_file "$1" "${rest##* }" && files_done=$((files_done + 1)) ;;
		failed) tap_fail "$1 $rest" ;;
		end) ended=1 ;;
		esac
	done
}

# Fails, with a `not ok` that says why, unless the whole plan was run and the machine went off by itself.
judge() { # label status files_planned
	if ((stuck)); then
		tap_fail "$1: did not turn off within $turn_off_s s of its tests' end"
	elif (($2 == 124 || $2 == 137)); then
		tap_fail "$1: stopped after $timeout_s s${tap_file:+, in $tap_file after $tap_seen results}"
	elif ((!ended)); then
		tap_fail "$1: ended without a report of its tests' end (QEMU's status is $2)"
	elif ((files_done != $3)); then
		tap_fail "$1: $files_done test files ran, not $3"
	else
		return 0
	fi
	return 1
}

show_console() { # kind boot
	echo '# the last lines of QEMU and of the console:'
	tail -qn 30 "$work/qemu.$1.$2" "$work/console.$1.$2" 2>/dev/null | tr -d '\r' | sed 's/^/#   /'
}

# Fails when the boots after this one cannot follow; a failed test is no reason.
boot() { # kind boot
	local label="[$1] boot $2" token command report status ended=0 files_done=0 stuck=0
	token=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
	make_command "$1" "$2" "$token"
	say "$1: boot $2"
	exec {report}< <(exec "${command[@]}" </dev/null 2>"$work/qemu.$1.$2")
	qemu_pid=$!
	read_report "[$1]" "$token" "$report"
	((!stuck)) || stop_qemu
	wait "$qemu_pid"
	status=$?
	qemu_pid=
	exec {report}<&-
	judge "$label" "$status" "$(wc -l <"$work/plan/$1.$2")" && return
	show_console "$1" "$2"
	return 1
}

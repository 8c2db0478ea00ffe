# Terminals: `run -it`, `exec -it` and `attach` typed at by tmux, and stdio without a terminal. Each test has a tmux server of
# its own with a shell whose terminal must be as before when bulkhead has returned.
# shellcheck disable=SC2016 # what is typed is for the shell in the container to expand
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
	BULKHEAD="$(realpath "$BULKHEAD_BUILD")/src/bulkhead --root $engine/root --state $engine/state"
	tmux_do -f /dev/null new-session -d -x 100 -y 30 'PS1="$ " exec bash --norc --noprofile' 3>&-
	type_line "stty -g >$engine/before"
	wait_for 5 test -s "$engine/before"
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || tmux_do capture-pane -p | grep .
	tmux_do kill-server
	engine_teardown
}

tmux_do() {
	tmux -S "$engine/tmux" "$@"
}

type_line() {
	tmux_do send-keys -l -- "$1"
	tmux_do send-keys Enter
}

# Whether the screen shows the line $1. ash asks the terminal where its cursor is; an answer that comes late, when a program
# has begun, is echoed before what that prints.
shows() {
	tmux_do capture-pane -p | sed -E 's/^(\^\[\[[0-9;]*R)*//' | grep -qxF -- "$1"
}

# The shell runs again and its terminal is what it was.
assert_restored() {
	restored=$((${restored:-0} + 1))
	type_line "stty -g >$engine/after; echo RESTORED=$restored"
	wait_for 5 shows "RESTORED=$restored"
	cmp "$engine/before" "$engine/after"
}

@test "run -it: a terminal that echoes, interrupts and returns the exit code" {
	type_line "$BULKHEAD run --rm -it busybox sh; echo CODE=\$?"
	type_line 'tty; echo "a=$((40 + 2))"'
	wait_for 10 shows /dev/pts/0
	wait_for 5 shows a=42
	type_line 'sleep 100; echo INTERRUPTED=$?'
	sleep 0.3
	tmux_do send-keys C-c
	type_line 'echo AFTER; exit 7'
	wait_for 5 shows AFTER
	wait_for 5 shows CODE=7
	assert_restored
}

@test "the size of the terminal follows" {
	type_line "$BULKHEAD run --rm -it busybox sh; echo CODE=\$?"
	type_line 'sleep 0.2; stty size'
	wait_for 10 shows '30 100'
	tmux_do resize-window -x 90 -y 20
	type_line 'sleep 0.2; stty size'
	wait_for 5 shows '20 90'
	type_line exit
	wait_for 10 shows CODE=0 # what is typed before may go to the container still
	assert_restored
}

@test "detach, attach again, and the container's exit code" {
	local id
	type_line "$BULKHEAD run -it --cidfile $engine/cid busybox sh; printf '\nDETACHED=%s\n' \$?"
	type_line 'echo "in=$((1 + 1))"'
	wait_for 10 shows in=2
	tmux_do send-keys C-p C-q
	wait_for 5 shows DETACHED=0
	assert_restored
	id=$(<"$engine/cid")
	container_is "$id" running
	type_line "$BULKHEAD attach --detach-keys ctrl-a,d $id; printf '\nAGAIN=%s\n' \$?"
	type_line 'echo "in=$((2 + 2))"'
	wait_for 10 shows in=4
	tmux_do send-keys C-a d
	wait_for 5 shows AGAIN=0
	assert_restored
	type_line "$BULKHEAD attach $id; echo CODE=\$?"
	type_line 'exit 5'
	wait_for 10 shows CODE=5
	assert_restored
}

@test "a client killed by a signal puts the terminal right, and the container lives on" {
	local signal
	for signal in TERM HUP INT QUIT; do
		rm -f "$engine/cid" "$engine/client"
		type_line "(echo \$BASHPID >$engine/client; exec $BULKHEAD run -it --sig-proxy=false --cidfile $engine/cid busybox sh)"
		type_line "echo \"ready=\$((1 + 1)) $signal\""
		wait_for 10 shows "ready=2 $signal"
		kill "-$signal" "$(<"$engine/client")"
		assert_restored
		container_is "$(<"$engine/cid")" running
	done
}

@test "a stopped client gives the terminal to the shell and takes it again" {
	local client
	type_line "$BULKHEAD run --rm -it --cidfile $engine/cid busybox sh"
	type_line 'echo "ready=$((1 + 1))"'
	wait_for 10 shows ready=2
	client=$(pgrep -f -- "--cidfile $engine/cid" | head -n 1)
	kill -TSTP "$client"
	type_line 'stty -g >/dev/null; echo "in the shell=$((3 + 3))"'
	wait_for 5 shows 'in the shell=6'
	type_line fg
	type_line 'echo "in the container=$((4 + 4))"'
	wait_for 5 shows 'in the container=8'
	type_line exit
	assert_restored
}

@test "exec -it" {
	local id
	id=$(bulkhead run -d busybox sleep 100)
	type_line "$BULKHEAD exec -it $id sh; echo CODE=\$?"
	type_line 'tty; echo "a=$((40 + 2))"; exit 6'
	wait_for 10 shows a=42
	wait_for 5 shows CODE=6
	assert_restored
	wait_for 5 test -z "$(ls "$engine/state/containers/$id/exec")"
}

@test "a killed monitor is an error, not a hang" {
	local id monitor
	type_line "$BULKHEAD run -it --cidfile $engine/cid busybox sh; echo CODE=\$?"
	type_line 'echo "ready=$((1 + 1))"'
	wait_for 10 shows ready=2
	id=$(<"$engine/cid")
	monitor=$(ps -o ppid= -p "$(container_pid "$id")")
	kill -KILL "$monitor"
	wait_for 5 shows CODE=125
	assert_restored
	wait_for 5 container_is "$id" exited
}

@test "stdin through a pipe, output whole, and its end" {
	seq 1 200000 >"$engine/in"
	bulkhead run --rm -i busybox cat <"$engine/in" >"$engine/out"
	cmp "$engine/in" "$engine/out"
	run bash -c "seq 1 200000 | $BULKHEAD run --rm -i busybox sh -c 'read x; echo first \$x'"
	assert_success
	assert_output 'first 1'
	run bash -c "$BULKHEAD run --rm busybox cat < $engine/in"
	assert_success
	assert_output ''
}

@test "a reader that leaves ends the client, not the container" {
	run --separate-stderr timeout 10 bash -c "$BULKHEAD run --cidfile $engine/cid busybox yes | head -n 1"
	assert_output y
	container_is "$(<"$engine/cid")" running
}

@test "signals go on to the container" {
	local client code=0
	bulkhead run --rm busybox sh -c 'trap "echo caught; exit 3" TERM; echo ready; while :; do sleep 0.05; done' \
		>"$engine/out" &
	client=$!
	wait_for 10 grep -q ready "$engine/out"
	pkill -TERM -P "$client"
	wait "$client" || code=$?
	assert_equal "$code" 3
	assert_equal "$(cat "$engine/out")" $'ready\ncaught'
}

@test "--init: process 1 hands signals on and reaps" {
	local id
	id=$(bulkhead run -d --init busybox sh -c '(sleep 0.1 &); echo up; exec sleep 100')
	sleep 0.5
	run bulkhead exec "$id" ps -o pid,stat,args
	assert_output --partial '/sbin/docker-init -- sh'
	refute_output --regexp '[0-9]+ Z'
	bulkhead kill -s TERM "$id"
	assert_equal "$(bulkhead wait "$id")" 143
}

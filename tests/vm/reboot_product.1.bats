# kinds: plain systemd
# What is there when the machine goes down; reboot_product.2.bats looks at it afterwards. Engine and image stay.
load ../lib/helpers
load lib/guest

setup_file() { :; }
teardown_file() { :; }
setup() { engine=/var/lib/reboot_product; }
teardown() { :; }

@test "before a reboot: containers run, have ended, and were only made" {
	mkdir -m 755 "$engine"
	mkdir -m 700 "$engine/root"
	mkdir -m 700 /run/reboot_product
	ln -s /run/reboot_product "$engine/state"
	busybox_image
	bulkhead run -d --name listens -v data:/data busybox \
		sh -c 'trap "exit 5" TERM; date >>/data/starts; echo up; while :; do sleep 0.1; done'
	bulkhead run -d --name deaf busybox sleep 6000
	bulkhead run -d --rm --name passing busybox sleep 6000
	run bulkhead run --name ended busybox sh -c 'exit 3'
	assert_failure 3
	bulkhead create --name made busybox true
	is_up() { bulkhead logs listens | grep -q up; }
	wait_for 60 is_up
	container_is deaf running
	# as a power cut has it: who would record its end never gets to it
	bulkhead run -d --name cut busybox sleep 6000
	kill -STOP "$(ps -o ppid= -p "$(container_pid cut)" | tr -d ' ')"
	bulkhead inspect --format '{{ .Id }}' cut >"$engine/cut.id"
}

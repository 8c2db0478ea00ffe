# inspect: what is in force, in docker's names.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

field() {
	bulkhead inspect --format "{{ $1 }}" "$2"
}

@test "the defaults that are in force are visible" {
	bulkhead create --name web busybox true >/dev/null
	assert_equal "$(field .HostConfig.PidsLimit web)" 4096
	assert_equal "$(field .HostConfig.NetworkMode web)" none
	assert_equal "$(field .HostConfig.ShmSize web)" 67108864
	assert_equal "$(field .HostConfig.LogConfig.Type web)" json-file
	assert_equal "$(field .HostConfig.SecurityOpt web)" "[]"
	(($(field .HostConfig.Memory web) > 0))
	run field 'json .HostConfig.MaskedPaths' web
	assert_output --partial '"/proc/kcore"'
	assert_output --partial '"/sys/firmware"'
	run field 'json .HostConfig.ReadonlyPaths' web
	assert_output --partial '"/proc/sysrq-trigger"'
}

@test "what was asked for is there" {
	bulkhead create --name web -m 64m --cpus 0.5 --pids-limit 10 --read-only --cap-drop ALL --cap-add CHOWN \
		--security-opt no-new-privileges -e A=b -l role=test -w /tmp -u 1:2 -h box --stop-signal SIGQUIT \
		--stop-timeout 3 -v data:/data -v /srv:/srv:ro --tmpfs /scratch:size=1m busybox echo hi >/dev/null
	assert_equal "$(field .HostConfig.Memory web)" 67108864
	assert_equal "$(field .HostConfig.MemorySwap web)" 134217728
	assert_equal "$(field .HostConfig.NanoCpus web)" 500000000
	assert_equal "$(field .HostConfig.PidsLimit web)" 10
	assert_equal "$(field .HostConfig.ReadonlyRootfs web)" true
	assert_equal "$(field .HostConfig.SecurityOpt web)" "[no-new-privileges]"
	assert_equal "$(field .Config.User web)" 1:2
	assert_equal "$(field .Config.Hostname web)" box
	assert_equal "$(field .Config.StopSignal web)" SIGQUIT
	assert_equal "$(field .Config.StopTimeout web)" 3
	assert_equal "$(field .Config.Labels.role web)" test
	assert_equal "$(field 'len .Mounts' web)" 3
	run field 'range .Mounts}}{{ .Type }} {{ .Destination }} {{ .RW }};{{ end' web
	assert_output "volume /data true;tmpfs /scratch true;bind /srv false;"
}

@test "a running container has a pid, an ended one its code and times" {
	bulkhead run -d --name web busybox sleep 1000 >/dev/null
	assert_equal "$(field .State.Running web)" true
	[[ $(tr '\0' ' ' <"/proc/$(field .State.Pid web)/cmdline") == "sleep 1000 " ]]
	bulkhead kill web >/dev/null
	wait_for 5 container_is web exited
	assert_equal "$(field .State.ExitCode web)" 137
	assert_equal "$(field .State.Pid web)" 0
	refute [ "$(field .State.FinishedAt web)" = 0001-01-01T00:00:00Z ]
}

@test "a privileged container shows no hidden paths" {
	bulkhead create --name web --privileged busybox true >/dev/null 2>&1
	assert_equal "$(field 'len .HostConfig.MaskedPaths' web)" 0
	assert_equal "$(field .HostConfig.UsernsMode web)" host
}

@test "sizes on demand" {
	bulkhead run --name web busybox dd if=/dev/zero of=/tmp/x bs=1000 count=5 2>/dev/null
	run bulkhead inspect --size --format '{{ .SizeRw }}' web
	assert_success
	assert_output 5000
}

@test "nothing of that name" {
	run bulkhead inspect nothing
	assert_failure 1
	assert_output --partial "nothing"
}

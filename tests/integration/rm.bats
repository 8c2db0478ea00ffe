# rm: a container with all that is its own, and nothing else.
load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

@test "the record and the directories go, the image and named volumes stay" {
	bulkhead run --name web -v data:/data busybox touch /data/x /y
	run bulkhead rm web
	assert_success
	assert_output web
	assert_equal "$(find "$engine/root/containers" -mindepth 1 | wc -l)" 0
	assert [ -e "$engine/root/volumes/data/_data/x" ]
	run bulkhead images -q
	refute_output ""
}

@test "a running one only by force" {
	bulkhead run -d --name web busybox sleep 1000 >/dev/null
	run bulkhead rm web
	assert_failure
	assert_output --partial "container is running"
	container_is web running
	run bulkhead rm -f web
	assert_success
	run bulkhead ps -aq
	assert_output ""
}

@test "files that root of the host would trip over" {
	bulkhead run --name web busybox sh -c '
		mkdir -p /a/b/c; chmod 000 /a; ln -s /etc /link; mkfifo /fifo; mkdir /d; cd /d
		for i in $(seq 200); do mkdir d; cd d; done; touch deep' 2>/dev/null
	run bulkhead rm web
	assert_success
	assert_equal "$(find "$engine/root/containers" -mindepth 1 | wc -l)" 0
	assert [ -d /etc ]
}

@test "several, and one that is not there" {
	bulkhead create --name one busybox true >/dev/null
	bulkhead create --name two busybox true >/dev/null
	run bulkhead rm one nobody two
	assert_failure
	assert_line one
	assert_line two
	assert_output --partial "no such container: nobody"
}

@test "-v takes anonymous volumes, without it they stay" {
	bulkhead create --name keep -v /data busybox true >/dev/null
	bulkhead create --name drop -v /data busybox true >/dev/null
	assert_equal "$(find "$engine/root/volumes" -mindepth 1 -maxdepth 1 | wc -l)" 2
	bulkhead rm keep
	assert_equal "$(find "$engine/root/volumes" -mindepth 1 -maxdepth 1 | wc -l)" 2
	bulkhead rm -v drop
	assert_equal "$(find "$engine/root/volumes" -mindepth 1 -maxdepth 1 | wc -l)" 1
}

@test "an image that a container uses" {
	bulkhead create --name web busybox true >/dev/null
	run bulkhead rmi busybox
	assert_failure
	assert_output --partial "is using its referenced image"
	bulkhead rm web
	run bulkhead rmi busybox
	assert_success
}

#!/usr/bin/env bats
# `bulkhead start`, attached: what a later start shows and passes on.

load ../lib/helpers

setup() {
	engine_setup
	busybox_image
}

@test "a container made for the background shows its output when a start attaches" {
	bulkhead run -d --name job busybox sh -c 'echo out; echo err >&2; exit 4' >/dev/null
	bulkhead wait job >/dev/null
	run --separate-stderr bulkhead start -a job
	assert_failure 4
	assert_output out
	[[ $stderr == err ]]
}

@test "start -i passes input on, start alone does not wait" {
	bulkhead create -i --name cat busybox cat >/dev/null
	run bulkhead start -ai cat <<<'through the container'
	assert_success
	assert_output 'through the container'
	bulkhead create --name job busybox sh -c 'sleep 1; exit 3' >/dev/null
	run bulkhead start job
	assert_success
	assert_output job
	run bulkhead wait job
	assert_output 3
	run bulkhead inspect -f '{{.State.Status}} {{.State.ExitCode}}' job
	assert_output 'exited 3'
}

@test "a container that runs is attached to, not started again" {
	bulkhead run -d --name web busybox sleep 60 >/dev/null
	run --separate-stderr bulkhead start -a web
	assert_failure 1
	[[ $stderr == *'already running'* ]]
	run bulkhead start web
	assert_success
	bulkhead rm -f web >/dev/null
}

@test "what cannot be executed says so, and the container has ended with that" {
	bulkhead create --name wrong busybox /nothing >/dev/null
	run --separate-stderr bulkhead start wrong
	assert_failure
	run bulkhead inspect -f '{{.State.Status}} {{.State.ExitCode}}' wrong
	assert_output 'exited 127'
}

# Pulling from Debian's docker-registry, with and without something that goes wrong in between (I1, I2).

load ../lib/helpers
load ../lib/registry

setup() { registry_setup; }
teardown() { registry_teardown; }

refused() {
	assert_failure 1
	[[ ${#stderr_lines[@]} == 1 ]] || fail "$stderr"
	[[ $stderr == *"$1"* ]] || fail "$stderr"
	store_is_empty
}

@test "what is pushed comes back with the same digests, and runs" {
	registry_start
	push_app
	run bulkhead pull "$image"
	assert_success
	assert_line --index 0 '1: Pulling from x/app'
	assert_line --regexp '^[0-9a-f]{12}: Pull complete$'
	assert_line --regexp '^Digest: sha256:[0-9a-f]{64}$'
	assert_line "Status: Downloaded newer image for $image"
	assert_line --index -1 "$image"
	digest=$(sed -n 's/^Digest: //p' <<<"$output")
	[[ $digest == "sha256:$(skopeo inspect --raw --tls-verify=false "docker://$image" | sha256sum | cut -c-64)" ]]
	# every blob is the one that was loaded
	for blob in $(tar -tf "$engine/app.tar" | sed -n 's,^blobs/sha256/\(.\),\1,p'); do
		tar -xOf "$engine/app.tar" "blobs/sha256/$blob" | cmp - "$engine/root/blobs/sha256/$blob"
	done
	run bulkhead run --rm --pull never --network none "$image" stat -c %h /srv/data
	assert_output 2
}

@test "again, by digest, quietly, all tags" {
	registry_start
	push_app
	digest=$(bulkhead pull "$image" | sed -n 's/^Digest: //p')
	run bulkhead pull "$image"
	assert_line "Status: Image is up to date for $image"
	run bulkhead images --digests --format '{{.Repository}} {{.Tag}} {{.Digest}}'
	assert_output "$registry/x/app 1 $digest"
	bulkhead rmi "$image" >/dev/null
	run bulkhead pull -q "$registry/x/app@$digest"
	assert_success
	assert_output "$registry/x/app@$digest"
	run bulkhead run --rm --network none "$registry/x/app@$digest" cat /etc/passwd
	assert_success
	skopeo copy -q --src-tls-verify=false --dest-tls-verify=false "docker://$image" "docker://$registry/x/app:2"
	run bulkhead pull -a "$registry/x/app"
	assert_success
	run bulkhead images --format '{{.Tag}}'
	assert_line 1
	assert_line 2
}

@test "a tag that has not changed costs one question" {
	registry_start
	front_start
	push_app
	bulkhead pull -q "$image" >/dev/null
	: >"$engine/front.log"
	bulkhead pull "$image"
	run cat "$engine/front.log"
	assert_output 'HEAD /v2/x/app/manifests/1 - - 200'
}

@test "run and create pull what is not there, on stderr" {
	registry_start
	push_app
	run --separate-stderr bulkhead run --rm --network none "$image" echo works
	assert_success
	assert_output works
	[[ $stderr == *"Unable to find image '$image' locally"* ]]
	[[ $stderr == *"Status: Downloaded newer image for $image"* ]]
	bulkhead rmi -f "$image" >/dev/null
	run --separate-stderr bulkhead run -q --rm --network none "$image" echo works
	assert_output works
	[[ -z $stderr ]]
	run --separate-stderr bulkhead run --rm --pull always --network none "$image" echo works
	assert_output works
	[[ $stderr == *'Image is up to date'* ]]
	run bulkhead create --pull never "$registry/x/other"
	assert_failure 1
	assert_output "bulkhead: no such image: $registry/x/other"
}

@test "what is not there, and where nobody is" {
	registry_start
	front_start
	run --separate-stderr bulkhead pull "$registry/x/none:3"
	refused "manifest for $registry/x/none:3 not found: MANIFEST_UNKNOWN: manifest unknown"
	run --separate-stderr bulkhead pull -a "$registry/x/none"
	refused 'NAME_UNKNOWN'
	kill -9 "${servers[@]}"
	run --separate-stderr timeout 30 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" pull "$registry/x/none"
	refused 'connect'
	run --separate-stderr bulkhead pull 'upper/CASE'
	refused 'invalid reference format'
	run --separate-stderr bulkhead pull -a "$registry/x/none:3"
	refused "tag can't be used with --all-tags/-a"
	run --separate-stderr bulkhead pull --platform windows/amd64 "$registry/x/none"
	refused 'platform "windows/amd64"'
}

@test "connections that break are gone on with where they stopped" {
	registry_start
	front_start
	push_app
	rules '[{"match": "GET /v2/x/app/blobs/", "do": "cut", "bytes": 400000, "times": 3}]'
	: >"$engine/front.log"
	bulkhead pull -q "$image"
	(($(requests 'GET .*blobs.* bytes=400000-.* 206') >= 1)) || fail "$(<"$engine/front.log")"
	run bulkhead run --rm --pull never --network none "$image" md5sum /srv/data
	assert_success
}

@test "a registry that is busy is asked again, when it says" {
	registry_start
	front_start
	push_app
	rules '[{"match": "(GET|HEAD) /v2/x/app/manifests", "do": "status", "status": 503, "times": 2},
		{"match": "GET /v2/x/app/blobs", "do": "status", "status": 429, "headers": {"Retry-After": "1"}, "times": 1}]'
	run bulkhead pull "$image"
	assert_success
	bulkhead rmi "$image" >/dev/null
	rules '[{"match": "GET /v2/x/app/manifests", "do": "status", "status": 429, "headers": {"Retry-After": "3600"},
		"body": "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"too many\"}]}"}]'
	run --separate-stderr bulkhead pull "$image"
	refused 'TOOMANYREQUESTS: too many'
}

@test "a pull that is killed is gone on with by the next" {
	registry_start
	front_start
	push_app
	rules '[{"match": "GET /v2/x/app/blobs/", "do": "cut", "bytes": 900000, "times": 1},
		{"match": "GET /v2/x/app/blobs/", "do": "slow", "seconds": 1}]'
	"$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" pull -q "$image" 3>&- &
	wait_for 20 partial_of 900000
	kill -9 $!
	wait $! || true
	[[ -z $(bulkhead images -q) ]]
	rules '[]'
	: >"$engine/front.log"
	bulkhead pull -q "$image"
	(($(requests 'GET .*blobs.* bytes=9[0-9]*-.* 206') == 1)) || fail "$(<"$engine/front.log")"
	[[ -z $(ls "$engine/root/partial") ]]
	run bulkhead run --rm --pull never --network none "$image" true
	assert_success
}

partial_of() {
	[[ -n $(find "$engine/root/partial" -type f -size +"$(($1 - 1))"c) ]]
}

@test "a download that is longer than it is to be is begun anew" {
	registry_start
	push_app
	layer=$(skopeo inspect --raw --tls-verify=false "docker://$image" | python3 -c 'import json, sys; print(json.load(sys.stdin)["layers"][1]["digest"][7:])')
	mkdir -p "$engine/root/partial"
	head -c 9000000 /dev/zero >"$engine/root/partial/$layer"
	bulkhead pull -q "$image"
	tar -xOf "$engine/app.tar" "blobs/sha256/$layer" | cmp - "$engine/root/blobs/sha256/$layer"
}

@test "two pulls of one image share the work" {
	registry_start
	front_start
	push_app
	rules '[{"match": "GET /v2/x/app/blobs/", "do": "cut", "bytes": 600000, "times": 1}]'
	: >"$engine/front.log"
	"$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" pull -q "$image" 3>&- &
	bulkhead pull -q "$image"
	wait $!
	# two layers and one config each; the layer that broke once more
	(($(requests 'GET .*blobs.* (200|206)$') <= 5)) || fail "$(<"$engine/front.log")"
	[[ -z $(ls "$engine/root/partial") ]]
	[[ $(bulkhead images -q | wc -l) == 1 ]]
}

@test "bytes that are not what they are called" {
	registry_start
	front_start
	push_app
	rules '[{"match": "GET /v2/x/app/blobs/", "do": "flip"}]'
	run --separate-stderr bulkhead pull "$image"
	refused 'does not match its digest'
	[[ -z $(ls "$engine/root/partial") ]]
	rules '[{"match": "(GET|HEAD) /v2/x/app/manifests", "do": "flip"}]'
	run --separate-stderr bulkhead pull "$image"
	refused 'but what it sent is sha256:'
	digest=sha256:$(skopeo inspect --raw --tls-verify=false "docker://$behind/x/app:1" | sha256sum | cut -c-64)
	rules '[{"match": "(GET|HEAD) /v2/x/app/manifests", "do": "replace", "undigested": true, "body": "{}"}]'
	run --separate-stderr bulkhead pull "$registry/x/app@$digest"
	refused 'the registry sent another one'
}

@test "bodies that are too long, too short, endless, no JSON" {
	registry_start
	front_start
	push_app
	rules '[{"match": "GET /v2/x/app/blobs/", "do": "endless"}]'
	run --separate-stderr timeout 60 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" pull "$image"
	refused 'sends more than'
	rules '[{"match": "(GET|HEAD) /v2/x/app/manifests", "do": "endless"}]'
	run --separate-stderr timeout 60 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" pull "$image"
	refused 'sends more than'
	rules '[{"match": "GET /v2/x/app/blobs/", "do": "length", "length": 99999999}]'
	run --separate-stderr bulkhead pull "$image"
	refused '127.0.0.1: '
	rules '[{"match": "(GET|HEAD) /v2/x/app/manifests", "do": "replace", "undigested": true, "body": "not JSON"}]'
	run --separate-stderr bulkhead pull "$image"
	refused 'manifest sha256:'
	rules '[{"match": "(GET|HEAD) /v2/x/app/", "do": "headers", "bytes": 100000000}]'
	run --separate-stderr bulkhead pull "$image"
	refused 'headers'
}

@test "redirects: followed, but not for ever, not with a login, not to http" {
	registry_start
	front_start
	push_app
	rules '[{"match": "(GET|HEAD) /v2/x/app/manifests", "do": "status", "status": 307, "headers": {"Location": "/v2/x/app/manifests/1"}}]'
	run --separate-stderr bulkhead pull "$image"
	refused 'more than 10 redirects'
	rules "[{\"match\": \"GET /v2/x/app/blobs\", \"do\": \"status\", \"status\": 307, \"headers\": {\"Location\": \"file:///etc/shadow\"}}]"
	run --separate-stderr bulkhead pull "$image"
	refused 'redirect'
}

@test "a slow registry is given up after the time that the policy says" {
	registry_start
	front_start
	push_app
	echo '{"registries": {"stallSeconds": 1}}' >"$engine/root/bulkhead.json"
	chmod 600 "$engine/root/bulkhead.json"
	rules '[{"match": "GET /v2/x/app/blobs/", "do": "slow", "seconds": 2}]'
	run --separate-stderr timeout 60 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" pull "$image"
	refused 'too slow'
}

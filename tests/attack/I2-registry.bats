# A hostile registry: documents that want too much or two things at once, names that are paths, logins that are to go
# elsewhere (I1, I2). Beside each stands the same without the poison, which is taken.
load ../lib/helpers
load ../lib/registry

setup() { registry_setup; }
teardown() { registry_teardown; }

manifest_type=application/vnd.oci.image.manifest.v1+json
index_type=application/vnd.oci.image.index.v1+json

hostile_registry() {
	registry_start
	front_start
	push_app
	skopeo inspect --raw --tls-verify=false "docker://$behind/x/app:1" >"$engine/manifest.json"
}

# From now on the tag's manifest is what the Python statements $1 make of the good one, m; its media type is $2.
poison() {
	python3 -c "
import json, sys
m = json.load(open(sys.argv[1]))
$1
json.dump(m, open(sys.argv[2], 'w'))" "$engine/manifest.json" "$engine/poisoned.json"
	rules "[{\"match\": \"(GET|HEAD) /v2/x/app/manifests/(1|sha256:$(sha256sum "$engine/poisoned.json" | cut -c-64))\", \"do\": \"replace\",
		\"undigested\": true, \"file\": \"$engine/poisoned.json\", \"headers\": {\"Content-Type\": \"${2:-$manifest_type}\"}}]"
}

refused() {
	run --separate-stderr timeout 60 "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" pull "$image"
	assert_failure 1
	[[ ${#stderr_lines[@]} == 1 && $stderr == *"$1"* ]] || fail "$stderr"
	store_is_empty
}

taken() {
	run bulkhead pull "$image"
	assert_success
	bulkhead rmi -f "$(bulkhead images -q --no-trunc)" >/dev/null
	store_is_empty
}

@test "documents that want too much" {
	hostile_registry
	poison 'm["annotations"] = {"a": "b"}'
	taken
	poison 'm["layers"] *= 1000'
	refused 'more than 500'
	poison 'm["config"]["size"] = 1 << 30'
	refused 'bytes are more than'
	poison 'm["config"]["size"] = -1'
	refused 'negative'
	poison 'm["layers"][0]["size"] = 1 << 62'
	refused 'the download ended early'
	poison 'm["layers"][0]["size"] += 1'
	refused 'layer sha256:'
	poison 'm["layers"][0]["size"] -= 1'
	refused 'layer sha256:'
	python3 -c 'print("[" * 100000)' >"$engine/poisoned.json"
	refused 'manifest sha256:'
	python3 -c 'print("{\"a\":" * 100000)' >"$engine/poisoned.json"
	refused 'manifest sha256:'
}

@test "digests that are none, or paths" {
	hostile_registry
	local digest
	for digest in 'sha256:../../../../etc/shadow' "sha1:$(printf %040d 1)" 'sha256:' "SHA256:$(printf %064d 1)" "sha256:$(printf %063d 1)g" "sha256:$(printf %064d 1)/x"; do
		poison "m['layers'][0]['digest'] = '$digest'"
		refused 'is not a sha256 digest'
		poison "m['config']['digest'] = '$digest'"
		refused 'is not a sha256 digest'
	done
}

@test "one document, two meanings (CVE-2021-41190)" {
	hostile_registry
	local index
	index='m = {"schemaVersion": 2, "manifests": [{"mediaType": "'$manifest_type'", "digest": "sha256:'$(sha256sum "$engine/manifest.json" | cut -c-64)'", "size": 1}]}'
	poison "$index" "$index_type"
	taken
	poison "layers = m['layers']; $index; m['layers'] = layers" "$index_type"
	refused 'an index and a manifest at once'
	poison "config = m['config']; $index; m['config'] = config" "$index_type"
	refused 'an index and a manifest at once'
	poison 'm["manifests"] = []'
	refused 'an index and a manifest at once'
	poison "m['mediaType'] = '$index_type'"
	refused 'but it calls itself'
	poison "$index; m['mediaType'] = '$manifest_type'" "$index_type"
	refused 'but it calls itself'
}

@test "an index that never ends, and one that names itself" {
	hostile_registry
	# every level of it is another one, since none can hold its own digest: so it is served for any digest, which is seen
	poison 'm = {"schemaVersion": 2, "manifests": [{"mediaType": "'$index_type'", "digest": "sha256:'"$(printf %064d 1)"'", "size": 1}]}' "$index_type"
	rules "[{\"match\": \"(GET|HEAD) /v2/x/app/manifests\", \"do\": \"replace\", \"status\": 200, \"undigested\": true, \"file\": \"$engine/poisoned.json\",
		\"headers\": {\"Content-Type\": \"$index_type\"}}]"
	refused 'the registry sent another one'
}

@test "what is no image, and what is too old" {
	hostile_registry
	poison 'm["artifactType"] = "application/x"'
	refused 'it is an artifact (application/x), not an image'
	poison 'm["config"]["mediaType"] = "application/vnd.oci.empty.v1+json"'
	refused 'it is an artifact'
	poison 'm = {"schemaVersion": 1, "fsLayers": []}' application/vnd.docker.distribution.manifest.v1+prettyjws
	refused 'schema 1'
}

@test "URLs in a manifest are nobody's business (CVE-2020-15157)" {
	hostile_registry
	python3 "$registry_py" front "$engine/evil.log" "$engine/rules.json" "$behind" >"$engine/evil.port" 3>&- &
	servers+=($!)
	wait_for 10 test -s "$engine/evil.port"
	: >"$engine/evil.log"
	poison "
for l in m['layers'] + [m['config']]: l['urls'] = ['http://127.0.0.1:$(<"$engine/evil.port")/x']"
	taken
	[[ ! -s $engine/evil.log ]]
}

@test "a login does not follow a redirect" {
	hostile_registry
	mkdir "$engine/docker"
	echo "{\"auths\": {\"$registry\": {\"auth\": \"$(printf somebody:secret | base64)\"}}}" >"$engine/docker/config.json"
	echo '[{"match": ".*", "do": "status", "status": 401, "headers": {"WWW-Authenticate": "Basic realm=\"evil\""}}]' >"$engine/evil.json"
	python3 "$registry_py" front "$engine/evil.log" "$engine/evil.json" "$behind" >"$engine/evil.port" 3>&- &
	servers+=($!)
	wait_for 10 test -s "$engine/evil.port"
	: >"$engine/evil.log"
	rules "[{\"match\": \"GET /v2/x/app/blobs\", \"do\": \"status\", \"status\": 307, \"headers\": {\"Location\": \"http://127.0.0.1:$(<"$engine/evil.port")/x\"}}]"
	refused 'access denied'
	grep -q '^GET /x' "$engine/evil.log" || fail 'the redirect was not followed at all'
	run grep -E 'Basic|Bearer' "$engine/evil.log"
	assert_output ''
	# the same question of the registry itself gets the login
	rules '[{"match": "GET /v2/x/app/blobs", "do": "status", "status": 401, "headers": {"WWW-Authenticate": "Basic realm=\"own\""}}]'
	: >"$engine/front.log"
	refused 'access denied'
	(($(requests 'Basic 401') >= 1)) || fail "$(<"$engine/front.log")"
}

# Runs a script in a network of its own, where registries are at 10.99.0.1 as if on another host.
elsewhere() {
	unshare --net --mount --propagation private bash -euc '
		ip link set lo up
		ip addr add 10.99.0.1/24 dev lo
		'"$1" 3>&-
}

@test "a registry elsewhere does not send us to this host's own services" {
	small_archive "$engine/app.tar" app:1
	export engine registry_py
	export bulkhead="$BULKHEAD_BUILD/src/bulkhead --root $engine/root --state $engine/state"
	echo '{"registries": {"insecure": ["10.99.0.0/24"]}}' >"$engine/root/bulkhead.json"
	chmod 600 "$engine/root/bulkhead.json"
	cat >"$engine/far.py" <<-'END'
		import http.server, sys
		class H(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        self.send_response(307); self.send_header("Location", sys.argv[3]); self.send_header("Content-Length", "0"); self.end_headers()
		    do_HEAD = do_GET
		    def log_message(self, *a): open(sys.argv[4], "a").write(getattr(self, "path", "-") + "\n")
		http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), H).serve_forever()
	END
	run elsewhere '
		python3 "$engine/far.py" 127.0.0.1 80 /x "$engine/own.log" & own=$!
		for target in http://127.0.0.1/secret http://localhost/secret http://169.254.169.254/latest/meta-data http://0.0.0.0/secret "http://[::1]/secret"; do
			python3 "$engine/far.py" 10.99.0.1 5000 "$target" "$engine/far.log" & far=$!
			for i in $(seq 100); do (exec 4<>/dev/tcp/10.99.0.1/5000) 2>/dev/null && break; sleep 0.05; done
			timeout 60 $bulkhead pull 10.99.0.1:5000/x 2>&1 | tail -1
			kill $far; wait $far || true
		done
		# one that is on this host itself may
		python3 "$engine/far.py" 127.0.0.2 5000 http://127.0.0.1/fine "$engine/far.log" & far=$!
		for i in $(seq 100); do (exec 4<>/dev/tcp/127.0.0.2/5000) 2>/dev/null && break; sleep 0.05; done
		timeout 60 $bulkhead pull 127.0.0.2:5000/x 2>&1 | tail -1
		kill $own $far'
	for i in 0 1 2 3 4; do
		[[ ${lines[i]} == *'which is an address of this host' ]] || fail "$output"
	done
	[[ ${lines[5]} == *'more than 10 redirects'* ]] || fail "$output"
	run grep secret "$engine/own.log"
	assert_output ''
	grep -q fine "$engine/own.log"
}

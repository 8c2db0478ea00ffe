# Logins, certificates and mirrors with Debian's docker-registry (I1).

load ../lib/helpers
load ../lib/registry

setup() { registry_setup; }
teardown() { registry_teardown; }

# A CA of the tests' own, and a certificate for 127.0.0.1 signed by it: $engine/{ca,server,client}.{crt,key}.
make_certificates() {
	local name
	(
		cd "$engine" || exit
		openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj '/CN=tests' 2>/dev/null
		for name in server client; do
			openssl req -newkey rsa:2048 -nodes -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2>/dev/null
			openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -out "$name.crt" -days 2 \
				-extfile <(echo 'subjectAltName=IP:127.0.0.2,IP:127.0.0.1,DNS:registry.test') 2>/dev/null
		done
	)
}

# `bulkhead` where the host's name registry.test is 127.0.0.1, and /etc/bulkhead is $engine/etc.
bulkhead_with_etc() {
	unshare --mount --propagation private bash -c '
		printf "127.0.0.1 registry.test\n" >"$0/hosts"
		mount --bind "$0/hosts" /etc/hosts
		mkdir -p "$0/etc" /etc/bulkhead
		mount --bind "$0/etc" /etc/bulkhead
		shift 0; exec "$@"' "$engine" "$BULKHEAD_BUILD/src/bulkhead" --root "$engine/root" --state "$engine/state" "$@" 3>&-
}

htpasswd_registry() {
	htpasswd -Bbn somebody secret >"$engine/htpasswd" 2>/dev/null
	registry_start "auth: {htpasswd: {realm: tests, path: $engine/htpasswd}}"
}

@test "login, push, pull, logout with a password" {
	htpasswd_registry
	run --separate-stderr bulkhead login -u somebody --password-stdin "$registry" <<<wrong
	assert_failure 1
	[[ $stderr == "bulkhead: login to $registry: unauthorized: "* ]] || fail "$stderr"
	[[ ! -e $engine/docker/config.json ]]
	run --separate-stderr bulkhead login -u somebody --password-stdin "$registry" <<<secret
	assert_success
	assert_output 'Login Succeeded'
	[[ $stderr == "WARNING! Your password is stored unencrypted in '$engine/docker/config.json'."* ]]
	[[ $(stat -c %a "$engine/docker/config.json") == 600 ]]
	# docker's own form
	[[ $(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["auths"][sys.argv[2]]["auth"])' \
		"$engine/docker/config.json" "$registry") == "$(printf somebody:secret | base64)" ]]
	push_app
	bulkhead pull -q "$image"
	bulkhead rmi "$image" >/dev/null
	skopeo inspect --raw --authfile "$engine/docker/config.json" --tls-verify=false "docker://$image" >/dev/null
	run bulkhead logout "$registry"
	assert_success
	assert_output "Removing login credentials for $registry"
	run --separate-stderr bulkhead pull "$image"
	assert_failure 1
	[[ $stderr == "bulkhead: pull access denied for $registry/x/app, repository does not exist or may require 'bulkhead login': "* ]]
	run bulkhead logout "$registry"
	assert_line "Not logged in to $registry"
}

@test "what else is in config.json stays, and credential helpers are asked" {
	htpasswd_registry
	mkdir "$engine/docker" "$engine/bin"
	cat >"$engine/bin/docker-credential-tests" <<-END
		#!/bin/sh
		echo "\$1" >>$engine/asked
		case \$1 in
		store) cat >$engine/stored ;;
		get) read -r server; if [ -e $engine/stored ]; then
			echo '{"ServerURL":"$registry","Username":"somebody","Secret":"secret"}'
			else echo 'credentials not found in native keychain'; exit 1; fi ;;
		erase) rm -f $engine/stored ;;
		esac
	END
	chmod +x "$engine/bin/docker-credential-tests"
	PATH=$engine/bin:$PATH
	echo '{"credsStore": "tests", "detachKeys": "ctrl-x", "auths": {"other": {"auth": "eDp5"}}}' >"$engine/docker/config.json"
	run --separate-stderr bulkhead login -u somebody --password-stdin "$registry" <<<secret
	assert_success
	[[ -z $stderr ]]
	run python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(d["detachKeys"], d["credsStore"], sorted(d["auths"].items()))' \
		"$engine/docker/config.json"
	assert_output "ctrl-x tests [('$registry', {}), ('other', {'auth': 'eDp5'})]"
	[[ $(<"$engine/stored") == *'"Secret":"secret"'* ]]
	push_app
	bulkhead pull -q "$image"
	bulkhead logout "$registry"
	[[ ! -e $engine/stored ]]
	rm "$engine/bin/docker-credential-tests"
	run --separate-stderr bulkhead pull "$registry/x/none"
	assert_failure 1
	[[ $stderr == 'bulkhead: no program docker-credential-tests in PATH' ]]
	echo '{"credsStore": "../../bin/sh"}' >"$engine/docker/config.json"
	run --separate-stderr bulkhead pull "$registry/x/none"
	assert_failure 1
	[[ $stderr == *'is no credential helper' ]]
	echo '{' >"$engine/docker/config.json"
	run --separate-stderr bulkhead pull "$registry/x/none"
	assert_failure 1
	[[ $stderr == "bulkhead: $engine/docker/config.json: "* ]]
}

@test "bad logins" {
	run --separate-stderr bulkhead login --password-stdin 127.0.0.1:1 </dev/null
	assert_failure 1
	[[ $stderr == 'bulkhead: Must provide --username with --password-stdin' ]]
	run --separate-stderr bulkhead login -u x -p y --password-stdin 127.0.0.1:1 </dev/null
	assert_failure 1
	[[ $stderr == 'bulkhead: --password and --password-stdin are mutually exclusive' ]]
	run --separate-stderr bulkhead login -u x --password-stdin 127.0.0.1:1 </dev/null
	assert_failure 1
	[[ $stderr == 'bulkhead: password from stdin: empty' ]]
	run --separate-stderr bulkhead login 127.0.0.1:1 </dev/null
	assert_failure 1
	[[ $stderr == 'bulkhead: cannot perform an interactive login from a non TTY device' ]]
}

@test "tokens, each for what it is asked for" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$engine/token.key" -out "$engine/token.crt" -days 2 -subj /CN=tokens 2>/dev/null
	python3 "$registry_py" tokens "$engine/tokens.log" "$engine/token.crt" "$engine/token.key" somebody secret >"$engine/tokens.port" 2>&1 3>&- &
	servers+=($!)
	wait_for 10 test -s "$engine/tokens.port"
	registry_start "auth: {token: {realm: \"http://127.0.0.1:$(<"$engine/tokens.port")/token\", service: tests, issuer: tests, rootcertbundle: $engine/token.crt}}"
	front_start
	run --separate-stderr bulkhead pull "$registry/x/app"
	assert_failure 1
	[[ $stderr == *'unauthorized: authentication required' ]] || fail "$stderr"
	bulkhead login -u somebody --password-stdin "$registry" <<<secret 2>/dev/null
	push_app
	run cat "$engine/tokens.log"
	assert_output --partial 'scope=repository%3ax%2fapp%3apull%2cpush'
	: >"$engine/tokens.log"
	: >"$engine/front.log"
	bulkhead pull -q "$image"
	[[ $(grep -c 'scope=repository%3ax%2fapp%3apull&' "$engine/tokens.log") -ge 1 ]] || fail "$(<"$engine/tokens.log")"
	# the password goes to the token server only
	[[ $(requests ' Basic ') == 0 ]]
	grep -q ' Bearer 200' "$engine/front.log"
}

@test "certificates: the registry's own CA, a client's certificate, and none that is unknown" {
	make_certificates
	registry_start
	port=${registry#*:}
	kill -9 "${servers[-1]}"
	registry_start "  tls: {certificate: $engine/server.crt, key: $engine/server.key, clientcas: [$engine/ca.crt]}"
	port=${registry#*:}
	host=registry.test:$port
	small_archive "$engine/app.tar" app:1
	bulkhead load -q -i "$engine/app.tar" >/dev/null
	bulkhead tag app:1 "$host/x/app:1"
	run --separate-stderr bulkhead_with_etc push "$host/x/app:1"
	assert_failure 1
	[[ $stderr == *certificate* ]] || fail "$stderr"
	mkdir -p "$engine/etc/certs.d/$host"
	cp "$engine/ca.crt" "$engine/etc/certs.d/$host/"
	run --separate-stderr bulkhead_with_etc push "$host/x/app:1" # the CA is known, but the client has no certificate
	assert_failure 1
	[[ $stderr == *certificate* ]] || fail "$stderr"
	cp "$engine/client.crt" "$engine/etc/certs.d/$host/client.cert"
	run --separate-stderr bulkhead_with_etc push "$host/x/app:1"
	assert_failure 1
	[[ $stderr == *'a client certificate needs a .cert and a .key' ]] || fail "$stderr"
	cp "$engine/client.key" "$engine/etc/certs.d/$host/client.key"
	chmod 600 "$engine/etc/certs.d/$host/client.key"
	run bulkhead_with_etc push "$host/x/app:1"
	assert_success
	bulkhead rmi -f app:1 "$host/x/app:1" >/dev/null
	run bulkhead_with_etc pull -q "$host/x/app:1"
	assert_success
}

@test "registries that are named insecure, and no other" {
	make_certificates
	registry_start "  tls: {certificate: $engine/server.crt, key: $engine/server.key}"
	host=registry.test:${registry#*:}
	run --separate-stderr bulkhead_with_etc pull "$host/x/app"
	assert_failure 1
	[[ $stderr == *certificate* ]] || fail "$stderr"
	echo "{\"registries\": {\"insecure\": [\"$host\"]}}" >"$engine/root/bulkhead.json"
	chmod 600 "$engine/root/bulkhead.json"
	run --separate-stderr bulkhead_with_etc pull "$host/x/app"
	assert_failure 1
	[[ $stderr == *'MANIFEST_UNKNOWN'* ]] || fail "$stderr"
	run --separate-stderr bulkhead_with_etc pull "registry.test:1/x/app"
	assert_failure 1
	echo '{"registries": {"insecure": ["http://x"]}}' >"$engine/root/bulkhead.json"
	run --separate-stderr bulkhead pull "$host/x/app"
	assert_failure 1
	[[ $stderr == *'registries.insecure[0]: a host with or without port, or a CIDR block, and no URL' ]] || fail "$stderr"
}

@test "a mirror is asked first, without the login for what it mirrors" {
	registry_start
	front_start
	small_archive "$engine/app.tar" app:1
	bulkhead load -q -i "$engine/app.tar" >/dev/null
	bulkhead tag app:1 "$registry/library/app:1"
	bulkhead push -q "$registry/library/app:1" >/dev/null
	bulkhead rmi -f app:1 "$registry/library/app:1" >/dev/null
	echo "{\"registries\": {\"mirrors\": [\"http://$registry\"]}}" >"$engine/root/bulkhead.json"
	chmod 600 "$engine/root/bulkhead.json"
	mkdir "$engine/docker"
	echo "{\"auths\": {\"https://index.docker.io/v1/\": {\"auth\": \"$(printf somebody:secret | base64)\"}}}" >"$engine/docker/config.json"
	: >"$engine/front.log"
	run bulkhead pull app:1
	assert_success
	assert_line --index -1 docker.io/library/app:1
	[[ $(requests ' - 200') -ge 3 ]]
	[[ $(requests 'Basic|Bearer') == 0 ]]
	run bulkhead images --format '{{.Repository}}:{{.Tag}}'
	assert_output app:1
}

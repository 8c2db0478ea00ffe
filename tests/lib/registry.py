#!/usr/bin/python3
"""Servers for the tests of registries, all on loopback; each prints the port it has got and serves until it is killed.

registry.py front LOG RULES TARGET [CERT KEY]  a proxy before the registry at TARGET (host:port) that misbehaves by RULES
registry.py tokens LOG CERT KEY [USER SECRET]  a token server as docker's registry trusts it (JWT, RS256)

RULES is a JSON file that is read anew for each request: [{"match": "GET /v2/.*/blobs/", "do": ACTION, "times": N, …}]; the
first that matches and is not used up counts. ACTION:
  status   answers .status, with .headers and .body
  cut      sends what the registry has, but closes after .bytes of the body
  slow     sends a byte of the body every .seconds
  length   says .length for the body's length
  flip     changes one byte of the body
  replace  sends .body (or the file .file) in the place of the body
  endless  never stops sending
  headers  sends .bytes of headers
LOG gets a line for each request: method, path, its Range and Authorization ("Basic …", "Bearer …" cut short), status.
"""
import base64
import http.client
import http.server
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

used = {}
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    log_path = None

    def log_message(self, *args):
        pass

    def note(self, status):
        fields = (self.command, self.path, self.headers.get("Range", "-"),
                  self.headers.get("Authorization", "-").split(" ")[0], str(status))
        with lock, open(self.log_path, "a") as log:
            log.write(" ".join(fields) + "\n")

    def answer(self, status, headers, body):
        self.note(status)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hang_up(self):
        self.wfile.flush()
        self.close_connection = True
        try:
            self.connection.shutdown(2)
        except OSError:
            pass


# ---- the proxy ----

class Front(Handler):
    target = rules_path = None

    def rule(self):
        with open(self.rules_path) as file:
            rules = json.load(file)
        line = f"{self.command} {self.path}"
        with lock:
            for rule in rules:
                key = json.dumps(rule, sort_keys=True)
                if re.match(rule["match"], line) and used.get(key, 0) < rule.get("times", 1 << 30):
                    used[key] = used.get(key, 0) + 1
                    return rule
        return None

    def pass_on(self):
        """The registry's own answer: status, headers, body."""
        connection = http.client.HTTPConnection(self.target, timeout=60)
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(length)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("transfer-encoding", "content-length")}
        connection.request(self.command, self.path, body, headers)
        response = connection.getresponse()
        data = response.read()
        headers = [(k, v) for k, v in response.getheaders() if k.lower() not in ("connection", "transfer-encoding")]
        connection.close()
        return response.status, headers, data

    def do_status(self, rule):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.answer(rule["status"], list(rule.get("headers", {}).items()), rule.get("body", "").encode())

    def begin(self, status, headers, length):
        self.note(status)
        self.send_response(status)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def do_cut(self, rule):
        status, headers, body = self.pass_on()
        if len(body) <= rule["bytes"]:  # nothing to cut: the next one is meant
            with lock:
                used[json.dumps(rule, sort_keys=True)] -= 1
            self.answer(status, headers, body)
            return
        self.begin(status, headers, len(body))
        self.wfile.write(body[:rule["bytes"]])
        self.hang_up()

    def do_slow(self, rule):
        status, headers, body = self.pass_on()
        self.begin(status, headers, len(body))
        for byte in body:
            self.wfile.write(bytes([byte]))
            time.sleep(rule["seconds"])

    def do_length(self, rule):
        status, headers, body = self.pass_on()
        self.begin(status, headers, rule["length"])
        self.wfile.write(body)
        self.hang_up()

    def do_flip(self, rule):
        status, headers, body = self.pass_on()
        at = len(body) // 2
        self.begin(status, headers, len(body))
        self.wfile.write(body[:at] + bytes([body[at] ^ 1]) + body[at + 1:])

    def do_replace(self, rule):
        status, headers, _ = self.pass_on()
        body = open(rule["file"], "rb").read() if "file" in rule else rule["body"].encode()
        headers = [(k, v) for k, v in headers if k.lower() not in [h.lower() for h in rule.get("headers", {})]]
        if rule.get("undigested"):
            headers = [(k, v) for k, v in headers if k.lower() != "docker-content-digest"]
        self.begin(rule.get("status", status), headers + list(rule.get("headers", {}).items()), len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_endless(self, rule):
        status, headers, _ = self.pass_on()
        self.begin(status, headers, None)
        while True:
            self.wfile.write(b"x" * 65536)

    def do_headers(self, rule):
        self.note(200)
        self.send_response(200)
        self.flush_headers()
        for _ in range(rule["bytes"] // 1000):
            self.wfile.write(b"X-More: " + b"y" * 990 + b"\r\n")
        self.end_headers()

    def serve(self):
        rule = self.rule()
        try:
            if rule:
                getattr(self, "do_" + rule["do"])(rule)
            else:
                status, headers, body = self.pass_on()
                self.answer(status, headers, body)
        except OSError:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve


# ---- tokens ----

def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Tokens(Handler):
    cert = key = user = secret = None

    def token(self, query):
        access = []
        for scope in query.get("scope", []):
            for one in scope.split(" "):
                kind, rest = one.split(":", 1)
                name, actions = rest.rsplit(":", 1)
                access.append({"type": kind, "name": name, "actions": actions.split(",")})
        chain = open(self.cert).read().split("-----")[2].replace("\n", "")
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [chain]}
        claims = {"iss": "tests", "sub": "somebody", "aud": query["service"][0], "exp": now + 300, "nbf": now - 10,
                  "iat": now, "jti": os.urandom(8).hex(), "access": access}
        text = encode(json.dumps(header).encode()) + b"." + encode(json.dumps(claims).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text,
                                   capture_output=True, check=True).stdout
        return (text + b"." + encode(signature)).decode()

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        wanted = "Basic " + base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()
        if self.user and self.headers.get("Authorization") != wanted:
            self.answer(401, [], b'{"errors":[{"code":"UNAUTHORIZED","message":"wrong"}]}')
            return
        self.answer(200, [("Content-Type", "application/json")],
                    json.dumps({"token": self.token(query), "expires_in": 300}).encode())


# ---- starting ----

def serve(handler, tls):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def main():
    mode, Handler.log_path, *rest = sys.argv[1:]
    if mode == "front":
        Front.rules_path, Front.target, *tls = rest
        serve(Front, tls)
    else:
        Tokens.cert, Tokens.key, *login = rest
        if login:
            Tokens.user, Tokens.secret = login
        serve(Tokens, None)


main()

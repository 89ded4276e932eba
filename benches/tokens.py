"""The token endpoint beside npm's oidc-provider, in one run on one machine: both servers pinned to one core, load to another, peer and
product in turn (A B A B). The figure that counts is CPU time per request of the server's own processes.

Two rows: a refresh with a client secret, opaque tokens, rotated; and client_credentials with private_key_jwt (ES384), each assertion
used once. (client_credentials with a secret is refused here, as SMART asks.) The product keeps every token, every used assertion and
an audit event durably before it answers; the peer keeps all in memory.

Usage: tokens.py CHARTGATE DEMO_EHR [--seconds N] [--rounds N]
"""

import argparse
import base64
import concurrent.futures
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

from authlib.jose import JsonWebKey, jwt

from server import LOAD_CORE, SERVER_CORE, Bench, free_port, start

PEERS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "peers"
# More refresh tokens than connections of the load generator; assertions for a run, which ends when they are used up.
TOKENS, OURS, THEIRS = 96, 9000, 4000
SCOPE = "offline_access user/Patient.rs"


def sign(jwk, client, audience, count):
    key = JsonWebKey.import_key({name: value for name, value in jwk.items() if name not in ("key_ops", "use")})
    header = {"alg": "ES384", "kid": jwk["kid"]}
    now = int(time.time())
    claims = {"iss": client, "sub": client, "aud": audience, "iat": now, "exp": now + 280}
    return [jwt.encode(header, {**claims, "jti": str(uuid.uuid4())}, key).decode() for _ in range(count)]


def assertions(jwk, client, audience, count):
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        halves = [pool.submit(sign, jwk, client, audience, count // 2) for _ in range(2)]
        return [assertion for half in halves for assertion in half.result()]


def script(folder, name, kind, values, form, headers):
    """A script for wrk that takes a value for each request; with kind "chain" each answer gives the next one."""
    path = folder / f"{name}.lua"
    listed = ",\n".join(f"'{value}'" for value in values)
    fields = "".join(f"['{field}'] = '{value}', " for field, value in headers.items())
    path.write_text(
        f"""local values = {{{listed}}}
local first, last = 1, #values
local headers = {{{fields}['Content-Type'] = 'application/x-www-form-urlencoded'}}
request = function()
  local value = values[first]
  if not value then wrk.thread:stop(); value = 'none' end
  values[first] = nil
  first = first + 1
  return wrk.format('POST', wrk.path, headers, '{form}' .. value)
end
"""
        + (
            """response = function(status, headers, body)
  local value = body:match('"refresh_token":"([^"]+)"')
  if value then last = last + 1; values[last] = value end
end
"""
            if kind == "chain"
            else ""
        )
    )
    return path


class Tokens(Bench):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.peer = None
        told = {**self.demo, "portal": f"http://localhost:{self.port}", "fhir": self.base}
        file = self.folder / "demo.json"
        file.write_text(json.dumps(told))
        os.environ["CHARTGATE_DEMO"] = str(file)
        sys.path.insert(0, str(PEERS))
        import person

        self.person = person.Person()
        self.app = person.client_of("confidential", lambda c: c.get("secret"))
        self.system = person.client_of("backend")
        self.endpoint = f"http://localhost:{self.port}/oauth/token"

    def start_peer(self):
        """A fresh peer for each run: it forgets tokens when it has many."""
        port = free_port()
        public = {name: value for name, value in self.system["jwk"].items() if name not in ("d", "key_ops")}
        arguments = ["node", PEERS / "oidc-provider.mjs", port, json.dumps(public), TOKENS]
        environment = {**os.environ, "NODE_ENV": "production"}
        peer = start(SERVER_CORE, arguments, self.folder / "peer.log", stdout=subprocess.PIPE, env=environment)
        self.processes.append(peer)
        tokens = json.loads(peer.stdout.readline())
        return peer, f"http://127.0.0.1:{port}/token", tokens

    def stop_peer(self, peer):
        self.processes.remove(peer)
        peer.terminate()
        peer.wait(20)

    def refresh_tokens(self):
        """As many users' refresh tokens as there are connections, each by a whole launch."""
        import requests

        tokens = []
        verifier = "v" * 64
        challenge = base64.urlsafe_b64encode(__import__("hashlib").sha256(verifier.encode()).digest()).decode().rstrip("=")
        redirect = self.app["redirect_uris"][0]
        query = {
            "response_type": "code", "client_id": self.app["client_id"], "redirect_uri": redirect, "scope": SCOPE, "state": "s",
            "aud": self.base, "code_challenge": challenge, "code_challenge_method": "S256",
        }
        url = f"http://localhost:{self.port}/oauth/authorize?{urllib.parse.urlencode(query)}"
        for _ in range(TOKENS):
            back = urllib.parse.parse_qs(urllib.parse.urlsplit(self.person.authorize(url)).query)
            form = {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": redirect, "code_verifier": verifier}
            answer = requests.post(self.endpoint, data=form, auth=(self.app["client_id"], self.app["secret"]), timeout=30)
            tokens.append(answer.json()["refresh_token"])
        return tokens

    def by_secret(self, who, tokens):
        client, secret = (self.app["client_id"], self.app["secret"]) if who == "chartgate" else ("secret", "a-secret-of-the-bench")
        basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
        form = "grant_type=refresh_token&refresh_token="
        return script(self.folder, f"secret-{who}", "chain", tokens, form, {"Authorization": f"Basic {basic}"})

    def by_key(self, who, endpoint):
        ours = who == "chartgate"
        client, scope, count = (self.system["client_id"], "system/Patient.rs", OURS) if ours else ("key", "api", THEIRS)
        values = assertions(self.system["jwk"], client, endpoint if ours else endpoint.rsplit("/", 1)[0] + "/token", count)
        form = urllib.parse.urlencode({
            "grant_type": "client_credentials", "scope": scope,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        }) + "&client_assertion="
        return script(self.folder, f"key-{who}", "list", values, form, {})

    def row(self, name, kind):
        pairs = []
        for _ in range(self.rounds):
            peer, endpoint, tokens = self.start_peer()
            lua = self.by_secret("peer", tokens) if kind == "secret" else self.by_key("peer", endpoint)
            theirs = self.load(endpoint, pids=[peer.pid], script=lua)
            self.stop_peer(peer)
            lua = self.by_secret("chartgate", self.refresh_tokens()) if kind == "secret" else self.by_key("chartgate", self.endpoint)
            pairs.append((self.load(self.endpoint, pids=[self.server.pid], script=lua), theirs))
        ratios = [a["per_cpu_s"] / b["per_cpu_s"] for a, b in pairs]
        for who, place in (("chartgate", 0), ("oidc-provider", 1)):
            row = {key: statistics.median(pair[place][key] for pair in pairs) for key in pairs[0][0]}
            print(f"{name:<46} {who:<14} {row['cpu_us']:8.1f} {row['per_cpu_s']:9.0f} {row['per_s']:9.0f} {row['p50']:8.2f} {row['p99']:8.2f}")
        print(f"{'':<46} {'ratio':<14} {'':8} {statistics.median(ratios):9.1f}   (min {min(ratios):.1f}, max {max(ratios):.1f})", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("chartgate")
    parser.add_argument("demo_ehr")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options, _ = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="chartgate-bench-") as work:
        bench = None
        try:
            bench = Tokens(options.chartgate, options.demo_ehr, pathlib.Path(work), options.seconds, options.rounds)
            print(f"\n{'work':<46} {'who':<14} {'CPU us':>8} {'per CPU s':>9} {'per s':>9} {'p50 ms':>8} {'p99 ms':>8}")
            bench.row("token endpoint: client_secret and opaque token", "secret")
            bench.row("token endpoint: private_key_jwt ES384", "key")
        finally:
            if bench:
                bench.stop()


if __name__ == "__main__":
    main()

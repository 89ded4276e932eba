"""The whole server beside nginx and HAProxy, in one run on one machine: server pinned to one core, load generator and EHR to another, peer and
product in turn (A B A B). The figure that counts is CPU time per request of the server's own processes; it stays steady on a busy
machine. Throughput and latency stand beside it.

Usage: server.py CHARTGATE DEMO_EHR [--seconds N] [--rounds N]
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import uuid

import requests
from authlib.jose import JsonWebKey, jwt

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CORE, LOAD_CORE = "0", "1" if (os.cpu_count() or 1) > 1 else "0"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_pair():
    while True:
        port = free_port()
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / CLOCK_TICKS


def children(pid):
    return [int(c) for c in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident(pid):
    """Resident memory in MB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def start(core, arguments, log, **options):
    with open(log, "ab") as out:
        return subprocess.Popen(["taskset", "-c", core, *map(str, arguments)], stdout=options.pop("stdout", out), stderr=out, **options)


def wait_for(url, seconds=120, **options):
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        try:
            if requests.get(url, timeout=5, **options).status_code < 500:
                return time.monotonic() - begun
        except requests.ConnectionError:
            pass
        time.sleep(0.005)
    raise SystemExit(f"{url} does not answer")


class Bench:
    # What the configuration says beyond the demo's.
    more = '\n[cache]\nfresh_for = "1h"\n'

    def __init__(self, chartgate, demo_ehr, folder, seconds, rounds):
        self.chartgate, self.folder, self.seconds, self.rounds = chartgate, folder, seconds, rounds
        self.processes = []
        port = free_pair()
        data = folder / "data"
        demo = start(
            LOAD_CORE,
            [chartgate, "demo", "--json", "--port", port, "--patients", 60, "--data", data],
            folder / "demo.log",
            stdout=subprocess.PIPE,
        )
        self.processes.append(demo)
        self.demo = json.loads(demo.stdout.readline())
        self.open_ehr = free_port()
        self.processes.append(
            start(LOAD_CORE, [demo_ehr, "--no-auth", "--patients", 60, "--port", self.open_ehr], folder / "ehr.log")
        )
        wait_for(f"http://127.0.0.1:{self.open_ehr}/r4/metadata")
        self.serve(data)
        self.peers = {}
        self.nginx()
        self.haproxy()

    def serve(self, data):
        """A second process on the demo's data, so that the EHR's work is not counted as the product's."""
        self.port = free_port()
        text = (data / "chartgate.toml").read_text()
        text = re.sub(r'listen = "[^"]+"', f'listen = "127.0.0.1:{self.port}"', text, count=1)
        text = re.sub(r'public_url = "[^"]+"', f'public_url = "http://localhost:{self.port}"', text, count=1)
        text += self.more
        (data / "bench.toml").write_text(text)
        begun = time.monotonic()
        self.server = start(SERVER_CORE, [self.chartgate, "serve", "--config", data / "bench.toml"], self.folder / "serve.log")
        self.processes.append(self.server)
        self.base = f"http://localhost:{self.port}/fhir/r4"
        wait_for(f"{self.base}/metadata")
        self.ready = time.monotonic() - begun
        self.idle = resident(self.server.pid)

    def nginx(self):
        self.nginx_port = free_port()
        folder = self.folder / "nginx"
        for name in ("cache", "temp"):
            (folder / name).mkdir(parents=True)
        (folder / "nginx.conf").write_text(
            f"""{"user root;" if os.getuid() == 0 else ""} worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/temp; proxy_temp_path {folder}/temp; fastcgi_temp_path {folder}/temp;
  uwsgi_temp_path {folder}/temp; scgi_temp_path {folder}/temp;
  proxy_cache_path {folder}/cache keys_zone=fhir:50m max_size=1g inactive=1h;
  upstream ehr {{ server 127.0.0.1:{self.open_ehr}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{self.nginx_port};
    location /r4/ {{
      proxy_pass http://ehr; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache fhir; proxy_cache_valid 200 1h; proxy_ignore_headers Cache-Control Expires Vary Set-Cookie;
    }}
    location /miss/ {{ proxy_pass http://ehr/; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""
        )
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        self.nginx_process = start(SERVER_CORE, [program, "-c", folder / "nginx.conf", "-p", folder], self.folder / "nginx.log")
        self.processes.append(self.nginx_process)
        wait_for(f"http://127.0.0.1:{self.nginx_port}/r4/metadata")
        self.peers["nginx"] = (self.nginx_port, lambda: children(self.nginx_process.pid))

    def haproxy(self):
        """HAProxy with its own small cache in memory; left out, and said so, where it is not installed."""
        program = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
        if not program:
            print("HAProxy is not installed (Debian: haproxy); it is left out.")
            return
        port, configuration = free_port(), self.folder / "haproxy.cfg"
        configuration.write_text(
            f"""global
  nbthread 1
  maxconn 1024
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
cache fhir
  total-max-size 64
  max-object-size 1000000
  max-age 3600
frontend all
  bind 127.0.0.1:{port}
  acl miss path_beg /miss/
  use_backend passed if miss
  default_backend cached
backend cached
  http-request cache-use fhir
  http-response del-header Vary
  http-response set-header Cache-Control "public, max-age=3600"
  http-response cache-store fhir
  server ehr 127.0.0.1:{self.open_ehr}
backend passed
  http-request replace-path /miss/(.*) /\\1
  server ehr 127.0.0.1:{self.open_ehr}
"""
        )
        process = start(SERVER_CORE, [program, "-db", "-f", configuration], self.folder / "haproxy.log")
        self.processes.append(process)
        wait_for(f"http://127.0.0.1:{port}/r4/metadata")
        self.peers["haproxy"] = (port, lambda: [process.pid])

    def token(self, scope="system/*.rs"):
        client = next(c for c in self.demo["clients"] if c["kind"] == "backend")
        endpoint = f"http://localhost:{self.port}/oauth/token"
        claims = {"iss": client["client_id"], "sub": client["client_id"], "aud": endpoint, "jti": str(uuid.uuid4())}
        claims["exp"] = int(time.time()) + 240
        key = JsonWebKey.import_key(client["jwk"])
        assertion = jwt.encode({"alg": "ES384", "kid": client["jwk"]["kid"]}, claims, key).decode()
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        answer = requests.post(endpoint, data=form, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def load(self, url, headers=(), pids=(), seconds=None, script=None):
        """One run of wrk; requests per CPU second of `pids`, requests a second, p50 and p99 in milliseconds."""
        arguments = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", "-c64", f"-d{seconds or self.seconds}s", "--latency"]
        for header in headers:
            arguments += ["-H", header]
        if script:
            arguments += ["-s", str(script)]
        before = cpu_seconds(pids)
        out = subprocess.run([*arguments, url], check=True, capture_output=True, text=True).stdout
        spent = cpu_seconds(pids) - before
        done = int(re.search(r"(\d+) requests in", out)[1])
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
        assert not failed, f"{url}: {failed[0]}"
        latency = {p: milliseconds(re.search(rf"{p}%\s+([\d.]+)(us|ms|s)", out)) for p in (50, 99)}
        return {
            "cpu_us": spent / done * 1e6,
            "per_cpu_s": done / spent if spent else float("inf"),
            "per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
            "p50": latency[50],
            "p99": latency[99],
        }

    def beside(self, name, ours, path, script=None):
        """Peers and product in turn; prints medians and, for each peer, the ratio of requests per CPU second, round by round."""
        runs = {who: [] for who in ("chartgate", *self.peers)}
        for _ in range(self.rounds):
            for who, (port, pids) in self.peers.items():
                runs[who].append(self.load(f"http://127.0.0.1:{port}{path}", pids=pids(), script=script))
            headers = [f"Authorization: Bearer {self.token(ours[1])}", "Accept: application/fhir+json"]
            runs["chartgate"].append(self.load(ours[0], headers, [self.server.pid], script=script))
        for who, rounds in runs.items():
            row = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
            ratios = [a["per_cpu_s"] / b["per_cpu_s"] for a, b in zip(runs["chartgate"], rounds)]
            beside = "" if who == "chartgate" else f"{statistics.median(ratios):6.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            print(
                f"{name:<34} {who:<10} {row['cpu_us']:8.1f} {row['per_cpu_s']:10.0f} {row['per_s']:9.0f}"
                f" {row['p50']:8.2f} {row['p99']:8.2f}  {beside}"
            )

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def milliseconds(match):
    return float(match[1]) * {"us": 0.001, "ms": 1, "s": 1000}[match[2]]


def near(bench, patients, size):
    """The search of a panel patient's observations whose answer is nearest to `size` bytes."""
    token, best = bench.token(), None
    for patient in patients:
        for count in (20, 30, 40, 50, 60, 80):
            query = f"Observation?patient={patient}&_count={count}"
            answer = requests.get(f"{bench.base}/{query}", headers={"Authorization": f"Bearer {token}"}, timeout=30)
            if answer.status_code == 200:
                off = abs(len(answer.content) - size)
                if best is None or off < best[0]:
                    best = (off, query, len(answer.content), patient)
    return best[1:]


def never_asked(bench):
    """A script for wrk that asks for something new with each request: what a cache cannot answer."""
    script = bench.folder / "miss.lua"
    script.write_text(
        f"""local n = os.time() % 86400 * 9000
request = function()
  n = n + 1
  return wrk.format('GET', wrk.path .. '&date=ge' .. os.date('!%Y-%m-%dT%H:%M:%SZ', n))
end
"""
    )
    return script


def flood(bench, url):
    """p99 of cached reads while sign-ins with a wrong password arrive as fast as they are answered."""
    headers = [f"Authorization: Bearer {bench.token()}", "Accept: application/fhir+json"]
    idle = bench.load(url, headers, [bench.server.pid])
    stop = threading.Event()
    tried = []

    def attack():
        page = requests.Session()
        while not stop.is_set():
            form = page.get(f"http://localhost:{bench.port}/sign-in", timeout=60).text
            csrf = re.search(r'name="csrf" value="([^"]+)"', form)
            fields = {"csrf": csrf[1] if csrf else "", "email": f"{uuid.uuid4()}@nobody.example", "password": "wrong" * 5}
            tried.append(page.post(f"http://localhost:{bench.port}/sign-in", data=fields, timeout=60).status_code)

    attackers = [threading.Thread(target=attack, daemon=True) for _ in range(8)]
    for attacker in attackers:
        attacker.start()
    under = bench.load(url, headers, [bench.server.pid])
    stop.set()
    for attacker in attackers:
        attacker.join(30)
    print(
        f"\nSign-in flood: p99 of cached reads {under['p99']:.2f} ms against {idle['p99']:.2f} ms idle"
        f" ({under['p99'] / idle['p99']:.2f} times), {len(tried)} attempts"
    )


def one_flight(bench, patient):
    """Concurrent misses of one key make one upstream call."""
    admin = bench.demo["ehr"].rsplit("/", 1)[0] + "/sandbox/requests"
    before = requests.get(admin, timeout=10)
    token = bench.token()
    url = f"{bench.base}/Procedure?patient={patient}&_count={40 + int(time.time()) % 50}"
    # What is asked for the decision, the patient's PCP, comes beside it and is not of this key.
    asked = lambda answer: answer.json().get("counts", {}).get("search Procedure", 0)
    counted = asked(before) if before.status_code == 200 else None
    threads = [
        threading.Thread(target=requests.get, args=(url,), kwargs={"headers": {"Authorization": f"Bearer {token}"}, "timeout": 30})
        for _ in range(64)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if counted is not None:
        print(f"64 concurrent misses of one key: {asked(requests.get(admin, timeout=10)) - counted} upstream call(s)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("chartgate")
    parser.add_argument("demo_ehr")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server-only", action="store_true")
    options = parser.parse_args()
    work = tempfile.TemporaryDirectory(prefix="chartgate-bench-")
    bench = None
    try:
        bench = Bench(options.chartgate, options.demo_ehr, pathlib.Path(work.name), options.seconds, options.rounds)
        practice = next(c for c in bench.demo["clients"] if c["kind"] == "backend")["practice"]
        seen = next(u for u in bench.demo["users"] if u["practice"] == practice)["sees"]
        panel = [p["id"] for p in bench.demo["patients"] if p["mrn"] in seen]
        query, size, patient = near(bench, panel, 65_000)
        everything, labs = "system/*.rs", "system/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory system/Patient.rs"
        print(f"\nReady {bench.ready:.2f} s after its start, with an existing database; {bench.idle:.0f} MB resident when idle.")
        print(f"Search: {size} bytes, all visible to the practice.\n")
        print(f"{'work':<34} {'who':<10} {'CPU us':>8} {'per CPU s':>10} {'per s':>9} {'p50 ms':>8} {'p99 ms':>8}  ours to theirs, requests a CPU second")
        bench.beside("cached read, Patient", (f"{bench.base}/Patient/{patient}", everything), f"/r4/Patient/{patient}")
        bench.beside("cached search", (f"{bench.base}/{query}", everything), f"/r4/{query}")
        bench.beside("the same, some entries withheld", (f"{bench.base}/{query}", labs), f"/r4/{query}")
        missed = f"Observation?patient={patient}&_count=20"
        bench.beside("miss, search (peers only pass on)", (f"{bench.base}/{missed}", everything), f"/miss/r4/{missed}", never_asked(bench))
        one_flight(bench, patient)
        flood(bench, f"{bench.base}/Patient/{patient}")
        print(f"Resident after all that: {resident(bench.server.pid):.0f} MB")
    finally:
        if bench:
            bench.stop()
        work.cleanup()


if __name__ == "__main__":
    main()

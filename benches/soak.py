"""A soak: the program under a mixed load for an hour (SOAK_MINUTES), with nothing allowed to grow and no error that is not of our own
making. Clinicians in the portal and in an app, practice systems that crawl their panels, token refreshes, staff and families at their
pages; meanwhile patients change their PCP, accounts are suspended and let in again, and now and then the EHR misbehaves.

Watched: resident memory, open files, threads, size of the database and of its WAL, latencies, statuses. Fails on growth after the
warm-up, by a line fitted to what was measured, and on any unexpected answer.

Usage: soak.py CHARTGATE DEMO_EHR
"""

import base64
import collections
import contextlib
import hashlib
import json
import os
import pathlib
import random
import re
import secrets
import statistics
import sys
import tempfile
import threading
import time
import urllib.parse

import requests

from server import Bench, resident, wait_for

MINUTES = float(os.environ.get("SOAK_MINUTES", "60"))
THINK = float(os.environ.get("SOAK_THINK_MS", "20")) / 1000
PEERS = pathlib.Path(__file__).resolve().parent.parent / "tests" / "peers"
CONFIG = pathlib.Path(__file__).resolve().parent.parent / "config" / "chartgate.toml"
# What the EHR does to us in turn, each for some seconds; in between it is well.
FAULTS = [
    {"latency_ms": 400},
    {"fail_every": 5},
    {"throttle_every": 3, "retry_after_s": 1},
    {"broken_json": True},
    {"down": "unavailable"},
    # Not "drop": then the EHR could not be told to stop it.
    {"refuse_tokens": True},
]
FAULT_EVERY, FAULT_FOR, AFTER = 60, 6, 14
# An hour may bring this much more; beyond it something grows.
MOST = {"rss_mb": 24, "files": 24, "threads": 4, "wal_mb": 24}


class Soak(Bench):
    # A small cache, which is full before the warm-up ends.
    more = '\n[cache]\nmax_bytes = "16MiB"\n'

    def __init__(self, chartgate, demo_ehr, folder):
        self.faulty, self.stop_all, self.lock = threading.Event(), threading.Event(), threading.Lock()
        self.answers, self.times = collections.Counter(), []
        self.unexpected, self.samples = collections.Counter(), []
        super().__init__(chartgate, demo_ehr, folder, 0, 0)
        told = {**self.demo, "portal": f"http://localhost:{self.port}", "fhir": self.base}
        (folder / "demo.json").write_text(json.dumps(told))
        os.environ["CHARTGATE_DEMO"] = str(folder / "demo.json")
        sys.path.insert(0, str(PEERS))
        import person

        self.people, self.portal = person, told["portal"]
        self.knobs = self.demo["ehr"].rsplit("/", 1)[0] + "/sandbox"
        self.app = person.client_of("confidential", lambda client: client.get("secret"))

    def nginx(self):
        """No peer here."""

    def serve(self, data):
        """With limits that this one machine would meet set off."""
        limits = re.search(r"^\[limits\]\n(.*?)(?=^\[)", CONFIG.read_text(), re.M | re.S)
        keys = re.findall(r"^(\w+_per_minute)", limits[1], re.M) if limits else []
        text = (data / "chartgate.toml").read_text()
        missing = "".join(f"{key} = 0\n" for key in keys if not re.search(rf"^{key} *=", text, re.M))
        text = text.replace("[limits]\n", f"[limits]\n{missing}", 1)
        if "[oauth]" not in text:
            text += "\n[oauth]\nrequests_per_minute = 0\n"
        # A change of PCP is to be noticed before the next one.
        text = re.sub(r"^\[ehr\]\n", '[ehr]\nprimary_care_max_age = "10s"\n', text, count=1, flags=re.M)
        (data / "chartgate.toml").write_text(text)
        super().serve(data)
        wait_for(f"{self.base}/metadata")
        self.database = data

    # What is asked, and whether the answer is one that may be given now.

    def ask(self, what, allowed, call):
        if self.faulty.is_set():
            allowed = {*allowed, 429, 502, 503, 504}
        begun = time.monotonic()
        try:
            answer = call()
        except requests.RequestException as error:
            if not self.stop_all.is_set():
                self.note(what, type(error).__name__, str(error)[:200])
            return None
        taken = (time.monotonic() - begun) * 1000
        # What began in a fault may be answered after it, and the other way round.
        if self.faulty.is_set():
            allowed = {*allowed, 429, 502, 503, 504}
        with self.lock:
            self.answers[what, answer.status_code] += 1
            self.times.append(taken)
        if answer.status_code not in allowed:
            self.note(what, answer.status_code, f"{answer.request.method} {answer.request.url[:200]}: {answer.text[:300]}")
        self.stop_all.wait(THINK * random.uniform(0.5, 1.5))
        return answer

    def note(self, what, status, text):
        with self.lock:
            self.unexpected[what, status] += 1
            if self.unexpected[what, status] <= 3:
                print(f"UNEXPECTED {time.strftime('%H:%M:%S')} {what}: {status} {text}", flush=True)

    # Who asks.

    def clinician(self, user):
        """Signs in, looks at pages, finds a patient, and uses an app whose tokens are renewed all the time."""
        person = self.people.Person(user, user["sees"][0])
        patient = self.people.patient_of(user["sees"][0])["id"]
        other = self.people.patient_of(user["sees_not"][0])["id"] if user["sees_not"] else None
        tokens = None
        while not self.stop_all.is_set():
            if tokens is None:
                try:
                    # A sponsored user may just have been suspended, and then the code counts for nothing.
                    tokens = self.launch(person, {200, 400} if user["kind"] == "sponsored" else {200})
                except (AssertionError, KeyError, TypeError, requests.RequestException) as error:
                    if user["kind"] != "sponsored" and not self.faulty.is_set() and not self.stop_all.is_set():
                        self.note("launch", type(error).__name__, str(error)[:300])
                if tokens is None:
                    self.stop_all.wait(2)
                    continue
            headers = {"Authorization": f"Bearer {tokens['access_token']}"}
            get = lambda path, headers=headers: requests.get(f"{self.base}/{path}", headers=headers, timeout=60)
            for _ in range(4):
                for path in self.paths(patient):
                    # The PCP may just have changed, the account may be suspended.
                    self.ask(f"app {path.split('?')[0].split('/')[0]}", {200, 401, 404}, lambda path=path: get(path))
                if other:
                    self.ask("app, not allowed", {404, 401, 200}, lambda: get(f"Patient/{other}"))
                for path in ("/", "/patients/saved", "/help", f"/assets/x/{secrets.token_hex(2)}"):
                    self.ask("page", {200, 302, 303, 404}, lambda path=path: person.browser.get(self.portal + path, timeout=60))
                if self.stop_all.is_set():
                    return
            form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
            auth = (self.app["client_id"], self.app["secret"])
            answer = self.ask("refresh", {200, 400}, lambda: requests.post(f"{self.portal}/oauth/token", data=form, auth=auth, timeout=60))
            tokens = answer.json() if answer is not None and answer.status_code == 200 else None

    def launch(self, person, allowed):
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        redirect = self.app["redirect_uris"][0]
        query = {
            "response_type": "code", "client_id": self.app["client_id"], "redirect_uri": redirect, "state": "s", "aud": self.base,
            "scope": "offline_access user/*.rs", "code_challenge": challenge, "code_challenge_method": "S256",
        }
        back = person.authorize(f"{self.portal}/oauth/authorize?{urllib.parse.urlencode(query)}")
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        auth = (self.app["client_id"], self.app["secret"])
        answer = self.ask("code", allowed, lambda: requests.post(f"{self.portal}/oauth/token", data=form, auth=auth, timeout=60))
        return answer.json() if answer is not None and answer.status_code == 200 else None

    def paths(self, patient):
        yield f"Patient/{patient}"
        yield f"Observation?patient={patient}&category=laboratory&_count={random.choice((10, 20, 50))}"
        yield f"Observation?patient={patient}&date=ge20{random.randrange(10, 26)}-0{random.randrange(1, 10)}-01"
        yield f"Encounter?patient={patient}&_sort=-date"
        yield f"DocumentReference?patient={patient}&_elements=type,date"
        yield f"Condition?patient={patient}&_summary=true"
        yield f"MedicationRequest?patient={patient}&intent=order&_include=MedicationRequest:medication"

    def practice(self):
        """A practice's system: its panel, then each patient, over and over, with a new token each round."""
        while not self.stop_all.is_set():
            try:
                headers = {"Authorization": f"Bearer {self.token()}"}
            except (AssertionError, requests.RequestException) as error:
                if not self.stop_all.is_set():
                    self.note("backend token", type(error).__name__, str(error)[:200])
                self.stop_all.wait(2)
                continue
            get = lambda path, headers=headers: requests.get(f"{self.base}/{path}", headers=headers, timeout=120)
            groups = self.ask("panel", {200}, lambda: get("Group"))
            if groups is None or groups.status_code != 200:
                continue
            members = []
            for entry in groups.json().get("entry", []):
                whole = self.ask("panel", {200, 404}, lambda: get(f"Group/{entry['resource']['id']}"))
                if whole is not None and whole.status_code == 200:
                    members += [member["entity"]["reference"].split("/")[1] for member in whole.json().get("member", [])]
            for patient in members[:20]:
                for path in self.paths(patient):
                    answer = self.ask(f"crawl {path.split('?')[0].split('/')[0]}", {200, 404, 401}, lambda path=path: get(path))
                    for _ in range(3):
                        links = answer.json().get("link", []) if answer is not None and answer.status_code == 200 else []
                        further = [link["url"].removeprefix(f"{self.base}/") for link in links if link["relation"] == "next"]
                        if not further or self.stop_all.is_set():
                            break
                        answer = self.ask("crawl page", {200, 404, 401}, lambda: get(further[0]))
                if self.stop_all.is_set():
                    return

    def visitor(self, user):
        """Somebody who signs in, looks at the pages of their kind, and signs out again."""
        pages = {"staff": ("/staff/accounts", "/staff/audit", "/staff/health", "/staff/clients", "/staff/practices")}
        while not self.stop_all.is_set():
            browser = requests.Session()
            self.submit("sign in", browser, "/sign-in", {"email": user["email"], "password": user["password"]})
            for path in pages.get(user["kind"], ("/", "/account/apps", "/help")):
                self.ask(f"{user['kind']} page", {200, 303}, lambda path=path: browser.get(self.portal + path, timeout=60))
            if user["kind"] == "staff":
                self.suspend(browser)
            self.submit("sign out", browser, "/sign-out", {})
            self.stop_all.wait(5)

    def suspend(self, browser):
        """Suspends a sponsored user and lets them in again."""
        answer = self.ask("staff page", {200}, lambda: browser.get(f"{self.portal}/staff/accounts?kind=sponsored", timeout=60))
        ids = re.findall(r'href="/staff/accounts/([^"/?]+)"', answer.text) if answer is not None else []
        victims = [user["email"] for user in self.demo["users"] if user["kind"] == "sponsored"]
        for identity in ids:
            page = self.ask("staff page", {200, 404}, lambda identity=identity: browser.get(f"{self.portal}/staff/accounts/{identity}", timeout=60))
            if page is not None and any(email in page.text for email in victims):
                self.submit("suspend", browser, f"/staff/accounts/{identity}/suspend", {"reason": "soak"})
                self.submit("reactivate", browser, f"/staff/accounts/{identity}/reactivate", {"reason": "soak"}, f"/staff/accounts/{identity}")
                return

    def submit(self, what, browser, path, fields, page=None):
        shown = self.ask(what, {200, 303, 404}, lambda: browser.get(self.portal + (page or (path if path != "/sign-out" else "/"))))
        token = re.search(r'name="csrf" value="([^"]+)"', shown.text if shown is not None else "")
        data = {"csrf": token[1] if token else "", **fields}
        self.ask(what, {200, 302, 303, 409, 422}, lambda: browser.post(self.portal + path, data=data, timeout=60))

    def mover(self):
        """Patients change their PCP, and come back."""
        while not self.stop_all.wait(15):
            for patient, doctors in self.known.items():
                for references in ([], doctors):
                    url = f"{self.knobs}/patients/{patient}/general-practitioner"
                    with contextlib.suppress(requests.RequestException):
                        requests.post(url, json={"references": references}, timeout=10)
                    self.stop_all.wait(15)

    def learn(self, patients):
        """Who the PCPs are before anybody moves."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        self.known = {}
        for patient in patients:
            answer = requests.get(f"{self.base}/Patient/{patient}", headers=headers, timeout=60)
            if answer.status_code == 200:
                listed = answer.json().get("generalPractitioner", [])
                self.known[patient] = [doctor["reference"].removeprefix(f"{self.base}/") for doctor in listed]

    def faults(self):
        number = 0
        while not self.stop_all.wait(FAULT_EVERY):
            self.faulty.set()
            try:
                requests.post(f"{self.knobs}/knobs", json=FAULTS[number % len(FAULTS)], timeout=10)
                self.stop_all.wait(FAULT_FOR)
            finally:
                requests.put(f"{self.knobs}/knobs", json={}, timeout=10)
            # The breaker opens again, answers on their way arrive.
            self.stop_all.wait(AFTER)
            self.faulty.clear()
            number += 1

    # What is watched.

    def sample(self, begun):
        process = pathlib.Path(f"/proc/{self.server.pid}")
        status = (process / "status").read_text()
        size = lambda suffix: sum(path.stat().st_size for path in self.database.glob(f"*.db{suffix}")) / 2**20
        with self.lock:
            recent = sorted(self.times) or [0.0]
            done = sum(self.answers.values())
        self.samples.append({
            "s": time.monotonic() - begun, "rss_mb": resident(self.server.pid), "files": len(list((process / "fd").iterdir())),
            "threads": int(re.search(r"Threads:\s+(\d+)", status)[1]), "db_mb": size(""), "wal_mb": size("-wal"), "done": done,
            "p50": recent[len(recent) // 2], "p99": recent[int(len(recent) * 0.99)],
        })

    def run(self):
        users = self.demo["users"]
        kinds = (("provider", 3), ("sponsored", 1))
        clinicians = [user for kind, most in kinds for user in [u for u in users if u["kind"] == kind and u["sees"]][:most]]
        self.learn([self.people.patient_of(user["sees"][0])["id"] for user in clinicians[:2]])
        visitors = [next(user for user in users if user["kind"] == kind) for kind in ("staff", "guardian")]
        work = [(self.clinician, user) for user in clinicians] + [(self.visitor, user) for user in visitors]
        work += [(self.practice,), (self.practice,), (self.mover,), (self.faults,)]
        threads = [threading.Thread(target=self.guarded, args=job, daemon=True) for job in work]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        print(f"{'min':>6} {'requests':>9} {'RSS MB':>7} {'files':>6} {'threads':>8} {'DB MB':>7} {'WAL MB':>7} {'p50 ms':>8} {'p99 ms':>8}  unexpected")
        shown = 0.0
        while time.monotonic() - begun < MINUTES * 60 and self.server.poll() is None:
            time.sleep(1)
            self.sample(begun)
            last = self.samples[-1]
            if last["s"] - shown >= MINUTES * 60 / 20:
                shown = last["s"]
                with self.lock:
                    self.times.clear()
                print(
                    f"{last['s'] / 60:6.1f} {last['done']:9} {last['rss_mb']:7.1f} {last['files']:6} {last['threads']:8} {last['db_mb']:7.1f}"
                    f" {last['wal_mb']:7.1f} {last['p50']:8.1f} {last['p99']:8.1f}  {sum(self.unexpected.values())}",
                    flush=True,
                )
        self.stop_all.set()
        for thread in threads:
            thread.join(130)
        return self.verdict()

    def guarded(self, job, *arguments):
        try:
            job(*arguments)
        except Exception as error:  # One of the load's own threads that dies would make the soak an idle one.
            if not self.stop_all.is_set():
                self.note("the load itself", type(error).__name__, repr(error)[:300])
            raise

    def verdict(self):
        print("\nAnswers")
        for (what, status), count in sorted(self.answers.items(), key=str):
            print(f"  {what:<28} {status:>4} {count:>8}")
        failures = [f"{what}: {status}, {count} times" for (what, status), count in self.unexpected.items()]
        if self.server.poll() is not None:
            failures.append(f"the server ended with {self.server.returncode}")
        log = (self.folder / "serve.log").read_text(errors="replace")
        failures += ["a panic in the log"] if "panicked" in log else []
        # The first third warms up: the cache fills, tokens and sessions come to the number at which as many end as begin.
        steady = [sample for sample in self.samples if sample["s"] >= MINUTES * 20]
        print(f"\nAfter the first third, {len(steady)} samples")
        for name, most in MOST.items():
            if len(steady) < 24:
                failures.append("too few samples")
                break
            # The least of each twelfth: what a sign-in takes for its hash, 19 MiB, is given back.
            block = -(-len(steady) // 12)
            low = [min(steady[at : at + block], key=lambda sample: sample[name]) for at in range(0, len(steady), block)]
            values = [sample[name] for sample in low]
            slope = statistics.linear_regression([sample["s"] / 3600 for sample in low], values).slope
            half = len(values) // 2
            risen = statistics.median(values[half:]) - statistics.median(values[:half])
            # In a short run a line through noise says little: what counts is also that the second half lies above the first.
            grows = slope > most and risen > most / 4
            print(f"  {name:<8} {min(values):8.1f} to {max(values):8.1f}, {slope:+9.2f} an hour, at most {most:+} {'GROWS' if grows else ''}")
            failures += [f"{name} grows by {slope:.1f} an hour"] if grows else []
        first, last = steady[0] if steady else self.samples[0], self.samples[-1]
        done = max(1, last["done"] - first["done"])
        print(f"  database {(last['db_mb'] - first['db_mb']) * 2**20 / done:.0f} bytes a request: what was disclosed is recorded for good")
        print(f"  {last['done']} requests, {last['done'] / last['s']:.0f} a second")
        for failure in failures:
            print(f"FAILED: {failure}")
        return not failures


def main():
    chartgate, demo_ehr = sys.argv[1:3]
    with tempfile.TemporaryDirectory(prefix="chartgate-soak-") as work:
        soak = None
        try:
            soak = Soak(chartgate, demo_ehr, pathlib.Path(work))
            good = soak.run()
        finally:
            if soak:
                soak.stop()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

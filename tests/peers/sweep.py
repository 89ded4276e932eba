"""Records that others made, in an EHR that others wrote (sekmet-fhir), read through Chartgate by clients that others wrote, while a
proxy between Chartgate and the EHR makes all sorts of trouble.

Held to: nothing comes that the practice's system may not see, judged by what is in the records and not by what the product
says; errors are those that docs/EHR.md states; nobody waits for ever; and after the trouble everything is exactly right again.

Usage: sweep.py CHARTGATE DEMO_EHR FAULT_PROXY [FOLDER...]: the three programs; folders with NDJSON, Bundles or single resources
instead of the demo hospital's records. SWEEP_REQUESTS (400), SWEEP_SEED, MOST_OF_ONE_PATIENT.
"""

import concurrent.futures
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import requests
from fhirclient import server as fhirclient_server
from fhirclient.models import condition, observation, patient as patient_model

import sekmet

MARKER = "Quarrymeadow"
SLOW, TIMEOUT, FRESH = 6, 4, 5
# A request may need who the PCP is, then an answer, each in `ehr.timeout`, and may fill its page for 10 seconds.
PATIENCE = 45
# The proxy has no part in tokens here; a port that nobody listens on is tried at the end.
LEFT_OUT = {"refused", "token_skew", "token_for_ever", "token_expired", "token_down", "token_slow"}
DIRECTORY = {"Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService", "Endpoint"}
STATED = {200, 304, 400, 404, 406, 410, 422, 502, 503, 504}
REFERENCE = re.compile(r'"reference"\s*:\s*"(?:[^"]*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9.\-]+)(?:/_history/[^"]*)?"')


class Oracle:
    """What the practice's system may see, from the records alone."""

    def __init__(self, resources, panel):
        self.held = {(r["resourceType"], r["id"]): r for r in resources}
        self.panel = panel
        self.visible = {key for key, r in self.held.items() if self.is_of_panel(r)}
        named = {
            reference
            for key in self.visible
            for reference in REFERENCE.findall(json.dumps(self.held[key])) + self.attachments(self.held[key])
        }
        self.visible |= {key for key in self.held if key[0] in DIRECTORY}
        self.visible |= {key for key in self.held if key[0] in ("Binary", "Medication") and key in named}
        self.visible |= {
            key
            for key, r in self.held.items()
            if key[0] == "Provenance"
            and r.get("target")
            and all(t in self.visible for t in REFERENCE.findall(json.dumps(r["target"])))
        }

    def is_of_panel(self, resource):
        owner = sekmet.owner_of(resource)
        return bool(owner) and owner.split("/")[0] in self.panel and not sekmet.is_restricted(resource)

    @staticmethod
    def attachments(resource):
        found = re.findall(r'"url"\s*:\s*"(?:[^"]*/)?Binary/([A-Za-z0-9.\-]+)"', json.dumps(resource))
        return [("Binary", identifier) for identifier in found]

    def judge(self, resource, where):
        """Complains of what must not be there."""
        kind = resource.get("resourceType")
        if kind == "Bundle":
            for entry in resource.get("entry", []):
                for part in (entry.get("resource"), entry.get("response", {}).get("outcome")):
                    if part is not None:
                        self.judge(part, where)
            return
        if kind in ("OperationOutcome", "CapabilityStatement", "Parameters", "Group"):
            return
        key = (kind, resource.get("id"))
        if kind == "Provenance" and key[1].endswith("-of-another"):
            # Made by the proxy, about the same targets.
            key = (kind, key[1].removesuffix("-of-another"))
        assert key in self.visible, f"LEAK: {key} by {where}"
        allowed = {("Patient", p) for p in self.panel} | set(REFERENCE.findall(json.dumps(self.held[key])))
        for reference in REFERENCE.findall(json.dumps(resource)):
            assert reference[0] != "Patient" or reference in allowed, f"LEAK: {key} names {reference} by {where}"


class Asker:
    """Draws requests and holds the answers to what is stated."""

    def __init__(self, facade, key, oracle, seed):
        self.facade, self.key, self.oracle, self.seed = facade, key, oracle, seed
        self.statuses, self.longest, self.seen, self.lock = {}, 0.0, 0, threading.Lock()
        self.patients = sorted(i for k, i in oracle.held if k == "Patient")
        self.keys = sorted(k for k in oracle.held if k[0] in sekmet.TYPES or k[0] in ("Binary", "Provenance", "Medication"))

    def draw(self, dice):
        # Mostly what may be seen, or there would be little to see.
        mine = dice.random() < 0.7
        patient, kind = dice.choice(sorted(self.oracle.panel) if mine else self.patients), dice.choice(sekmet.TYPES)
        key = dice.choice([k for k in self.keys if k in self.oracle.visible] if mine else self.keys)
        return dice.choice(
            [
                ("GET", f"{kind}?patient={patient}"),
                ("GET", f"{kind}?patient={patient}&_count={dice.randint(1, 9)}"),
                ("GET", f"{kind}?patient={patient}&_revinclude=Provenance:target"),
                ("GET", f"{kind}?patient={patient}&_summary=count"),
                ("GET", f"Observation?patient={patient}&category=laboratory&_sort=-date"),
                ("GET", f"MedicationRequest?patient={patient}&_include=MedicationRequest:medication"),
                ("GET", f"{key[0]}/{key[1]}"),
                ("GET", f"{key[0]}/{key[1]}/_history"),
                ("GET", f"{key[0]}?_id={key[1]}"),
                ("GET", f"Patient/{patient}"),
                ("GET", f"Patient/{patient}/$everything"),
                ("GET", f"Patient?_id={patient}"),
                ("POST", f"{kind}/_search", f"patient={patient}"),
                ("BATCH", [f"Patient/{patient}", f"{kind}?patient={patient}", f"{key[0]}/{key[1]}"]),
            ]
        )

    def ask(self, number):
        dice = random.Random(f"{self.seed}-{number}")
        method, target, *form = self.draw(dice)
        answer = self.send(method, target, form)
        for _ in range(3):
            links = answer.json().get("link", []) if is_bundle(answer) else []
            url = next((link["url"] for link in links if link["relation"] == "next"), None)
            if url is None:
                return
            answer = self.send("GET", url, [])

    def send(self, method, target, form, again=False):
        begun = time.monotonic()
        where = f"{method} {target}"
        url = target if str(target).startswith("http") else f"{self.facade.base}/{target}"
        if method == "POST":
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = self.facade.session.post(url, data=form[0], headers=kind, timeout=PATIENCE)
        elif method == "BATCH":
            entries = [{"request": {"method": "GET", "url": one}} for one in target]
            body = {"resourceType": "Bundle", "type": "batch", "entry": entries}
            kind = {"Content-Type": "application/fhir+json"}
            answer = self.facade.session.post(self.facade.base, json=body, headers=kind, timeout=3 * PATIENCE)
        else:
            answer = self.facade.session.get(url, timeout=PATIENCE)
        if answer.status_code == 401 and not again:
            # A practice's token lives for five minutes.
            fresh = sekmet.Facade(self.facade.base, "panel-system", self.key)
            self.facade.session.headers.update(fresh.session.headers)
            return self.send(method, target, form, again=True)
        took = time.monotonic() - begun
        self.hold(answer, where)
        with self.lock:
            self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
            self.longest = max(self.longest, took)
        return answer

    def hold(self, answer, where):
        assert answer.status_code in STATED, f"{where}: {answer.status_code} {answer.text[:400]}"
        assert MARKER not in answer.text, f"LEAK: {where} quotes the EHR's errors"
        if answer.status_code in (503, 504):
            assert answer.headers.get("Retry-After", "").isdigit(), f"{where}: {answer.status_code} without Retry-After"
        if "json" not in answer.headers.get("Content-Type", ""):
            binary = re.search(r"Binary/([A-Za-z0-9.\-]+)", where)
            assert answer.status_code != 200 or binary, f"{where}: {answer.headers.get('Content-Type')}"
            if answer.status_code == 200:
                assert ("Binary", binary[1]) in self.oracle.visible, f"LEAK: {where}"
            return
        if answer.text:
            self.oracle.judge(answer.json(), where)
        with self.lock:
            self.seen += answer.text.count('"resourceType"')


def is_bundle(answer):
    return answer.status_code == 200 and "json" in answer.headers.get("Content-Type", "") and '"Bundle"' in answer.text[:400]


def by_fhirclient(asker, numbers):
    """fhirclient (PyPI) reads and searches; what it cannot read it says by an exception, and goes on."""
    server = fhirclient_server.FHIRServer(None, asker.facade.base + "/")
    server.session = asker.facade.session
    got, failed = 0, []
    for number in numbers:
        dice = random.Random(f"fhirclient-{asker.seed}-{number}")
        patient = dice.choice(sorted(asker.oracle.panel) if number % 4 else asker.patients)
        kind = dice.choice([condition.Condition, observation.Observation])
        try:
            found = [patient_model.Patient.read(patient, server)] if number % 3 == 0 else []
            found += kind.where({"patient": patient}).perform_resources(server)
        except Exception as error:  # noqa: BLE001: whatever it makes of an error, it must not have got anything
            failed.append(f"{type(error).__name__}: {str(error)[:150]}")
            continue
        for one in found:
            if one.resource_type != "OperationOutcome":
                asker.oracle.judge(one.as_json(), f"fhirclient {kind.__name__} of {patient}")
                got += 1
    return got, failed


def by_smart_fetch(asker, folder, ids):
    """smart-fetch (PyPI) crawls; it may give up, but nothing that it wrote may be beyond reach."""
    program = pathlib.Path(sys.executable).with_name("smart-fetch")
    public = json.loads((folder / "jwks.json").read_text())["keys"][0]
    key = sekmet.JsonWebKey.import_key((folder / "practice.pem").read_bytes(), {"kty": "EC"})
    jwk = {**json.loads(key.as_json(is_private=True)), **public, "key_ops": ["sign"]}
    (folder / "practice.jwks").write_text(json.dumps({"keys": [jwk]}))
    out = folder / "crawl"
    command = [program, "crawl", "--fhir-url", asker.facade.base, "--smart-client-id", "panel-system"]
    command += ["--smart-key", folder / "practice.jwks", "--id-list", ",".join(ids), "--no-compression", out]
    command += ["--type", "Patient,Condition,Observation,Encounter"]
    with open(folder / "crawl.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "COLUMNS": "200"})
        try:
            process.wait(240)
        except subprocess.TimeoutExpired:
            # It waits for as long as Retry-After says, which is its right.
            process.kill()
            process.wait()
    count = 0
    for file in out.glob("*.ndjson") if out.exists() else []:
        for line in [] if file.name == "log.ndjson" else file.read_text().splitlines():
            try:
                resource = json.loads(line)
            except ValueError:
                continue
            asker.oracle.judge(resource, "smart-fetch")
            count += 1
    if count == 0:
        print("smart-fetch got nothing:", (folder / "crawl.log").read_text()[-600:])
    return count


def schedule(proxy, **faults):
    requests.put(f"{proxy}/.faults", json=faults, timeout=30).raise_for_status()


def fault_names():
    """Every fault that the proxy knows, from the product's own table of them."""
    table = (pathlib.Path(__file__).parents[2] / "docs" / "EHR.md").read_text()
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    source = (pathlib.Path(__file__).parents[2] / "src" / "sandbox" / "faults" / "fault.rs").read_text()
    known = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in re.findall(r"^        Self::(\w+),$", source, re.M)}
    documented = {name for row in rows for name in re.findall(r"`([a-z0-9_]+)`", row)}
    assert known <= documented, f"faults that docs/EHR.md does not state: {known - documented}"
    return sorted(known - LEFT_OUT)


def records(demo_ehr, folders):
    if not folders:
        dump = subprocess.run([demo_ehr, "--patients", "20", "--dump"], check=True, capture_output=True, text=True)
        resources = sekmet.lighter([json.loads(line) for line in dump.stdout.splitlines()])
        return resources, *sekmet.own_panel(resources)
    resources = list({(r["resourceType"], r["id"]): r for r in sekmet.read_resources(folders)}.values())
    resources = sekmet.lighter(resources, int(os.environ.get("MOST_OF_ONE_PATIENT", "1000")))
    npi, panel = sekmet.overlay(resources)
    return resources, [npi], None, panel


def start(processes, folder, programs, folders):
    """The EHR with its records, the proxy, Chartgate; returns the facade, the proxy's origin and the oracle."""
    chartgate, demo_ehr, fault_proxy = programs
    resources, npis, organization, panel = records(demo_ehr, folders)
    ehr_port, proxy_port, port = (sekmet.free_port() for _ in range(3))
    sekmet.new_key(folder, "facade")
    sekmet.start_sekmet(processes, folder, ehr_port)
    taken, refused = sekmet.load(f"http://127.0.0.1:{ehr_port}/fhir", resources)
    print(f"sekmet-fhir took {taken} resources and refused {len(refused)} {refused[:5]}")
    gone = {(kind, identifier) for kind, identifier, _ in refused}
    resources = [r for r in resources if (r["resourceType"], r["id"]) not in gone]
    proxy_log = folder / "proxy.log"
    options = ["--upstream", f"http://127.0.0.1:{ehr_port}", "--port", str(proxy_port), "--slow", str(SLOW)]
    proxied = processes.start([fault_proxy, *options], proxy_log)
    proxy = f"http://127.0.0.1:{proxy_port}"
    sekmet.wait_for(f"{proxy}/.faults", proxied, proxy_log)
    sekmet.configure(folder, port, f"{proxy}/fhir")
    place = folder / "chartgate.toml"
    text = place.read_text().replace('timeout = "60s"', f'timeout = "{TIMEOUT}s"\nprimary_care_max_age = "{FRESH}s"\nprimary_care_max_stale = "{FRESH}s"\nother_base_urls = ["http://127.0.0.1:{ehr_port}/fhir"]')
    text = text.replace(f"{proxy}/auth/token", f"http://127.0.0.1:{ehr_port}/auth/token")
    place.write_text(text + f'[cache]\nfresh_for = "{FRESH}s"\nmax_stale = "{FRESH}s"\n')
    key = sekmet.register(chartgate, folder, npis, organization)
    log = folder / "chartgate.log"
    server = processes.start([chartgate, "serve", "--config", place], log)
    base = f"http://localhost:{port}/fhir/r4"
    sekmet.wait_for(f"{base}/metadata", server, log)
    facade = sekmet.Facade(base, "panel-system", key)
    sekmet.wait_for_capabilities(facade)
    held = {r["id"] for r in resources if r["resourceType"] == "Patient"}
    return facade, key, proxy, Oracle(resources, panel & held)


def sweep(facade, key, proxy, oracle, folder, faults):
    count, seed = int(os.environ.get("SWEEP_REQUESTS", "400")), os.environ.get("SWEEP_SEED", str(int(time.time())))
    print(f"SWEEP_SEED={seed}: {count} requests and others' clients under {len(faults)} faults, to one request of the EHR's in three")
    asker = Asker(facade, key, oracle, seed)
    dice = random.Random(seed)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        schedule(proxy, faults=faults, one_in=3, seed=dice.randrange(1 << 30))
        ids = sorted(oracle.panel)[:3] + [p for p in asker.patients if p not in oracle.panel][:2]
        crawl = pool.submit(by_smart_fetch, asker, folder, ids)
        python = pool.submit(by_fhirclient, asker, range(count // 10))
        for future in concurrent.futures.as_completed([pool.submit(asker.ask, n) for n in range(count)]):
            future.result()
        print(f"fhirclient: {python.result()[0]} resources, {len(python.result()[1])} errors; smart-fetch: {crawl.result()} resources")
    print(f"statuses {dict(sorted(asker.statuses.items()))}, {asker.seen} resources judged, the longest took {asker.longest:.1f} s")
    assert python.result()[0] > 0, f"fhirclient got nothing: {python.result()[1][:3]}"
    assert asker.statuses.get(200, 0) > count // 20, "hardly anything was answered: the sweep says nothing"
    schedule(proxy)
    # What was held is out of date by then, and so is every pause.
    time.sleep(2 * FRESH + 5)


def main():
    chartgate, demo_ehr, fault_proxy, *folders = sys.argv[1:]
    processes = sekmet.Processes()
    work = tempfile.TemporaryDirectory(prefix="chartgate-sweep-")
    folder = pathlib.Path(work.name)
    try:
        facade, key, proxy, oracle = start(processes, folder, (chartgate, demo_ehr, fault_proxy), folders)
        try:
            sweep(facade, key, proxy, oracle, folder, fault_names())
            # A practice's token lives for five minutes.
            facade = sekmet.Facade(facade.base, "panel-system", key)
            counts = sekmet.check(facade, list(oracle.held.values()), oracle.panel)
            print(f"after it, everything of {len(oracle.panel)} patients and nothing else: {counts}")
        except BaseException:
            traceback.print_exc()
            print((folder / "chartgate.log").read_text()[-4000:], file=sys.stderr)
            raise SystemExit(1) from None
    finally:
        processes.stop()
        work.cleanup()


if __name__ == "__main__":
    main()

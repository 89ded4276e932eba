"""Chartgate in front of an EHR that others wrote: sekmet-fhir (PyPI), loaded with records, reached by SMART Backend Services.

What is compared: what a practice's system gets through the facade, and what the EHR holds for the practice's patients and for
nobody else. The EHR ignores `patient` on CareTeam and returns everyone's; that must not leak.

Usage: sekmet.py CHARTGATE DEMO_EHR [FOLDER...]: the two programs; folders with NDJSON, Bundles or single resources to load
instead of the demo hospital's records.
"""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
import warnings

import requests
warnings.filterwarnings("ignore", message="authlib.jose")
from authlib.jose import JsonWebKey, jwt  # noqa: E402
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

TYPES = (
    "Encounter Condition AllergyIntolerance MedicationRequest Observation DiagnosticReport DocumentReference "
    "Immunization Procedure CareTeam"
).split()
LOADER = {"Authorization": "Bearer loader-token"}
NPI_SYSTEM = "http://hl7.org/fhir/sid/us-npi"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def npi_for(number):
    """A National Provider Identifier with a right check digit: ours, laid over records whose staff have none."""
    body = f"{150000000 + number:09d}"
    total = 24
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str((10 - total % 10) % 10)


def npi_is_valid(text):
    return len(text) == 10 and text.isdigit() and npi_check(text)


def npi_check(text):
    total = 24
    for place, digit in enumerate(reversed(text)):
        value = int(digit) * (2 if place % 2 == 1 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def new_key(folder, name):
    key = ec.generate_private_key(ec.SECP384R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (folder / f"{name}.pem").write_bytes(private)
    (folder / f"{name}-public.pem").write_bytes(public)
    return private, public


class Processes:
    """What was started, to be stopped whatever happens."""

    def __init__(self):
        self.running = []

    def start(self, arguments, log, **options):
        with open(log, "wb") as out:
            process = subprocess.Popen(arguments, stdout=out, stderr=subprocess.STDOUT, **options)
        self.running.append(process)
        return process

    def stop(self):
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(url, process, log, **options):
    for _ in range(240):
        try:
            if requests.get(url, timeout=30, **options).status_code < 500:
                return
        except requests.ConnectionError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.25)
    raise SystemExit(f"{url} did not answer\n{pathlib.Path(log).read_text()[-3000:]}")


def read_resources(paths):
    """Resources out of NDJSON files, Bundles and single resources."""
    for path in paths:
        files = sorted(p for p in pathlib.Path(path).rglob("*") if p.suffix in (".json", ".ndjson"))
        for file in files:
            text = file.read_text()
            documents = text.splitlines() if file.suffix == ".ndjson" else [text]
            for document in filter(str.strip, documents):
                parsed = json.loads(document)
                if parsed.get("resourceType") == "Bundle":
                    yield from (e["resource"] for e in parsed.get("entry", []) if "resource" in e)
                elif "resourceType" in parsed and "id" in parsed:
                    yield parsed


def load(base, resources):
    """Puts the resources into the EHR in batches; returns how many it took and refused."""
    taken, refused = 0, []
    for start in range(0, len(resources), 100):
        entries = [
            {
                "resource": resource,
                "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
            }
            for resource in resources[start : start + 100]
        ]
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        answer = requests.post(base, json=bundle, headers=LOADER, timeout=300)
        answer.raise_for_status()
        for resource, entry in zip(resources[start : start + 100], answer.json()["entry"]):
            if entry["response"]["status"].startswith("2"):
                taken += 1
            else:
                refused.append((resource["resourceType"], resource["id"], entry["response"]["status"]))
    return taken, refused


class Facade:
    """A practice's system as a client of Chartgate."""

    def __init__(self, base, client_id, key):
        self.base = base
        configuration = requests.get(f"{base}/.well-known/smart-configuration", timeout=30).json()
        endpoint = configuration["token_endpoint"]
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": endpoint,
            "exp": int(time.time()) + 240,
            "jti": str(uuid.uuid4()),
        }
        assertion = jwt.encode({"alg": "ES384", "kid": "practice", "typ": "JWT"}, claims, key).decode()
        answer = requests.post(
            endpoint,
            data={
                "grant_type": "client_credentials",
                "scope": "system/*.rs",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": assertion,
            },
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path):
        url = path if path.startswith("http") else f"{self.base}/{path}"
        return self.session.get(url, timeout=60)

    def all(self, path):
        """Every entry of a search, over all its pages, matches and includes."""
        entries, url = [], path
        for _ in range(500):
            answer = self.get(url)
            assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:600]}"
            bundle = answer.json()
            entries += bundle.get("entry", [])
            url = next((link["url"] for link in bundle.get("link", []) if link["relation"] == "next"), None)
            if url is None:
                return entries
        raise AssertionError(f"{path}: the pages do not end")


def belongs_to(resource, patient):
    """Whether a resource of the types above says that it is this patient's."""
    reference = resource.get("subject") or resource.get("patient") or {}
    return reference.get("reference", "").split("/_history")[0].endswith(f"Patient/{patient}")


def overlay(resources):
    """Gives records without PCPs their PCPs: ours, so that the product has something to decide by. Half the patients go to the
    first practitioner, half to the second. Returns the NPI of the first practitioner and the patients who are theirs."""
    practitioners = [r for r in resources if r["resourceType"] == "Practitioner"]
    patients = [r for r in resources if r["resourceType"] == "Patient"]
    for number, name in enumerate(("Overlay", "Another")):
        if len(practitioners) < 2:
            made = {"resourceType": "Practitioner", "id": f"overlay-{number}", "name": [{"family": name}]}
            practitioners.append(made)
            resources.append(made)
    for number, practitioner in enumerate(practitioners[:2]):
        others = [i for i in practitioner.get("identifier", []) if i.get("system") != NPI_SYSTEM]
        practitioner["identifier"] = others + [{"system": NPI_SYSTEM, "value": npi_for(number)}]
    for place, patient in enumerate(patients):
        pcp = practitioners[place % 2]
        patient["generalPractitioner"] = [{"reference": f"Practitioner/{pcp['id']}"}]
    return npi_for(0), {p["id"] for p in patients[::2]}


def lighter(resources, most=200):
    """Leaves out the patients with the longest records: sekmet-fhir takes some 70 resources a second."""
    sizes = {}
    for resource in resources:
        owner = owner_of(resource)
        sizes[owner] = sizes.get(owner, 0) + 1
    heavy = {owner for owner, size in sizes.items() if owner and size > most}
    kept = [r for r in resources if owner_of(r) not in heavy]
    names = {f"{r['resourceType']}/{r['id']}" for r in kept}
    # What only those patients' resources referred to goes with them.
    return [r for r in kept if all(t["reference"] in names for t in r.get("target", []) if "reference" in t)]


def owner_of(resource):
    if resource["resourceType"] == "Patient":
        return resource["id"]
    if resource["resourceType"] == "Binary":
        return resource["id"].split("-")[0]
    reference = resource.get("subject") or resource.get("patient") or resource.get("beneficiary") or {}
    return reference.get("reference", "").removeprefix("Patient/")


def is_restricted(resource):
    """Labelled beyond what a PCP's practice is covered for (D-11)."""
    return any(label.get("code") in ("R", "V") for label in resource.get("meta", {}).get("security", []))


def own_panel(resources):
    """In the demo hospital's own records: the NPIs of one practice's providers, its Organization, and its patients."""
    roles = {r["id"]: r for r in resources if r["resourceType"] == "PractitionerRole"}
    npis = {
        p["id"]: next(i["value"] for i in p["identifier"] if i.get("system") == NPI_SYSTEM)
        for p in resources
        if p["resourceType"] == "Practitioner" and any(i.get("system") == NPI_SYSTEM for i in p["identifier"])
    }
    first = next(p for p in resources if p["resourceType"] == "Patient" and p.get("generalPractitioner"))
    organization = next(
        role["organization"]["reference"]
        for role in roles.values()
        if role["practitioner"]["reference"] in practitioners_named(first, roles)
    )
    staff = {
        role["practitioner"]["reference"] for role in roles.values() if role["organization"]["reference"] == organization
    }
    panel = {
        p["id"]
        for p in resources
        if p["resourceType"] == "Patient"
        and (
            practitioners_named(p, roles) & staff
            or any(g["reference"] == organization for g in p.get("generalPractitioner", []))
        )
    }
    return [npis[s.split("/")[1]] for s in sorted(staff)], organization.split("/")[1], panel


def practitioners_named(patient, roles):
    named = set()
    for reference in (g["reference"] for g in patient.get("generalPractitioner", [])):
        kind, identifier = reference.split("/")
        if kind == "Practitioner":
            named.add(reference)
        elif kind == "PractitionerRole":
            named.add(roles[identifier]["practitioner"]["reference"])
    return named


def configure(folder, port, ehr):
    (folder / "chartgate.toml").write_text(
        f"""[server]
listen = "127.0.0.1:{port}"
public_url = "http://localhost:{port}"
[database]
url = "sqlite://{folder}/chartgate.db"
master_key = "{base64.urlsafe_b64encode(hashlib.sha256(os.urandom(32)).digest()).decode()}"
[ehr]
base_url = "{ehr}"
undeclared_types = ["CareTeam", "Binary"]
timeout = "60s"
[ehr.auth]
type = "backend_services"
client_id = "facade"
key = {{ file = "{folder}/facade.pem" }}
token_url = "{ehr.removesuffix('/fhir')}/auth/token"
# The whole suite comes from one address.
[limits]
address_per_minute = 0
unauthenticated_per_minute = 0
user_per_minute = 0
app_per_minute = 0
system_per_minute = 0
[log]
format = "text"
filter = "info"
"""
    )


def start_sekmet(processes, folder, port):
    (folder / "settings.yaml").write_text(
        f"""base_url: http://127.0.0.1:{port}/fhir
host: 127.0.0.1
port: {port}
data_dir: {folder}/sekmet
log_inbound: false
simulator: {{enabled: false}}
validation: {{inbound: warn}}
server_auth:
  types: [smart, bearer]
  tokens: [loader-token]
  token_lifetime: 300
  enforce_scopes: true
  smart_clients:
    - {{client_id: facade, public_key_path: {folder}/facade-public.pem, scopes: "system/*.rs"}}
"""
    )
    program = shutil.which("sekmet", path=f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}")
    log = folder / "sekmet.log"
    process = processes.start([program, "serve", "-c", folder / "settings.yaml"], log, cwd=folder)
    wait_for(f"http://127.0.0.1:{port}/fhir/metadata", process, log, headers=LOADER)


def register(chartgate, folder, npis, organization):
    """The practice and its system, by the product's own commands."""
    place = ["--config", folder / "chartgate.toml"]
    subprocess.run(
        [chartgate, "practice", "add", *place, "--id", "panel", "--name", "Panel Pediatrics"]
        + [word for npi in npis for word in ("--npi", npi)]
        + (["--organization", organization] if organization else []),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    private, public = new_key(folder, "practice")
    jwk = padded(json.loads(JsonWebKey.import_key(public, {"kty": "EC"}).as_json()))
    (folder / "jwks.json").write_text(json.dumps({"keys": [{**jwk, "kid": "practice", "alg": "ES384", "use": "sig"}]}))
    subprocess.run(
        [chartgate, "client", "add", *place, "--id", "panel-system", "--name", "Panel system", "--kind", "backend"]
        + ["--practice", "panel", "--scope", "system/*.rs", "--jwks", folder / "jwks.json"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return JsonWebKey.import_key(private, {"kty": "EC"})


def padded(jwk):
    """With coordinates of their full length (RFC 7518 6.2.1.2): authlib drops zeros at their beginning, in one key of a hundred."""
    for name in ("x", "y"):
        raw = base64.urlsafe_b64decode(jwk[name] + "=" * (-len(jwk[name]) % 4))
        jwk[name] = base64.urlsafe_b64encode(raw.rjust(48, b"\0")).decode().rstrip("=")
    return jwk


def check(facade, resources, panel):
    """Everything of the panel comes, nothing else does, whichever way it is asked."""
    patients = {r["id"] for r in resources if r["resourceType"] == "Patient"}
    reached = {p for p in patients if facade.get(f"Patient/{p}").status_code == 200}
    assert reached == panel, f"reads of Patient: {sorted(reached ^ panel)}"
    absent = facade.get("Patient/no-such-patient")
    for patient in sorted(patients - panel)[:5]:
        beyond = facade.get(f"Patient/{patient}")
        assert without_request_id(beyond) == without_request_id(absent), "beyond reach and absent must be one answer"
    counts = {}
    for kind in TYPES:
        held = [r for r in resources if r["resourceType"] == kind]
        for patient in sorted(panel):
            expected = {r["id"] for r in held if belongs_to(r, patient) and not is_restricted(r)}
            entries = facade.all(f"{kind}?patient={patient}")
            found = {e["resource"]["id"] for e in entries if e["resource"]["resourceType"] == kind}
            assert found == expected, f"{kind} of {patient}: {sorted(found ^ expected)[:10]}"
            counts[kind] = counts.get(kind, 0) + len(found)
        for patient in sorted(patients - panel)[:3]:
            answer = facade.get(f"{kind}?patient={patient}")
            body = answer.json()
            assert not [e for e in body.get("entry", []) if e["resource"]["resourceType"] == kind], f"{kind} leaks"
        for resource in [r for r in held if not any(belongs_to(r, p) for p in panel)][:3]:
            answer = facade.get(f"{kind}/{resource['id']}")
            assert answer.status_code == 404, f"{kind} by id leaks: {answer.status_code}"
    return counts


def without_request_id(answer):
    body = answer.text.replace(answer.headers.get("X-Request-Id", "-"), "")
    return answer.status_code, body


def notes(facade, resources, panel):
    """Binaries open through the panel's documents; those of others do not."""
    opened = 0
    for document in (r for r in resources if r["resourceType"] == "DocumentReference"):
        mine = any(belongs_to(document, p) for p in panel) and not is_restricted(document)
        for content in document.get("content", []):
            url = content.get("attachment", {}).get("url", "")
            if "Binary/" not in url:
                continue
            if mine:
                patient = document["subject"]["reference"].split("/")[1]
                facade.all(f"DocumentReference?patient={patient}")
            status = facade.get(url).status_code
            assert status == (200 if mine else 404), f"{url}: {status}"
            opened += mine
    return opened


def main():
    chartgate, demo_ehr, *folders = sys.argv[1:]
    processes = Processes()
    work = tempfile.TemporaryDirectory(prefix="chartgate-sekmet-")
    folder = pathlib.Path(work.name)
    try:
        if folders:
            resources = list({(r["resourceType"], r["id"]): r for r in read_resources(folders)}.values())
            resources = lighter(resources, int(os.environ.get("MOST_OF_ONE_PATIENT", "1000")))
            npi, panel = overlay(resources)
            npis, organization = [npi], None
        else:
            dump = subprocess.run([demo_ehr, "--patients", "20", "--dump"], check=True, capture_output=True, text=True)
            resources = lighter([json.loads(line) for line in dump.stdout.splitlines()])
            npis, organization, panel = own_panel(resources)
        ehr_port, port = free_port(), free_port()
        new_key(folder, "facade")
        start_sekmet(processes, folder, ehr_port)
        ehr = f"http://127.0.0.1:{ehr_port}/fhir"
        taken, refused = load(ehr, resources)
        print(f"sekmet-fhir took {taken} resources and refused {len(refused)} {refused[:5]}")
        held = [r for r in resources if (r["resourceType"], r["id"]) not in {(k, i) for k, i, _ in refused}]
        configure(folder, port, ehr)
        key = register(chartgate, folder, npis, organization)
        log = folder / "chartgate.log"
        server = processes.start([chartgate, "serve", "--config", folder / "chartgate.toml"], log)
        try:
            base = f"http://localhost:{port}/fhir/r4"
            wait_for(f"{base}/metadata", server, log)
            facade = Facade(base, "panel-system", key)
            wait_for_capabilities(facade)
            if not folders:
                assert ehr_ignores_patient_on_care_team(ehr, panel), "the EHR no longer does what this test is about"
            counts = check(facade, held, panel & {r["id"] for r in held if r["resourceType"] == "Patient"})
            print(f"{len(panel)} patients of the panel, resources: {counts}")
            print(f"{notes(facade, held, panel)} notes opened through their documents")
        except BaseException:
            print(log.read_text()[-4000:], file=sys.stderr)
            raise
    finally:
        processes.stop()
        work.cleanup()


def ehr_ignores_patient_on_care_team(ehr, panel):
    """Shows that there is something to leak: the EHR answers with teams of patients who were not asked for."""
    patient = sorted(panel)[0]
    answer = requests.get(f"{ehr}/CareTeam?patient={patient}&_count=200", headers=LOADER, timeout=60)
    return any(not belongs_to(e["resource"], patient) for e in answer.json().get("entry", []))


def wait_for_capabilities(facade):
    """Until the EHR's CapabilityStatement is read, searches may be refused or everything may seem offered."""
    for _ in range(120):
        statement = facade.get("metadata").json()
        if any(r["type"] == "Observation" for r in statement["rest"][0]["resource"]):
            return
        time.sleep(0.5)
    raise AssertionError("the CapabilityStatement never lists Observation")


if __name__ == "__main__":
    main()

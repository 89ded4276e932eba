"""smart-fetch: a practice's system fetches its own patients' records by SMART Backend Services, and nobody else's.

It crawls by a list of patient ids. By Group it would need Group resources and export operations.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from person import DEMO, patient_of

PROGRAM = Path(sys.executable).with_name("smart-fetch")
SYSTEM = next(c for c in DEMO["clients"] if c["kind"] == "backend")
DOCTOR = next(u for u in DEMO["users"] if u["kind"] == "provider" and u.get("practice") == SYSTEM["practice"])


def subject_of(resource):
    if resource["resourceType"] == "Patient":
        return resource["id"]
    reference = resource.get("subject") or resource["patient"]
    return reference["reference"].rsplit("/", 1)[-1]


def crawl(folder, key, ids):
    command = [PROGRAM, "crawl", "--fhir-url", DEMO["fhir"], "--smart-client-id", SYSTEM["client_id"], "--smart-key", key]
    command += ["--id-list", ",".join(ids), "--no-compression", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 0, done.stdout + done.stderr
    resources = []
    for file in Path(folder).glob("*.ndjson"):
        if file.name != "log.ndjson":
            resources += [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return resources


def main():
    own = {patient_of(mrn)["id"] for mrn in DOCTOR["sees"]}
    others = [patient_of(mrn)["id"] for mrn in DOCTOR["sees_not"]][:3]
    with tempfile.TemporaryDirectory() as work:
        key = Path(work, "key.jwks")
        key.write_text(json.dumps({"keys": [SYSTEM["jwk"]]}), encoding="utf-8")
        resources = crawl(Path(work, "out"), key, [*own, *others])
        found = {subject_of(resource) for resource in resources}
        types = {resource["resourceType"] for resource in resources}
        refused = Path(work, "out", "error", "OperationOutcome.ndjson").read_text(encoding="utf-8").splitlines()
    assert found == own, found ^ own
    assert len(refused) == len(others), refused
    assert all(json.loads(line)["issue"][0]["code"] == "not-found" for line in refused)
    assert {"Patient", "Encounter", "Condition", "Observation", "MedicationRequest", "DocumentReference"} <= types, types
    print(f"smart-fetch: {len(resources)} resources of {len(found)} patients, {len(refused)} refused")


if __name__ == "__main__":
    main()

"""What is published for everybody, by two validators that others wrote. Proves rows 396, 417, 436 by structure and bindings."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import requests

from person import DEMO

BIN = Path(sys.executable).parent


def published():
    yield "brands", requests.get(f"{DEMO['portal']}/brands.json", timeout=10).json()
    yield "statement", requests.get(f"{DEMO['fhir']}/metadata", timeout=10).json()


def judge(command, folder):
    """The exit status, and what was said."""
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    return run.returncode, run.stdout + run.stderr


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name, resource in published():
            file = Path(folder) / f"{name}.json"
            file.write_text(json.dumps(resource), encoding="utf-8")
            kind = "bundle" if resource["resourceType"] == "Bundle" else "file"
            for command in ([BIN / "pyrofile", kind, file], [BIN / "fhirkit", "validate", file]):
                status, said = judge(command, folder)
                assert status == 0, said
        # That they would notice.
        broken = published().__next__()[1]
        broken["entry"][-1]["resource"]["status"] = "wrong"
        file.write_text(json.dumps(broken), encoding="utf-8")
        assert judge([BIN / "pyrofile", "bundle", file], folder)[0] != 0
    print("ok: brands and CapabilityStatement are valid")


main()

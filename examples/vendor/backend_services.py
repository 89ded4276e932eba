"""SMART Backend Services in Python: pip install requests joserfc

Wants FHIR_BASE, CLIENT_ID, KEY_FILE (P-384 private key, PEM), KEY_ID (its kid as registered) and PATIENT_MRN.
"""

import os
import time
import uuid

import requests
from joserfc import jwt
from joserfc.jwk import ECKey

BASE = os.environ["FHIR_BASE"]
CLIENT = os.environ["CLIENT_ID"]


def access_token(scope):
    """A token for five minutes. Ask for another when it has expired: there is no refresh token here."""
    endpoint = requests.get(f"{BASE}/.well-known/smart-configuration", timeout=10).json()["token_endpoint"]
    with open(os.environ["KEY_FILE"], encoding="ascii") as file:
        key = ECKey.import_key(file.read())
    assertion = jwt.encode(
        {"alg": "ES384", "kid": os.environ["KEY_ID"]},
        {"iss": CLIENT, "sub": CLIENT, "aud": endpoint, "exp": int(time.time()) + 240, "jti": str(uuid.uuid4())},
        key,
        algorithms=["ES384"],
    )
    answer = requests.post(
        endpoint,
        data={
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        },
        timeout=10,
    )
    if answer.status_code != 200:
        raise SystemExit(f"no token: {answer.text}")
    return answer.json()


granted = access_token("system/Patient.rs system/Observation.rs")
print("granted:", granted["scope"])

session = requests.Session()
session.headers.update({"Authorization": f"Bearer {granted['access_token']}", "Accept": "application/fhir+json"})
found = session.get(f"{BASE}/Patient", params={"identifier": os.environ["PATIENT_MRN"]}, timeout=30)
found.raise_for_status()
for entry in found.json().get("entry", []):
    patient = entry["resource"]
    print("patient:", patient["id"], patient["name"][0]["family"], patient["birthDate"])
    query = {"patient": patient["id"], "category": "laboratory", "_count": "5"}
    results = session.get(f"{BASE}/Observation", params=query, timeout=30)
    results.raise_for_status()
    print("laboratory results on the first page:", len(results.json().get("entry", [])))

"""A SMART app in Python, with what Python brings along: standalone launch, PKCE, refresh.

Wants FHIR_BASE, CLIENT_ID (a public client) and REDIRECT_URI, an http:// address on this machine.
"""

import base64
import hashlib
import json
import os
import secrets
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

BASE = os.environ["FHIR_BASE"]
CLIENT = os.environ["CLIENT_ID"]
REDIRECT = os.environ["REDIRECT_URI"]
SCOPE = "launch/patient openid fhirUser offline_access patient/Patient.rs patient/Observation.rs"


def call(url, form=None, token=None):
    """GET, or POST of a form; the answer is JSON."""
    headers = {"Accept": "application/fhir+json" if token else "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    body = urlencode(form).encode() if form else None
    with urlopen(Request(url, body, headers), timeout=30) as answer:
        return json.load(answer)


def wait_for_callback():
    """The query with which the browser comes back."""
    arrived = []

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self):
            if urlsplit(self.path).path == urlsplit(REDIRECT).path:
                arrived.append(parse_qs(urlsplit(self.path).query))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"You can close this window.")

        def log_message(self, *_):
            """Codes stay out of logs."""

    with HTTPServer((urlsplit(REDIRECT).hostname, urlsplit(REDIRECT).port), Callback) as server:
        while not arrived:
            server.handle_request()
    return {name: values[0] for name, values in arrived[0].items()}


configuration = call(f"{BASE}/.well-known/smart-configuration")
verifier = secrets.token_urlsafe(48)
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
state = secrets.token_urlsafe(16)
question = {
    "response_type": "code",
    "client_id": CLIENT,
    "redirect_uri": REDIRECT,
    "scope": SCOPE,
    "state": state,
    "aud": BASE,
    "code_challenge": challenge,
    "code_challenge_method": "S256",
}
print("Open this address in a browser and sign in:", flush=True)
print(f"{configuration['authorization_endpoint']}?{urlencode(question)}", flush=True)

came = wait_for_callback()
if came.get("state") != state or came.get("iss") != configuration["issuer"]:
    raise SystemExit("that is not the answer to this request")
if "error" in came:
    raise SystemExit(f"{came['error']}: {came.get('error_description')}")

tokens = call(
    configuration["token_endpoint"],
    {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "code": came["code"],
        "redirect_uri": REDIRECT,
        "code_verifier": verifier,
    },
)
print("granted:", tokens["scope"])

patient = call(f"{BASE}/Patient/{tokens['patient']}", token=tokens["access_token"])
print("patient:", patient["id"], patient["name"][0]["family"], patient["birthDate"])

# A refresh token works once: keep the new one that comes with each answer.
refresh = {"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": tokens["refresh_token"]}
tokens = call(configuration["token_endpoint"], refresh)
print("refreshed:", tokens["scope"])

"""authlib: code with PKCE, refresh, revocation and introspection, with a secret and with a key."""

import os
import time

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

from person import DEMO, MRN, Person, client_of, patient_of

SCOPE = "launch/patient openid fhirUser offline_access patient/*.rs"
CONFIGURATION = requests.get(f"{DEMO['fhir']}/.well-known/smart-configuration").json()


def session(app, **more):
    return OAuth2Session(
        app["client_id"],
        redirect_uri=app["redirect_uris"][0],
        scope=SCOPE,
        code_challenge_method="S256",
        **more,
    )


def launch(app, oauth):
    verifier = generate_token(48)
    url, state = oauth.create_authorization_url(
        CONFIGURATION["authorization_endpoint"], code_verifier=verifier, aud=DEMO["fhir"]
    )
    callback = Person().authorize(url)
    return oauth.fetch_token(
        CONFIGURATION["token_endpoint"], authorization_response=callback, state=state, code_verifier=verifier
    )


def reads(oauth, token):
    expected = patient_of(MRN)["id"]
    assert token["patient"] == expected
    patient = oauth.get(f"{DEMO['fhir']}/Patient/{expected}")
    assert patient.status_code == 200, patient.text
    found = oauth.get(f"{DEMO['fhir']}/Observation", params={"patient": expected, "category": "laboratory"})
    assert found.status_code == 200 and found.json()["resourceType"] == "Bundle", found.text


def with_secret():
    app = client_of("confidential", lambda c: c.get("secret"))
    for method in ("client_secret_basic", "client_secret_post"):
        oauth = session(app, client_secret=app["secret"], token_endpoint_auth_method=method)
        token = launch(app, oauth)
        reads(oauth, token)
        refreshed = oauth.refresh_token(CONFIGURATION["token_endpoint"], refresh_token=token["refresh_token"])
        assert refreshed["access_token"] != token["access_token"]
        reads(oauth, refreshed)
        said = oauth.introspect_token(CONFIGURATION["introspection_endpoint"], token=refreshed["access_token"])
        assert said.json()["active"] is True, said.text
        gone = oauth.revoke_token(CONFIGURATION["revocation_endpoint"], token=refreshed["refresh_token"])
        assert gone.status_code == 200
        assert oauth.get(f"{DEMO['fhir']}/Patient/{token['patient']}").status_code == 401


def with_key():
    app = client_of("confidential", lambda c: c.get("jwk"))
    jwk = {name: value for name, value in app["jwk"].items() if name not in ("key_ops", "use")}
    # authlib's own hour is longer than the five minutes that SMART allows.
    short = {"exp": int(time.time()) + 240}
    method = PrivateKeyJWT(CONFIGURATION["token_endpoint"], claims=short, headers={"kid": jwk["kid"]}, alg="ES384")
    oauth = session(app, client_secret=ECKey.import_key(jwk), token_endpoint_auth_method="private_key_jwt")
    oauth.register_client_auth_method(method)
    reads(oauth, launch(app, oauth))


def public():
    app = client_of("public")
    oauth = session(app, token_endpoint_auth_method="none")
    reads(oauth, launch(app, oauth))


if __name__ == "__main__":
    public()
    with_secret()
    with_key()
    print("authlib: public, secret and key")

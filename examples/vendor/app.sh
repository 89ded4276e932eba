#!/usr/bin/env bash
# A standalone launch by hand, with curl: prints where to go, takes the address at which you arrive, reads the patient.
# Wants FHIR_BASE, CLIENT_ID (a public client) and REDIRECT_URI. Nothing need listen at the redirect URI.
set -euo pipefail

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
urlencode() { printf %s "$1" | od -An -v -tx1 | tr -d '\n' | tr ' ' '%'; }

configuration=$(curl -fsS "$FHIR_BASE/.well-known/smart-configuration")
authorization_endpoint=$(printf %s "$configuration" | member authorization_endpoint)
token_endpoint=$(printf %s "$configuration" | member token_endpoint)

# PKCE: the hash goes ahead, the secret follows with the code.
verifier=$(openssl rand 32 | base64url)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64url)
state=$(openssl rand -hex 16)
scope='launch/patient openid fhirUser offline_access patient/Patient.rs patient/Observation.rs'

echo "Open this address in a browser and sign in:"
echo "$authorization_endpoint?response_type=code&client_id=$CLIENT_ID&redirect_uri=$(urlencode "$REDIRECT_URI")&scope=$(urlencode "$scope")&state=$state&aud=$(urlencode "$FHIR_BASE")&code_challenge=$challenge&code_challenge_method=S256"
echo "The browser ends at an address that begins with $REDIRECT_URI. Paste it here within a minute:"
read -r callback

case $callback in *"state=$state"*) ;; *) echo "that is not the answer to this request" >&2; exit 1 ;; esac
code=$(printf %s "$callback" | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p')

answer=$(curl -sS "$token_endpoint" \
  --data-urlencode grant_type=authorization_code \
  --data-urlencode client_id="$CLIENT_ID" \
  --data-urlencode redirect_uri="$REDIRECT_URI" \
  --data-urlencode code_verifier="$verifier" \
  --data "code=$code")
token=$(printf %s "$answer" | member access_token)
patient=$(printf %s "$answer" | member patient)
if [ -z "$token" ]; then
  echo "no token: $answer" >&2
  exit 1
fi
echo "granted: $(printf %s "$answer" | member scope)"

curl -fsS "$FHIR_BASE/Patient/$patient" -H "Authorization: Bearer $token" -H 'Accept: application/fhir+json'
echo

# A refresh token works once: keep the new one that comes with each answer.
refreshed=$(curl -fsS "$token_endpoint" \
  --data-urlencode grant_type=refresh_token \
  --data-urlencode client_id="$CLIENT_ID" \
  --data-urlencode refresh_token="$(printf %s "$answer" | member refresh_token)")
echo "refreshed: $(printf %s "$refreshed" | member scope)"

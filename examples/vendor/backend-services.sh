#!/usr/bin/env bash
# SMART Backend Services with curl and openssl: proves who it is with a signed JWT, gets a token, reads a patient.
# Wants FHIR_BASE, CLIENT_ID, KEY_FILE (P-384 private key, PEM), KEY_ID (its kid as registered) and PATIENT_MRN.
set -euo pipefail

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

# 1. Where tokens are to be had.
token_endpoint=$(curl -fsS "$FHIR_BASE/.well-known/smart-configuration" | member token_endpoint)

# 2. The assertion: who we are, for whom it is meant, and an id that is never used again.
header="{\"alg\":\"ES384\",\"typ\":\"JWT\",\"kid\":\"$KEY_ID\"}"
claims="{\"iss\":\"$CLIENT_ID\",\"sub\":\"$CLIENT_ID\",\"aud\":\"$token_endpoint\",\"exp\":$(($(date +%s) + 240)),\"jti\":\"$(openssl rand -hex 16)\"}"
signed="$(printf %s "$header" | base64url).$(printf %s "$claims" | base64url)"

# openssl writes the two numbers of the signature as DER; a JWS wants them in 48 bytes each.
numbers=$(printf %s "$signed" | openssl dgst -sha384 -sign "$KEY_FILE" -binary | openssl asn1parse -inform DER |
  sed -n 's/.*INTEGER *://p' | while read -r number; do printf '%96s' "$number" | tr ' ' 0; done)
signature=$(printf "$(printf %s "$numbers" | sed 's/../\\x&/g')" | base64url)

# 3. The token. It lives five minutes; ask for another when it has expired.
answer=$(curl -sS "$token_endpoint" \
  --data-urlencode grant_type=client_credentials \
  --data-urlencode scope='system/Patient.rs system/Observation.rs' \
  --data-urlencode client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
  --data-urlencode client_assertion="$signed.$signature")
token=$(printf %s "$answer" | member access_token)
if [ -z "$token" ]; then
  echo "no token: $answer" >&2
  exit 1
fi
echo "granted: $(printf %s "$answer" | member scope)"

# 4. A patient of the practice, by medical record number.
curl -fsS -G "$FHIR_BASE/Patient" \
  --data-urlencode identifier="$PATIENT_MRN" \
  -H "Authorization: Bearer $token" -H 'Accept: application/fhir+json'
echo

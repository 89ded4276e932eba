// What the sequences share: an app with a real callback, a person at a real browser, JWTs by Node's own crypto.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';

import { demo } from './demo.mjs';

const b64 = (value) => Buffer.from(value).toString('base64url');

/** An app: its client, and what it learns from discovery. */
export class App {
  constructor(client, endpoints) {
    Object.assign(this, { client, endpoints, redirect: client.redirect_uris[0] });
  }

  static async of(client) {
    const answer = await fetch(`${demo.fhir}/.well-known/smart-configuration`);
    return new App(client, await answer.json());
  }

  /** An authorization request with PKCE; `more` replaces parameters, or leaves them out when undefined. */
  request(scope, more = {}) {
    const verifier = b64(crypto.randomBytes(32));
    const challenge = crypto.createHash('sha256').update(verifier).digest('base64url');
    const state = crypto.randomUUID();
    const parameters = {
      response_type: 'code', client_id: this.client.client_id, redirect_uri: this.redirect, scope, state, aud: demo.fhir,
      code_challenge: challenge, code_challenge_method: 'S256', ...more,
    };
    const sent = Object.entries(parameters).filter(([, value]) => value !== undefined);
    const url = new URL(this.endpoints.authorization_endpoint);
    url.search = new URLSearchParams(sent).toString();
    return { url, verifier, challenge, state, parameters: sent };
  }

  /** Client authentication as the app is registered: headers and fields of a request to the token endpoint. */
  credentials() {
    const { client_id: id, secret, jwk } = this.client;
    if (secret) return { headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }, fields: {} };
    if (jwk) {
      const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
      return { headers: {}, fields: { client_assertion_type: type, client_assertion: this.assertion() } };
    }
    return { headers: {}, fields: { client_id: id } };
  }

  /** A client assertion; `claims` and `header` replace what a good one holds. */
  assertion(claims = {}, header = {}) {
    const { client_id: id, jwk } = this.client;
    const now = Math.floor(Date.now() / 1000);
    const body = { iss: id, sub: id, aud: this.endpoints.token_endpoint, exp: now + 240, jti: crypto.randomUUID(), ...claims };
    const head = { alg: 'ES384', typ: 'JWT', kid: jwk.kid, ...header };
    const message = `${b64(JSON.stringify(head))}.${b64(JSON.stringify(body))}`;
    const key = crypto.createPrivateKey({ key: jwk, format: 'jwk' });
    return `${message}.${crypto.sign('sha384', Buffer.from(message), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }

  /** A form to one of the app's endpoints. */
  async form(endpoint, fields, headers = {}) {
    const kind = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(this.endpoints[endpoint], { method: 'POST', headers: { ...kind, ...headers }, body: new URLSearchParams(fields) });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  token(fields, more = {}) {
    const own = this.credentials();
    return this.form('token_endpoint', { ...own.fields, ...fields }, { ...own.headers, ...more });
  }

  exchange(request, code, more = {}, headers = {}) {
    const verifier = 'code_verifier' in more ? {} : { code_verifier: request.verifier };
    return this.token({ grant_type: 'authorization_code', code, redirect_uri: this.redirect, ...verifier, ...more }, headers);
  }

  refresh(token, more = {}) {
    return this.token({ grant_type: 'refresh_token', refresh_token: token, ...more });
  }
}

/** The claims of an id_token, its signature verified against the keys that discovery leads to. */
export async function verified(app, idToken) {
  const [head, claims, signature] = idToken.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url'));
  assert.equal(header.alg, 'RS256');
  const configuration = await (await fetch(`${app.endpoints.issuer}/.well-known/openid-configuration`)).json();
  const { keys } = await (await fetch(configuration.jwks_uri)).json();
  const matching = keys.filter(({ kid }) => kid === header.kid);
  assert.equal(matching.length, 1, 'one key has the kid');
  const key = crypto.createPublicKey({ key: matching[0], format: 'jwk' });
  assert.ok(crypto.verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url')));
  return JSON.parse(Buffer.from(claims, 'base64url'));
}

/** A read of the FHIR API; never throws. */
export async function fhir(token, path, headers = {}) {
  const bearer = token ? { authorization: `Bearer ${token}` } : {};
  const url = path.startsWith('http') ? path : `${demo.fhir}/${path}`;
  const answer = await fetch(url, { headers: { accept: 'application/fhir+json', ...bearer, ...headers } });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? JSON.parse(text) : text };
}

/** The place where the app's pages are: remembers what it was called with. */
export class Callbacks {
  #waiting = [];

  async open(origin) {
    this.origin = new URL(origin);
    this.server = http.createServer((request, response) => {
      const url = new URL(request.url, this.origin);
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>The app</title><p>The app is here.');
      if (url.pathname !== '/favicon.ico') this.#waiting.splice(0).forEach((resolve) => resolve(url));
    });
    await new Promise((resolve) => this.server.listen(Number(this.origin.port), this.origin.hostname, resolve));
  }

  next() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

/** A person at a browser, who signs in, picks a patient and decides what the app may see. */
export class Visitor {
  constructor(page, callbacks, user, mrn) {
    Object.assign(this, { page, callbacks, user, mrn });
  }

  /**
   * Goes to `start` (an address, or a function that gets the browser going) and through our pages until the browser is back at
   * the app; returns the parameters with which it came. `consent` gets the consent page, and answers false to deny.
   */
  async authorize(start, consent = async () => true) {
    const { page } = this;
    let back;
    const arrived = this.callbacks.next().then((url) => { back = url; });
    await (typeof start === 'function' ? start(page) : page.goto(String(start)));
    for (let step = 0; step < 8 && !back; step += 1) {
      await page.waitForLoadState('domcontentloaded');
      if (page.url().startsWith(this.callbacks.origin.origin)) break;
      if (await page.getByLabel('Password', { exact: true }).count()) {
        await page.getByLabel('E-mail address').fill(this.user.email);
        await page.getByLabel('Password', { exact: true }).fill(this.user.password);
        await page.getByRole('button', { name: 'Sign in' }).click();
      } else if (await page.locator('button[name=patient]').count()) {
        await page.locator('button[name=patient]').filter({ hasText: this.mrn }).first().click();
      } else if (await page.locator('form[action="/oauth/authorize/consent"]').count()) {
        const allow = await consent(page);
        await page.getByRole('button', { name: allow === false ? 'Do not allow' : 'Allow', exact: true }).click();
      } else {
        throw new Error(`stuck on ${page.url()}: ${(await page.locator('main').innerText()).slice(0, 600)}`);
      }
    }
    await arrived;
    return Object.fromEntries(back.searchParams);
  }
}

/** Leaves ticked only what `keep` says of a scope; opens the part of it that is named, by the words on the page. */
export const only = (keep) => async (page) => {
  for (const box of await page.locator('input[name=scope]').all()) {
    const scope = await box.getAttribute('value');
    if (!keep(scope)) await box.uncheck();
  }
};

/** Ticks kinds within the scopes on a type: what the consent page offers under "Only some of it". */
export const kinds = (wanted) => async (page) => {
  for (const [scope, labels] of Object.entries(wanted)) {
    const line = page.locator('.scope').filter({ has: page.locator(`input[name=scope][value="${scope}"]`) });
    await line.locator('summary').click();
    for (const label of labels) await line.getByLabel(label, { exact: true }).check();
  }
};

// oidc-provider as the bench's peer: `oidc-provider.mjs PORT PUBLIC_JWK COUNT` serves a token endpoint with a client that has a
// secret and one that has a key, and prints COUNT refresh tokens of the former. Opaque tokens, rotated at each use, kept in memory.
import Provider from 'oidc-provider';

// Its own memory forgets what has waited while a thousand others came by; this one keeps everything, at the cost of a map.
const kept = new Map();
class Memory {
  constructor(model) { this.model = model; }
  key(id) { return `${this.model}:${id}`; }
  async find(id) { return kept.get(this.key(id)); }
  async findByUid() { return undefined; }
  async findByUserCode() { return undefined; }
  async upsert(id, payload) { kept.set(this.key(id), payload); }
  async consume(id) { const found = kept.get(this.key(id)); if (found) found.consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { kept.delete(this.key(id)); }
  async revokeByGrantId(grantId) { for (const [key, { grantId: own }] of kept) if (own === grantId) kept.delete(key); }
}

const [port, jwk, count] = process.argv.slice(2);
const none = { redirect_uris: [], response_types: [] };
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Memory,
  clients: [
    {
      client_id: 'secret', client_secret: 'a-secret-of-the-bench', token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'], redirect_uris: ['https://app.example/callback'], response_types: ['code'],
    },
    {
      client_id: 'key', token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES384',
      jwks: { keys: [JSON.parse(jwk)] }, grant_types: ['client_credentials'], ...none, scope: 'api',
    },
  ],
  scopes: ['openid', 'offline_access', 'api'],
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  enabledJWA: { clientAuthSigningAlgValues: ['ES384', 'RS256'] },
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, ClientCredentials: 300, RefreshToken: 93 * 86400, Grant: 93 * 86400 },
  findAccount: async (_, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
});

const client = await provider.Client.find('secret');
const tokens = [];
for (let number = 0; number < Number(count); number += 1) {
  const grant = new provider.Grant({ accountId: `user-${number}`, clientId: 'secret' });
  grant.addOIDCScope('offline_access api');
  const grantId = await grant.save();
  const token = new provider.RefreshToken({ accountId: `user-${number}`, client, grantId, scope: 'offline_access api', gty: 'authorization_code' });
  tokens.push(await token.save());
}
provider.listen(Number(port), '127.0.0.1', () => console.log(JSON.stringify(tokens)));

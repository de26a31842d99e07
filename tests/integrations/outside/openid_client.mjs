// npm's openid-client signs in by each profile, as an app's developer would write it.
import { browse, finish, here, key, library, refused, step, told } from './steps.mjs'

const client = await library('openid-client/build/index.js')
const { basic, strict, fapi2 } = told.apps
const insecure = { execute: [client.allowInsecureRequests] }

async function signIn(config, app, { pushed = false, DPoP, ...wish } = {}) {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const parameters = {
    redirect_uri: app.redirect_uri,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...wish,
  }
  const url = pushed
    ? await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
    : client.buildAuthorizationUrl(config, parameters)
  const back = await browse(url)
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
  if (wish.max_age) checks.maxAge = Number(wish.max_age)
  return client.authorizationCodeGrant(config, back, checks, undefined, { DPoP })
}

const plain = await step('basic: discovery', () =>
  client.discovery(here, basic.client_id, undefined, client.ClientSecretBasic(basic.secret), insecure))
client.enableNonRepudiationChecks(plain)
const tokens = await step('basic: code, PKCE, state, nonce, iss, id_token', () => signIn(plain, basic))
await step('basic: max_age and auth_time', () => signIn(plain, basic, { max_age: '3600' }))
await step('basic: prompt none', () => signIn(plain, basic, { prompt: 'none' }))
await step('basic: pushed request', () => signIn(plain, basic, { pushed: true }))
const subject = tokens.claims().sub
await step('basic: userinfo', async () => {
  const found = await client.fetchUserInfo(plain, tokens.access_token, subject)
  if (found.name !== told.name) throw new Error(JSON.stringify(found))
})
const fresh = await step('basic: refresh', () => client.refreshTokenGrant(plain, tokens.refresh_token))
await step('basic: refreshed id_token is of the same person', async () => {
  if (fresh.claims().sub !== subject || fresh.claims().auth_time !== tokens.claims().auth_time) throw new Error('other')
})
await refused('basic: the old refresh token', () => client.refreshTokenGrant(plain, tokens.refresh_token), 'invalid_grant')
await step('basic: introspection', async () => {
  const found = await client.tokenIntrospection(plain, fresh.access_token)
  if (!found.active || found.sub !== subject) throw new Error(JSON.stringify(found))
})
await step('basic: revocation', () => client.tokenRevocation(plain, fresh.refresh_token))
await step('basic: what was revoked is not active', async () => {
  if ((await client.tokenIntrospection(plain, fresh.access_token)).active) throw new Error('active')
})
await refused('basic: userinfo with a revoked token', () => client.fetchUserInfo(plain, fresh.access_token, subject))
await refused('basic: a refusal comes back with iss', () => signIn(plain, basic, { prompt: 'none login' }), 'invalid_request')

const proven = await step('strict: discovery', async () =>
  client.discovery(here, strict.client_id, { id_token_signed_response_alg: 'ES256' }, client.PrivateKeyJwt(await key(strict)), insecure))
const strictTokens = await step('strict: private_key_jwt and PAR', () => signIn(proven, strict, { pushed: true }))
await step('strict: refresh', () => client.refreshTokenGrant(proven, strictTokens.refresh_token))
await refused('strict: not without pushing', () => signIn(proven, strict), 'invalid_request')

const bound = await step('fapi2: discovery', async () =>
  client.discovery(here, fapi2.client_id, { id_token_signed_response_alg: 'ES256' }, client.PrivateKeyJwt(await key(fapi2)), insecure))
const DPoP = client.getDPoPHandle(bound, await client.randomDPoPKeyPair('ES256'))
const boundTokens = await step('fapi2: PAR, private_key_jwt, DPoP', () => signIn(bound, fapi2, { pushed: true, DPoP }))
await step('fapi2: userinfo with proof', () =>
  client.fetchUserInfo(bound, boundTokens.access_token, boundTokens.claims().sub, { DPoP }))
await step('fapi2: the refresh token stays', async () => {
  for (const _ of [1, 2]) await client.refreshTokenGrant(bound, boundTokens.refresh_token, undefined, { DPoP })
})
await refused('fapi2: another key', async () =>
  client.refreshTokenGrant(bound, boundTokens.refresh_token, undefined,
    { DPoP: client.getDPoPHandle(bound, await client.randomDPoPKeyPair('ES256')) }))

const last = await step('logout: sign in once more', () => signIn(plain, basic))
await step('logout: the app asks, and the person comes back to it', async () => {
  const url = client.buildEndSessionUrl(plain, {
    id_token_hint: last.id_token, post_logout_redirect_uri: basic.bye, state: 'gone' })
  const back = await browse(url)
  if (back.href !== `${basic.bye}?state=gone`) throw new Error(back.href)
})
await refused('logout: nobody is signed in any more', () => signIn(plain, basic, { prompt: 'none' }), 'login_required')
finish()

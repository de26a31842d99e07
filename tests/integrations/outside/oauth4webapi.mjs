// npm's oauth4webapi checks every answer on the wire: content types, challenges, iss, hashes, signatures.
import { browse, finish, here, key, library, refused, step, told } from './steps.mjs'

const oauth = await library('oauth4webapi/build/index.js')
const { basic, fapi2 } = told.apps
const insecure = { [oauth.allowInsecureRequests]: true }

for (const algorithm of ['oidc', 'oauth2']) {
  await step(`discovery: ${algorithm}`, async () =>
    oauth.processDiscoveryResponse(here, await oauth.discoveryRequest(here, { algorithm, ...insecure })))
}
const issuer = await oauth.processDiscoveryResponse(here, await oauth.discoveryRequest(here, insecure))

// As its documentation has it: whoever is told to use a nonce asks once more, and the handle has kept it.
const again = async (ask) => {
  try { return await ask() } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return ask()
  }
}

async function code(app, client, auth, DPoP) {
  const verifier = oauth.generateRandomCodeVerifier()
  const nonce = oauth.generateRandomNonce()
  const parameters = new URLSearchParams({
    client_id: app.client_id, redirect_uri: app.redirect_uri, response_type: 'code', scope: 'openid email', nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', state: 's',
  })
  let wanted = parameters
  if (DPoP) {
    const pushed = await again(async () => oauth.processPushedAuthorizationResponse(issuer, client,
      await oauth.pushedAuthorizationRequest(issuer, client, auth, parameters, { DPoP, ...insecure })))
    wanted = new URLSearchParams({ client_id: app.client_id, request_uri: pushed.request_uri })
  }
  const back = await browse(`${issuer.authorization_endpoint}?${wanted}`)
  const found = oauth.validateAuthResponse(issuer, client, back, 's')
  return { found, verifier, nonce }
}

async function pay(app, client, auth, DPoP) {
  const { found, verifier, nonce } = await code(app, client, auth, DPoP)
  let answer
  const tokens = await again(async () => {
    answer = await oauth.authorizationCodeGrantRequest(
      issuer, client, auth, found, app.redirect_uri, verifier, { DPoP, ...insecure })
    return oauth.processAuthorizationCodeResponse(issuer, client, answer, { expectedNonce: nonce, requireIdToken: true })
  })
  await oauth.validateApplicationLevelSignature(issuer, answer, insecure)
  return { tokens, found, verifier, nonce }
}

const client = { client_id: basic.client_id, id_token_signed_response_alg: 'RS256' }
const secret = oauth.ClientSecretBasic(basic.secret)
const { tokens, found, verifier } = await step('basic: the whole way, signature and all', () => pay(basic, client, secret))
const claims = oauth.getValidatedIdTokenClaims(tokens)
await step('basic: userinfo', async () =>
  oauth.processUserInfoResponse(issuer, client, claims.sub,
    await oauth.userInfoRequest(issuer, client, tokens.access_token, insecure)))
await step('basic: refresh', async () => {
  const answer = await oauth.refreshTokenGrantRequest(issuer, client, secret, tokens.refresh_token, insecure)
  await oauth.processRefreshTokenResponse(issuer, client, answer)
})
await step('basic: introspection and revocation', async () => {
  const seen = await oauth.introspectionRequest(issuer, client, secret, tokens.access_token, insecure)
  const facts = await oauth.processIntrospectionResponse(issuer, client, seen)
  if (!facts.active) throw new Error('not active')
  await oauth.processRevocationResponse(await oauth.revocationRequest(issuer, client, secret, tokens.access_token, insecure))
})
await refused('basic: a replayed code', async () =>
  oauth.processAuthorizationCodeResponse(issuer, client, await oauth.authorizationCodeGrantRequest(
    issuer, client, secret, found, basic.redirect_uri, verifier, insecure)), 'invalid_grant')
await refused('basic: a wrong secret', async () =>
  oauth.processRefreshTokenResponse(issuer, client, await oauth.refreshTokenGrantRequest(
    issuer, client, oauth.ClientSecretBasic('wrong'), 'x', insecure)))
await refused('basic: a token that is none has a challenge', async () =>
  oauth.processUserInfoResponse(issuer, client, claims.sub,
    await oauth.userInfoRequest(issuer, client, 'made-up', insecure)), 'OAUTH_WWW_AUTHENTICATE_CHALLENGE')

const keyed = { client_id: fapi2.client_id, id_token_signed_response_alg: 'ES256' }
const DPoP = oauth.DPoP(keyed, await oauth.generateKeyPair('ES256'))
const proven = oauth.PrivateKeyJwt(await key(fapi2))
const bound = await step('fapi2: PAR, private_key_jwt, DPoP', () => pay(fapi2, keyed, proven, DPoP))
await step('fapi2: userinfo with proof', () => again(async () =>
  oauth.processUserInfoResponse(issuer, keyed, oauth.getValidatedIdTokenClaims(bound.tokens).sub,
    await oauth.userInfoRequest(issuer, keyed, bound.tokens.access_token, { DPoP, ...insecure }))))
finish()

// npm's fhirclient is launched from our page, as a hospital tool on Node would write it.
import { createRequire } from 'node:module'
import { browse, finish, step, told } from './steps.mjs'

const smart = createRequire(`${told.clients}/node_modules/`)('fhirclient')
const app = told.apps.smart
const kept = new Map()
const storage = {
  get: async (key) => kept.get(key),
  set: async (key, value) => kept.set(key, value),
  unset: async (key) => kept.delete(key),
}
let went
const visit = (url) => {
  const at = new URL(url)
  const request = { url: at.pathname + at.search, headers: { host: at.host }, protocol: 'https', socket: { encrypted: true } }
  const response = { writeHead: (status, headers) => { went = headers.location ?? headers.Location }, end: () => {} }
  return smart(request, response, storage)
}

await step('launch: discovery and request', async () => {
  await visit(told.launch).authorize({
    clientId: app.client_id, clientSecret: app.secret, scope: 'launch openid profile', redirectUri: app.redirect_uri,
    pkceMode: 'required' })
  if (!went) throw new Error('did not send the browser anywhere')
})
const back = await step('launch: the person is let in', () => browse(went))
const client = await step('launch: tokens', () => visit(back.href).ready())
await step('launch: the patient', async () => {
  if (client.patient.id !== told.patient) throw new Error(JSON.stringify(client.getState()))
})
finish()

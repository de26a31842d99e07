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
    clientId: app.client_id, clientSecret: app.secret, scope: 'launch openid profile patient/*.rs', redirectUri: app.redirect_uri,
    pkceMode: 'required' })
  if (!went) throw new Error('did not send the browser anywhere')
})
const back = await step('launch: the person is let in', () => browse(went))
const client = await step('launch: tokens', () => visit(back.href).ready())
await step('launch: the patient', async () => {
  if (client.patient.id !== told.patient) throw new Error(JSON.stringify(client.getState()))
})
const of = (kind) => `${kind}?patient=${told.patient}`
await step('resources: the patient', async () => {
  const patient = await client.patient.read()
  if (patient.name[0].text !== told.named) throw new Error(JSON.stringify(patient))
})
await step('resources: every page of the appointments, with what they are paid by', async () => {
  const found = await client.request(`${of('Appointment')}&_count=1`, { pageLimit: 0, flat: true, resolveReferences: ['slot.0', 'supportingInformation.0'] })
  const numbers = found.map((one) => `${one.status} ${one.slot[0].status} ${one.supportingInformation[0].status}`)
  if (numbers.join() !== 'booked busy balanced,pending busy-tentative issued') throw new Error(numbers.join())
})
await step('resources: of another patient nothing', async () => {
  if ((await client.request(`Appointment?patient=${told.stranger}`)).entry) throw new Error('found some')
  const why = await client.request(`Patient/${told.stranger}`).then(() => 'read', (error) => error.message)
  if (!why.includes('Not Found') && !why.includes('404')) throw new Error(why)
})
finish()

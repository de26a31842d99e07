// npm's fhir-kit-client books and cancels at the FHIR server, as a booking app on Node would.
import { finish, library, step, told } from './steps.mjs'

const { Client } = await library('fhir-kit-client/dist/index.js')
const client = new Client({ baseUrl: told.fhir, bearerToken: told.token })
const must = (is, why) => { if (!is) throw new Error(JSON.stringify(why)) }
const ids = (bundle) => (bundle.entry ?? []).map((one) => one.resource.id)
const refused = async (act) => act().then(() => ({ status: 200 }), (error) => ({ status: error.response?.status, outcome: error.response?.data }))

await step('what the server can do', async () => {
  const said = await client.capabilityStatement()
  must(said.fhirVersion === '4.0.1' && said.rest[0].resource.length === 9, said)
})
await step('where tokens come from', async () => {
  const found = await client.smartAuthMetadata()
  must(String(found.tokenUrl).endsWith('/oauth/token'), found)
})
const slots = await step('free numbers, page after page', async () => {
  let page = await client.search({ resourceType: 'Slot', searchParams: { schedule: told.session, status: 'free', _count: 2 } })
  const found = [...page.entry]
  while ((page = await client.nextPage({ bundle: page }))) found.push(...page.entry)
  must(new Set(found.map((one) => one.resource.id)).size === found.length && found.length === told.free, found.length)
  return found.map((one) => one.resource)
})
const booking = (slot) => ({
  resourceType: 'Bundle', type: 'transaction', entry: [
    { resource: { ...slot, status: 'busy' }, request: { method: 'PUT', url: `Slot/${slot.id}`, ifMatch: `W/"${slot.meta.versionId}"` } },
    { resource: { resourceType: 'Appointment', status: 'booked', slot: [{ reference: `Slot/${slot.id}` }],
        participant: [{ actor: { reference: `Patient/${told.patient}` }, status: 'accepted' }] },
      request: { method: 'POST', url: 'Appointment' } }] })
const made = await step('book one of them', async () => {
  const answer = await client.transaction({ body: booking(slots[0]) })
  must(answer.entry[1].response.status.startsWith('201') && answer.entry[1].resource.status === 'pending', answer)
  return answer.entry[1].resource
})
await step('the same number is not booked by its old version', async () => {
  const other = { ...booking(slots[0]) }
  other.entry[1].resource.participant[0].actor.reference = `Patient/${told.stranger}`
  const { status, outcome } = await refused(() => client.transaction({ body: other }))
  must(status === 412 && outcome.resourceType === 'OperationOutcome' && outcome.issue[0].code === 'conflict', { status, outcome })
})
await step('the bill of it', async () => {
  const [, id] = made.supportingInformation[0].reference.split('/')
  const invoice = await client.read({ resourceType: 'Invoice', id })
  must(invoice.status === 'issued' && invoice.paymentTerms.includes('/pay/'), invoice)
})
await step('found again by a form that shows nobody in its address', async () => {
  const found = await client.search({ resourceType: 'Appointment', searchParams: { patient: told.patient }, options: { postSearch: true } })
  must(ids(found).join() === made.id, found)
})
await step('cancelled', async () => {
  const body = { ...made, status: 'cancelled' }
  const answer = await client.update({ resourceType: 'Appointment', id: made.id, body, options: { headers: { 'If-Match': `W/"${made.meta.versionId}"` } } })
  must(answer.status === 'cancelled', answer)
})
await step('what is not there is said so', async () => {
  const { status, outcome } = await refused(() => client.read({ resourceType: 'Appointment', id: 'nobody' }))
  must(status === 404 && outcome.issue[0].code === 'not-found', { status, outcome })
  const unknown = await refused(() => client.search({ resourceType: 'Slot', searchParams: { colour: 'red' } }))
  must(unknown.status === 400 && unknown.outcome.issue[0].code === 'invalid', unknown)
})
finish()

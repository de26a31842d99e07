// Shared by the two scripts: what the test told us, a browser that is signed in, and steps that are counted.
import { webcrypto } from 'node:crypto'

export const told = JSON.parse(process.env.TOLD)
export const library = (path) => import(`${told.clients}/node_modules/${path}`)
export const here = new URL(told.issuer)
const done = []

export async function step(name, act) {
  try {
    const found = await act()
    done.push({ name, ok: true })
    return found
  } catch (error) {
    done.push({ name, ok: false, why: `${error?.code ?? ''} ${error?.stack ?? error} ${JSON.stringify(error?.cause ?? '')}` })
    finish()
    process.exit(0)
  }
}

export async function refused(name, act, code) {
  return step(name, async () => {
    try {
      await act()
    } catch (error) {
      const said = error.error ?? error.code
      if (code && said !== code) throw new Error(`${said} instead of ${code}`)
      return said
    }
    throw new Error('was not refused')
  })
}

export const finish = () => console.log(JSON.stringify(done))

// Go where an app sends the browser, and return the address the browser is sent back to.
export async function browse(url) {
  const answer = await fetch(url, { redirect: 'manual', headers: { cookie: `session=${told.cookie}`, accept: 'text/html' } })
  if (answer.status !== 303) throw new Error(`status ${answer.status}: ${(await answer.text()).slice(0, 2000)}`)
  return new URL(answer.headers.get('location'), here)
}

export async function key(app) {
  const privateKey = await webcrypto.subtle.importKey('jwk', app.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  return { key: privateKey, kid: app.jwk.kid }
}

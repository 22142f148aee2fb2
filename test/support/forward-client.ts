import { once } from 'node:events'
import { request } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket } from 'undici'
import type { SlurmServer } from '../servers/slurm.ts'
import { type Ask, asJson } from './rest-client.ts'
import { until } from './until.ts'

// Of RFC 863, which nobody serves any more.
const discard = 9

/** What a user does with forwards, in the words of the stories. */
export function createForwardClient(ask: Ask) {
  const look = async (id: string) => (await ask(`/v1/forwards/${id}`)).json
  return {
    ask,
    look,
    async open(orchestration: string, service: string, platform = 'puhti', index = 0) {
      const { status, json, text } = await ask('/v1/forwards', asJson({ platform, orchestration, index, service }))
      if (status !== 201) throw new Error(text)
      return json
    },
    /** Waits until a forward is as it should be, and answers it. */
    // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
    untilForward: (id: string, isReached: (forward: any) => boolean) =>
      until(async () => {
        const found = await look(id)
        return isReached(found) ? found : null
      }, 100),
    /** Opens the link of a forward as a browser does; answers the origin of its pages and the session's cookie. */
    async enter(id: string): Promise<{ link: string; origin: string; cookie: string }> {
      const { json } = await ask(`/v1/forwards/${id}/link`, { method: 'POST' })
      const entered = await fetch(json.url, { redirect: 'manual' })
      if (entered.status !== 303) throw new Error(`${entered.status} ${await entered.text()}`)
      const [cookie = ''] = entered.headers.getSetCookie()
      return { link: json.url, origin: new URL(json.url).origin, cookie: cookie.split(';')[0] ?? '' }
    }
  }
}

/** What a job writes when its Ray cluster is ready: here of services beside it; of those that are not given nobody listens. */
export async function writeClusterFile(slurm: SlurmServer, slurmJobId: string, ports: object): Promise<void> {
  const script = 'mkdir -p "$HOME/.lautta/ray/$1" && cat >"$HOME/.lautta/ray/$1/cluster.json"'
  const cluster = {
    schema: 1,
    'head-address': '127.0.0.1',
    ports: { dashboard: discard, client: discard, gcs: discard, serve: discard, ...ports },
    metrics: [{ address: '127.0.0.1', port: discard }],
    ...{
      'ray-version': '2.60.0',
      'python-version': '3.11.2',
      'started-at': new Date().toISOString(),
      session: 'none',
      token: 'none'
    },
    nodes: [{ address: '127.0.0.1', 'is-head': true }]
  }
  const { exitCode, stderr } = await slurm.exec(['sh', '-c', script, 'sh', slurmJobId], { stdin: JSON.stringify(cluster) })
  if (exitCode !== 0) throw new Error(stderr)
}

/** A WebSocket of the API, with its bytes as they come. */
export interface ByteStream {
  send(bytes: string | Buffer): void
  sendText(text: string): void
  received(): Buffer
  closed: Promise<{ code: number; reason: string }>
  close(): void
}

export async function openByteStream(url: string, apiKey: string): Promise<ByteStream> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers: { authorization: `Bearer ${apiKey}` } })
  socket.binaryType = 'arraybuffer'
  const parts: Buffer[] = []
  socket.addEventListener('message', ({ data }) => parts.push(Buffer.from(data as ArrayBuffer)))
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
  )
  await Promise.race([
    new Promise((resolve) => socket.addEventListener('open', resolve)),
    closed.then(() => {
      throw new Error('the WebSocket did not open')
    })
  ])
  return {
    send: (bytes) => socket.send(Buffer.from(bytes)),
    sendText: (text) => socket.send(text),
    received: () => Buffer.concat(parts),
    closed,
    close: () => socket.close()
  }
}

/** Listens on loopback in the place of a forward's service: each connection goes through a WebSocket of its own. */
export async function listenInPlace(url: string, apiKey: string): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>()
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.add(socket)
    const stream = new WebSocket(url.replace(/^http/, 'ws'), { headers: { authorization: `Bearer ${apiKey}` } })
    stream.binaryType = 'arraybuffer'
    stream.addEventListener('open', () => socket.resume())
    stream.addEventListener('message', ({ data }) => socket.write(Buffer.from(data as ArrayBuffer)))
    stream.addEventListener('close', () => socket.destroy())
    socket.on('data', (bytes) => stream.send(Buffer.from(bytes)))
    socket.on('error', () => {})
    socket.on('close', () => stream.close())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}

/** Asks a page for another protocol; null when it declines. */
export async function upgrade(origin: string, headers: Record<string, string>): Promise<Duplex | number> {
  const asked = request(origin, { headers: { connection: 'Upgrade', upgrade: 'echo', ...headers } })
  asked.end()
  return Promise.race([
    once(asked, 'upgrade').then(([, socket]) => socket as Duplex),
    once(asked, 'response').then(([{ statusCode }]) => statusCode as number)
  ])
}

/** What a port says to somebody who says something, until it closes. */
export async function knock(port: number, words: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text
  })
  // A reset is an answer, too.
  socket.on('error', () => {})
  socket.write(words)
  await once(socket, 'close')
  return received
}

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import * as faults from './faults.ts'

export interface FaultProxy {
  /** "http://127.0.0.1:<port>" */
  readonly url: string
  /** What was asked for, whatever came of it. */
  readonly requests: { readonly method: string; readonly url: string }[]
  /** No more faults, and no more to come. */
  pass(): void
  /** Faults that are asked for from now on happen only to such requests, written as "PUT /a/b?c=d". */
  aim(at: RegExp): void
  /** Every connection is reset, also those that are open. */
  refuse(): void
  /** Requests are taken and never answered. */
  stall(): void
  /** Requests reach the server so much later. */
  delay(ms: number): void
  /** The next `count` requests are answered here: 503, 429 with "retry-after" … */
  failNext(count: number, status: number, headers?: Readonly<Record<string, string>>): void
  /** Reset before the server gets anything of them; or when it has got so much of their bodies. */
  resetNext(count: number, afterRequestBytes?: number): void
  /** The server gets them and does what they ask for; whoever asked gets a reset. */
  resetAfterForwarding(count: number): void
  /** The bodies of the answers end after so much. */
  truncateNext(count: number, bytes: number): void
  /** The bodies of the answers are wrong in one bit. */
  corruptNext(count: number): void
  /**
   * Holds the next request that is written so, "PUT /a/b", and whose body says so, and strikes; resolves when that is done.
   * If nothing was sent, its sender gets a reset.
   */
  strikeAt(at: RegExp, says: RegExp, strike: faults.Strike): Promise<void>
  stop(): Promise<void>
}

const any = /^/

/** Stands in front of any HTTP server and does to its conversations what networks do. */
export async function startFaultProxy(target: { host: string; port: number }): Promise<FaultProxy> {
  const requests: { method: string; url: string }[] = []
  const connections = new Set<Socket>()
  const next: { at: RegExp; treat: faults.Treatment }[] = []
  const strikes = new Set<{ at: RegExp; says: RegExp; strike: faults.Strike }>()
  let aim = any
  let usual = faults.forward
  let isRefusing = false

  const server = createServer((request, response) => {
    const { method = '', url = '' } = request
    requests.push({ method, url })
    const hit = next.findIndex(({ at }) => at.test(`${method} ${url}`))
    const expected = [...strikes].filter(({ at }) => at.test(`${method} ${url}`))
    const struck = faults.holdWhole((body) => {
      const one = expected.find(({ says }) => says.test(body))
      return one !== undefined && strikes.delete(one) ? one.strike : undefined
    })
    const treat = next.splice(hit, hit === -1 ? 0 : 1)[0]?.treat ?? (expected.length > 0 ? struck : usual)
    response.on('error', () => {})
    // The server's end and the sender's are reset alike when the other one has gone.
    treat({ request, response, target }).catch(() => faults.reset(request))
  })
  server.on('connection', (socket) => {
    if (isRefusing) return void socket.resetAndDestroy()
    connections.add(socket.on('close', () => connections.delete(socket)))
  })
  // Only the faults that were asked for.
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const add = (count: number, treat: faults.Treatment) => void next.push(...Array(count).fill({ at: aim, treat }))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    pass: () => {
      next.length = 0
      strikes.clear()
      aim = any
      usual = faults.forward
      isRefusing = false
    },
    aim: (at) => {
      aim = at
    },
    refuse: () => {
      isRefusing = true
      for (const socket of connections) socket.resetAndDestroy()
    },
    stall: () => {
      usual = faults.silence
    },
    delay: (ms) => {
      usual = faults.late(ms)
    },
    failNext: (count, status, headers = {}) => add(count, faults.refusal(status, headers)),
    resetNext: (count, bytes) => add(count, bytes === undefined ? faults.breakBefore : faults.breakDuring(bytes)),
    resetAfterForwarding: (count) => add(count, faults.breakAfter),
    truncateNext: (count, bytes) => add(count, faults.truncation(bytes)),
    corruptNext: (count) => add(count, faults.corruption),
    strikeAt: (at, says, strike) =>
      new Promise((resolve, reject) => {
        strikes.add({ at, says, strike: (send) => strike(send).then(resolve, reject) })
      }),
    stop: async () => {
      server.close()
      for (const socket of connections) socket.destroy()
      await once(server, 'close')
    }
  }
}

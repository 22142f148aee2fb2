import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { type HeldForward, holdForward } from './held-forward.ts'
import { openTestApi, type TestApi } from './open-api.ts'
import { openRawClient } from './raw-client.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api?.close())

const webSocket = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=='
}
const http2 = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQCAAAAAAIAAAAA' }

describe('a request for a WebSocket', () => {
  it('is answered in HTTP by any other route, and by its own when there is nothing to open', async () => {
    for (const [path, status] of [
      ['/v1/me', 200],
      ['/v1/forwards/01m0000000000000000000000x/stream', 404],
      ['/nothing', 404]
    ] as const) {
      const client = await openRawClient(api.url, `GET ${path}`, webSocket)
      await client.closed
      expect(client.received()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    }
    const stranger = await openRawClient(api.url, 'GET /v1/me', { ...webSocket, authorization: 'Bearer of-nobody' })
    await stranger.closed
    expect(stranger.received()).toMatch(/^HTTP\/1\.1 401 /)
  })
  it('ends its connection when it comes before the answer to an earlier one there', async () => {
    for (const headers of [webSocket, http2]) {
      const client = await openRawClient(api.url, 'GET /health/ready')
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      client.send(`GET /health/live HTTP/1.1\r\nhost: x\r\n${lines.join('')}\r\n`)
      await client.closed
      expect(client.received()).toBe('')
    }
    expect((await api.ask('/health/live')).status).toBe(200)
  })
})

describe('the stream of a forward', () => {
  let held: HeldForward
  beforeAll(async () => {
    const service = createServer()
    held = await holdForward(api, 'client', service)
  })
  afterAll(() => held?.close())

  it('asks for a WebSocket when the connection is not offered with the request', async () => {
    const { connection: _, ...headers } = webSocket
    const client = await openRawClient(api.url, `GET /v1/forwards/${held.id}/stream`, headers)
    await client.untilReceived(/this is a WebSocket/)
    expect(client.received()).toMatch(/^HTTP\/1\.1 426 /)
    client.socket.destroy()
  })

  it('leaves no connection to the service of a client that goes while that is dialled', async () => {
    const before = held.sockets.length
    const open = held.stall()
    const client = await openRawClient(api.url, `GET /v1/forwards/${held.id}/stream`, webSocket)
    const service = await until(() => held.sockets[before])
    client.socket.resetAndDestroy()
    // What came before this is read by then.
    await api.ask('/health/live')
    open()
    await until(() => service.destroyed)
  })
})

describe('a client that offers HTTP/2 beside its request', () => {
  it('is answered in HTTP/1.1, its body read', async () => {
    const body = JSON.stringify({ name: 'offered', platforms: { local: { jobs: [{ script: '#!/bin/sh\n' }] } } })
    const headers = { ...http2, 'content-type': 'application/json', 'content-length': String(body.length) }
    const client = await openRawClient(api.url, 'POST /v1/orchestrations', headers)
    client.send(body.slice(0, 20))
    client.send(body.slice(20))
    await client.untilReceived(/\r\n\r\n.*"name":"offered"/s)
    expect(client.received()).toMatch(/^HTTP\/1\.1 202 /)
    client.socket.destroy()
  })
})

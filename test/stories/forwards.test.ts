import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.ts'
import { type EchoService, startEchoService, type Told } from '../support/echo-service.ts'
import { createForwardClient, knock, openByteStream, upgrade, writeClusterFile } from '../support/forward-client.ts'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { until } from '../support/until.ts'

const script = '#!/bin/sh\nuntil [ -e ~/end-$SLURM_JOB_ID ]; do sleep 0.2; done\n'

let lautta: LauttaOnSlurm
let orders: ReturnType<typeof createOrderClient>
let forwards: ReturnType<typeof createForwardClient>
let others: ReturnType<typeof createForwardClient>
let service: EchoService
let network: TcpProxy
let order: string
let slurmJobId: string
beforeAll(async () => {
  lautta = await startLauttaOnSlurm(async (slurm) => {
    network = await startTcpProxy(slurm)
    return { hosts: [{ host: network.host, port: network.port }] }
  })
  orders = createOrderClient(lautta.ask)
  forwards = createForwardClient(lautta.ask)
  others = createForwardClient(lautta.askAsAdmin)
  service = await startEchoService({
    'set-cookie': ['theirs=1; Path=/', 'lautta-page=forged'],
    'access-control-allow-origin': '*',
    'cache-control': 'max-age=3600',
    'x-kept': 'yes'
  })
  order = await orders.start('puhti', [{ script }])
  slurmJobId = (await orders.untilJob(order, 'puhti', ({ state }) => state === 'running')).id
})
afterAll(async () => {
  await lautta?.stop()
  await Promise.all([service?.stop(), network?.stop()])
})

/** A forward to the service that is open. */
const openForward = async (name = 'dashboard') => {
  await writeClusterFile(lautta.slurm, slurmJobId, { dashboard: service.port, serve: service.port })
  const { json } = await lautta.ask('/v1/forwards')
  const known = json.items.find((one: { state: string; service: string }) => one.state !== 'closed' && one.service === name)
  const { id } = known ?? (await forwards.open(order, name))
  return forwards.untilForward(id, ({ state }) => state === 'open')
}
const visit = async (origin: string, cookie: string, init: RequestInit = {}) => {
  const answer = await fetch(`${origin}/page?x=1`, { ...init, headers: { cookie, ...init.headers } })
  return { answer, told: (await answer.json()) as Told }
}

describe('a forward', () => {
  it('waits for its cluster, opens, and is answered again to whoever asks for it twice', async () => {
    const { id, state } = await forwards.open(order, 'dashboard')
    expect(state).toBe('opening')
    const waiting = await forwards.untilForward(id, (one) => one.waiting === 'cluster')
    expect(waiting).toMatchObject({ state: 'waiting', reason: 'job 0 has told of no Ray cluster', port: null })
    await writeClusterFile(lautta.slurm, slurmJobId, { dashboard: 0 })
    const unreadable = await forwards.untilForward(id, ({ reason }) => /in a form that is not known here/.test(reason))
    expect(unreadable).toMatchObject({ state: 'waiting', waiting: 'cluster', port: null })
    const open = await openForward()
    expect(open).toMatchObject({ id, platform: 'puhti', orchestration: order, index: 0, waiting: null, reason: null })
    const again = await forwards.ask('/v1/forwards', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ platform: 'puhti', orchestration: order, index: 0, service: 'dashboard' })
    })
    expect([again.status, again.json.id]).toEqual([200, id])
    expect(open.history.map((line: { state: string }) => line.state)).toEqual(['waiting', 'waiting', 'open'])
  })

  it('is as unknown to others as one that never was, and its port gives nobody a byte', async () => {
    const { id, port } = await openForward()
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/link'],
      ['GET', '/stream']
    ] as const) {
      const { status, json } = await others.ask(`/v1/forwards/${id}${path}`, { method })
      expect([method, path, status, json.detail]).toEqual([method, path, 404, `there is no forward ${id}`])
    }
    expect((await others.ask('/v1/forwards')).json.items).toEqual([])
    for (const words of ['GET / HTTP/1.1\r\nhost: x\r\n\r\n', `LAUTTA/1 ${id} 99999999999999 forged\n`, 'x'.repeat(2000)])
      expect(await knock(port, words)).toBe('')
    // Who says nothing is not kept.
    expect(await knock(port, '')).toBe('')
  })

  it('needs a target that there is', async () => {
    const ask = async (body: object) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
      const { status, json } = await forwards.ask('/v1/forwards', init)
      return [status, json.detail]
    }
    const target = { platform: 'puhti', orchestration: order, index: 0, service: 'dashboard' }
    expect(await ask({ ...target, service: 'ssh' })).toEqual([400, 'the input is wrong'])
    expect(await ask({ ...target, index: 7 })).toEqual([404, `orchestration ${order} has no job 7 on puhti`])
    expect(await ask({ platform: 'puhti', service: 'serve' })).toEqual([400, 'puhti is no Ray cluster'])
    expect(await ask({ ...target, platform: 'nowhere' })).toEqual([404, 'there is no platform nowhere'])
  })
})

describe('in a browser, a forward', () => {
  it('is entered by a link that works once, and shows the service without anything of ours', async () => {
    const { id } = await openForward()
    const { link, origin, cookie } = await forwards.enter(id)
    expect(origin).not.toBe(lautta.url)
    const second = await fetch(link, { redirect: 'manual' })
    expect([second.status, await second.text()]).toEqual([410, expect.stringContaining('used already')])
    const { answer, told } = await visit(origin, `${cookie}; theirs=2; lautta-session=api`, {
      method: 'PUT',
      body: 'a body',
      headers: { authorization: 'Bearer mine', 'x-own': 'yes' }
    })
    const token = lautta.management.rayTokenOf(lautta.user, { id: order, platform: 'puhti', index: 0, attempt: 1 })
    expect(told).toMatchObject({ method: 'PUT', url: '/page?x=1', body: 'a body' })
    expect(told.headers).toMatchObject({ authorization: `Bearer ${token}`, cookie: 'theirs=2', 'x-own': 'yes' })
    expect(told.headers.host).toBe(new URL(origin).host)
    expect(answer.headers.get('x-kept')).toBe('yes')
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('keeps the cookies of its service, when that wants no token, until another link is opened', async () => {
    const { id } = await openForward('serve')
    const { origin, cookie } = await forwards.enter(id)
    expect((await visit(origin, cookie)).answer.headers.getSetCookie()).toEqual(['theirs=1; Path=/'])
    const { json } = await lautta.ask(`/v1/forwards/${id}/link`, { method: 'POST' })
    const entered = await fetch(json.url, { redirect: 'manual', headers: { cookie: `${cookie}; theirs=1` } })
    expect(entered.headers.getSetCookie()).toEqual([expect.stringMatching(/^lautta-page=/), 'theirs=; Path=/; Max-Age=0'])
    expect((await forwards.ask(`/v1/forwards/${id}`, { method: 'DELETE' })).status).toBe(204)
  })

  it('needs the session of its link, and heeds no page of another origin', async () => {
    const { id } = await openForward()
    const { origin, cookie } = await forwards.enter(id)
    const forged = [cookie.replace(/.$/, (letter) => (letter === 'A' ? 'B' : 'A')), 'lautta-page=x', '']
    for (const one of forged) expect((await fetch(origin, { headers: { cookie: one } })).status).toBe(401)
    const foreign = { cookie, origin: 'http://elsewhere.example.com' }
    expect((await fetch(origin, { method: 'POST', headers: foreign })).status).toBe(403)
    expect(await upgrade(origin, foreign)).toBe(403)
    expect((await fetch(origin, { method: 'POST', headers: { ...foreign, origin } })).status).toBe(200)
  })

  it('carries other protocols both ways', async () => {
    const { id } = await openForward()
    const { origin, cookie } = await forwards.enter(id)
    const socket = (await upgrade(origin, { cookie })) as Duplex
    socket.write('there')
    expect(String((await once(socket, 'data'))[0])).toBe('there')
    socket.end()
    await once(socket.resume(), 'close')
  })

  it('tells what is wrong when nobody listens there, and finds the cluster anew', async () => {
    await writeClusterFile(lautta.slurm, slurmJobId, { dashboard: service.port, serve: 9 })
    const { id } = await forwards.open(order, 'serve')
    await forwards.untilForward(id, ({ state }) => state === 'open')
    const { origin, cookie } = await forwards.enter(id)
    const answer = await fetch(origin, { headers: { cookie } })
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringMatching(/127\.0\.0\.1:9 can not be reached/)])
    // A cluster that began anew may be elsewhere.
    await writeClusterFile(lautta.slurm, slurmJobId, { dashboard: service.port, serve: service.port })
    await until(async () => (await fetch(origin, { headers: { cookie } })).status === 200, 200)
    expect((await forwards.ask(`/v1/forwards/${id}`, { method: 'DELETE' })).status).toBe(204)
    await until(async () => (await fetch(origin, { headers: { cookie } })).status === 410, 100)
  })
})

describe('as a stream of bytes, a forward', () => {
  it('carries megabytes both ways, and says when the service has ended', async () => {
    const { id } = await openForward()
    const url = `${lautta.url}/v1/forwards/${id}/stream`
    const stream = await openByteStream(url, lautta.apiKey)
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'all of these ')
    stream.send('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
    await until(() => stream.received().includes('\r\n\r\n'))
    const head = stream.received().length
    stream.send(bytes)
    await until(() => stream.received().length === head + bytes.length)
    expect(stream.received().subarray(head).equals(bytes)).toBe(true)
    stream.close()
    await until(() => service.connections() === 0)
    const short = await openByteStream(url, lautta.apiKey)
    short.send('GET / HTTP/1.0\r\n\r\n')
    expect(await short.closed).toEqual({ code: 1000, reason: 'the service ended the connection' })
    expect(String(short.received())).toContain('"url":"/"')
  })

  it('takes bytes only', async () => {
    const { id } = await openForward()
    const stream = await openByteStream(`${lautta.url}/v1/forwards/${id}/stream`, lautta.apiKey)
    stream.sendText('a text')
    expect(await stream.closed).toEqual({ code: 1003, reason: 'send binary messages' })
  })

  it('is refused in HTTP before it opens, and asks for a WebSocket', async () => {
    const { id } = await openForward()
    const { status, json } = await lautta.ask(`/v1/forwards/${id}/stream`)
    expect([status, json.detail]).toEqual([426, 'this is a WebSocket'])
    await expect(openByteStream(`${lautta.url}/v1/forwards/${id}/stream`, 'a-wrong-key')).rejects.toThrow('did not open')
  })
})

describe('a connection to the platform', () => {
  it('that is lost ends what goes through it, and is made again for what comes next', async () => {
    const onMahti = await orders.start('mahti', [{ script }])
    const { id: jobId } = await orders.untilJob(onMahti, 'mahti', ({ state }) => state === 'running')
    await writeClusterFile(lautta.slurm, jobId, { serve: service.port })
    const { id } = await forwards.open(onMahti, 'serve', 'mahti')
    await forwards.untilForward(id, ({ state }) => state === 'open')
    const { origin, cookie } = await forwards.enter(id)
    const socket = (await upgrade(origin, { cookie })) as Duplex
    const broken = once(socket.resume(), 'error')
    network.cut()
    // A reset, so that nobody takes what came for all.
    expect(await broken).toMatchObject([{ code: 'ECONNRESET' }])
    await until(async () => (await fetch(origin, { headers: { cookie } })).status === 200, 200)
    await lautta.slurm.exec(['touch', `end-${jobId}`])
    await forwards.untilForward(id, ({ state }) => state === 'closed')
  })
})

describe('a submitter', () => {
  it('that died is followed by one that opens the same forwards', async () => {
    const { id } = await openForward()
    const { origin, cookie } = await forwards.enter(id)
    await lautta.services.submitter.end('SIGKILL')
    expect((await fetch(origin, { headers: { cookie } })).status).toBe(502)
    lautta.services.submitter = await lautta.start('submitter')
    await until(async () => (await fetch(origin, { headers: { cookie } })).status === 200, 200)
    expect(await forwards.look(id)).toMatchObject({ state: 'open' })
  })

  it('passes over a port that is taken, and tells when all are', async () => {
    const squat = async (port: number) => {
      const squatter = createServer().listen(port, '127.0.0.1')
      await once(squatter, 'listening')
      return squatter
    }
    const endForward = async ({ id }: { id: string }) => {
      await forwards.ask(`/v1/forwards/${id}`, { method: 'DELETE' })
      await forwards.untilForward(id, ({ history }) => history.at(-1)?.state === 'closed')
    }
    const first = await openForward('serve')
    await endForward(first)
    const squatters = [await squat(first.port)]
    const second = await openForward('serve')
    expect(second.port).not.toBe(first.port)
    await endForward(second)
    squatters.push(await squat(second.port))
    const { id } = await forwards.open(order, 'serve')
    const waiting = await forwards.untilForward(id, (one) => one.waiting === 'port')
    expect(waiting.reason).toMatch(/^all ports for serve are taken: \d+-\d+$/)
    for (const squatter of squatters) squatter.close()
    await forwards.untilForward(id, ({ state }) => state === 'open')
  })
})

describe('the end of a cluster', () => {
  it('closes its forwards with the reason, and their connections', async () => {
    const { id } = await openForward()
    const stream = await openByteStream(`${lautta.url}/v1/forwards/${id}/stream`, lautta.apiKey)
    await lautta.slurm.exec(['touch', `end-${slurmJobId}`])
    const closed = await forwards.untilForward(id, ({ state }) => state === 'closed')
    expect(closed).toMatchObject({ reason: 'the job of the Ray cluster has ended: completed', port: null })
    expect((await stream.closed).code).toBe(1011)
    expect((await lautta.ask(`/v1/forwards/${id}/link`, { method: 'POST' })).status).toBe(409)
  })
})

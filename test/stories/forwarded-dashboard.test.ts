import { type Browser, chromium } from 'playwright-core'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RayServer, rayCommands, startRay } from '../servers/ray.ts'
import { requireCommands } from '../servers/require-server.ts'
import { createForwardClient, writeClusterFile } from '../support/forward-client.ts'
import { type LauttaOnSlurm, startLauttaOnSlurm } from '../support/lautta-on-slurm.ts'
import { createOrderClient } from '../support/order-client.ts'
import { until } from '../support/until.ts'

const chromiumPath = '/usr/bin/chromium'
const isInstalled = requireCommands([...rayCommands, chromiumPath])
const script = '#!/bin/sh\nuntil [ -e ~/end ]; do sleep 0.2; done\n'

let lautta: LauttaOnSlurm
let ray: RayServer
let browser: Browser
let forwards: ReturnType<typeof createForwardClient>
let forward: string
beforeAll(async () => {
  if (!isInstalled) return
  lautta = await startLauttaOnSlurm()
  const orders = createOrderClient(lautta.ask)
  forwards = createForwardClient(lautta.ask)
  const order = await orders.start('puhti', [{ script }])
  const token = lautta.management.rayTokenOf(lautta.user, { id: order, platform: 'puhti', index: 0, attempt: 1 })
  ray = await startRay({ token })
  const { id: slurmJobId } = await orders.untilJob(order, 'puhti', ({ state }) => state === 'running')
  await writeClusterFile(lautta.slurm, slurmJobId, { dashboard: Number(new URL(ray.dashboard).port) })
  forward = (await forwards.open(order, 'dashboard')).id
  await forwards.untilForward(forward, ({ state }) => state === 'open')
  browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
})
afterAll(async () => {
  await browser?.close()
  await lautta?.stop()
  await ray?.stop()
})

/** A Ray job that prints; answers its id once it has ended. */
async function runRayJob(): Promise<string> {
  const headers = { authorization: `Bearer ${ray.token}`, 'content-type': 'application/json' }
  // fetch() says of itself that it is a browser, from which Ray takes no jobs.
  const ask = async <Answer>(path: string, init: object = {}) =>
    (await (await request(`${ray.dashboard}/api/jobs/${path}`, { headers, ...init })).body.json()) as Answer
  const body = JSON.stringify({ entrypoint: 'echo printed by a Ray job' })
  const { submission_id: id } = await ask<{ submission_id: string }>('', { method: 'POST', body })
  await until(async () => (await ask<{ status: string }>(id)).status === 'SUCCEEDED', 200)
  return id
}

describe.skipIf(!isInstalled)('the dashboard of Ray in Chromium', () => {
  it('opens by a link, works without a token of the browser, and by no second use of the link', async () => {
    const job = await runRayJob()
    const page = await browser.newPage()
    const failed: string[] = []
    page.on('response', (response) => {
      if (response.status() === 401 || response.status() === 403 || response.status() === 502) failed.push(response.url())
    })
    page.on('pageerror', (error) => failed.push(String(error)))
    const { json } = await lautta.ask(`/v1/forwards/${forward}/link`, { method: 'POST' })
    await page.goto(json.url)
    await page.getByText('Cluster', { exact: true }).first().waitFor()
    expect(new URL(page.url()).origin).toBe(new URL(json.url).origin)
    expect(await page.evaluate('document.cookie')).not.toContain('lautta')

    await page.goto(`${new URL(json.url).origin}/#/cluster`)
    await page.getByText('ALIVE').first().waitFor()
    await page.goto(`${new URL(json.url).origin}/#/jobs/${job}`)
    await page.getByText('printed by a Ray job').first().waitFor()
    // As Ray's own command line follows a log; this Ray ends it in order, and sends nothing when it asks for tokens.
    const tail = `new Promise((resolve) => {
      const socket = new WebSocket(location.origin.replace('http', 'ws') + '/api/jobs/${job}/logs/tail')
      let isOpen = false
      socket.onopen = () => { isOpen = true }
      socket.onclose = ({ code }) => resolve({ isOpen, code })
    })`
    expect(await page.evaluate(tail)).toEqual({ isOpen: true, code: 1000 })
    expect(failed).toEqual([])

    const stranger = await (await browser.newContext()).newPage()
    expect((await stranger.goto(json.url))?.status()).toBe(410)
    expect(await stranger.textContent('body')).toContain('used already')
    expect((await stranger.goto(new URL(json.url).origin))?.status()).toBe(401)
  })
})

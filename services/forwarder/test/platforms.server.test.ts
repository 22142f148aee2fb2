import { readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { CredentialsError } from '@lautta/core/errors'
import type { Question, ReconcileMessage } from '@lautta/core/messages'
import { consumeAsk } from '@lautta/queue/consume-ask'
import { type Consumer, consumeReconcile } from '@lautta/queue/queues'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { until } from '../../../test/support/until.ts'
import { openTestApi, type TestApi } from './open-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api?.close())

const consumers: Consumer[] = []
afterEach(async () => {
  for (const consumer of consumers.splice(0)) await consumer.close()
})
/** In the place of the submitter. */
const answer = (handle: (question: Question) => unknown) =>
  void consumers.push(consumeAsk(api.redis, 4, async (question) => ({ answer: handle(question) })))

type User = 'local' | 'other'
const send = (path: string, body: object, as: User = 'local') => api.ask(path, { ...asJson(body), as })
const lumi = async (as: User) => (await api.ask('/v1/platforms/lumi', { as })).json
const other = 'Other@Example.com'

describe('platforms', () => {
  it('are listed with their pauses, the machine’s own for administrators only', async () => {
    const { items } = (await api.ask('/v1/platforms')).json
    expect(items).toContainEqual({ name: 'local', kind: 'local', architecture: null, retired: null, paused: null })
    const { items: offered } = (await api.ask('/v1/platforms', { as: 'other' })).json
    expect(offered.map(({ name }: { name: string }) => name)).not.toContain('local')
    expect((await api.ask('/v1/platforms/local', { as: 'other' })).status).toBe(404)
    expect((await api.ask('/v1/platforms/unknown')).status).toBe(404)
  })
})

describe('a pause', () => {
  it('of oneself is anybody’s, and nobody else sees it', async () => {
    const paused = await send('/v1/platforms/lumi/pause', { user: other }, 'other')
    expect(paused.json).toMatchObject({ name: 'lumi', paused: { by: other, user: other } })
    expect((await lumi('other')).paused).toMatchObject({ by: other })
    expect((await lumi('local')).paused).toBeNull()
    const { items } = (await api.ask('/v1/platforms', { as: 'other' })).json
    expect(items.filter((one: { paused: object | null }) => one.paused !== null)).toMatchObject([{ name: 'lumi' }])
    expect((await send('/v1/platforms/lumi/resume', { user: other }, 'other')).json.paused).toBeNull()
  })
  it('of a platform, or of others, is for administrators', async () => {
    for (const body of [{}, { user: 'local' }, { user: 'nobody' }]) {
      expect((await send('/v1/platforms/lumi/pause', body, 'other')).status).toBe(403)
      expect((await send('/v1/platforms/lumi/resume', body, 'other')).status).toBe(403)
    }
    expect((await api.ask('/v1/platforms/lumi/pause', { method: 'POST', as: 'other' })).status).toBe(403)
    expect((await lumi('local')).paused).toBeNull()
    expect((await api.ask('/v1/platforms/lumi/pause', { method: 'POST' })).json.paused).toMatchObject({ by: 'local', user: null })
    expect((await lumi('other')).paused).toMatchObject({ by: 'local', user: null })
    expect((await send('/v1/platforms/lumi/resume', { user: other }, 'other')).json.paused).toMatchObject({ user: null })
    expect((await send('/v1/platforms/lumi/resume', {})).json.paused).toBeNull()
  })
  it('by an administrator is neither ended nor taken over by its user', async () => {
    await send('/v1/platforms/lumi/pause', { user: other })
    for (const verb of ['resume', 'pause']) {
      const { status, json } = await send(`/v1/platforms/lumi/${verb}`, { user: other }, 'other')
      expect([status, json.detail]).toEqual([403, 'paused by local'])
    }
    expect((await lumi('other')).paused).toMatchObject({ by: 'local', user: other })
    expect((await send('/v1/platforms/lumi/resume', { user: other })).json.paused).toBeNull()
    expect((await send('/v1/platforms/lumi/pause', { user: other }, 'other')).json.paused).toMatchObject({ by: other })
    expect((await send('/v1/platforms/lumi/resume', { user: other }, 'other')).json.paused).toBeNull()
  })
  it('of an unknown user or platform is refused', async () => {
    expect((await send('/v1/platforms/lumi/pause', { user: 'nobody' })).status).toBe(404)
    expect((await send('/v1/platforms/unknown/pause', {})).status).toBe(404)
    expect((await send('/v1/platforms/lumi/pause', { users: ['local'] })).status).toBe(400)
  })
  it('lies in the common bucket, sealed, and stays there when it has ended', async () => {
    await send('/v1/platforms/mahti/pause', { user: other })
    await send('/v1/platforms/mahti/resume', { user: other })
    const stored = await readFile(join(api.folder, 'store/mlch-for-air/PAUSES/mahti/other-example-com.json'), 'utf8')
    const document = { schema: 1, platform: 'mahti', user: other, paused: false, by: 'local' }
    expect(JSON.parse(stored)).toMatchObject({ ...document, at: expect.stringMatching(/Z$/), hmac: expect.stringMatching(/./) })
  })
  it('nudges the sessions of everybody whom it concerns', async () => {
    const nudged: ReconcileMessage[] = []
    consumers.push(
      consumeReconcile(api.redis, { concurrency: 4, stalledMs: 30_000 }, async (message) => void nudged.push(message))
    )
    await send('/v1/platforms/puhti/pause', {})
    const isNudged = (user: string) => nudged.filter((one) => one.user === user && one.platform === 'puhti').length >= 2
    await until(() => isNudged('local') && isNudged(other))
    await send('/v1/platforms/puhti/resume', {})
  })
})

describe('a probe', () => {
  it('is made in the caller’s name, and a step that fails is an answer', async () => {
    const steps = [
      { step: 'name', ok: true, detail: '' },
      { step: 'tcp', ok: false, detail: 'connection refused' }
    ]
    const asked: Question[] = []
    answer((question) => {
      asked.push(question)
      return { steps }
    })
    const { status, json } = await api.ask('/v1/platforms/lumi?probe=true', { as: 'other' })
    expect([status, json.probe]).toEqual([200, { ok: false, steps }])
    expect(asked).toEqual([{ kind: 'probe', user: other, platform: 'lumi' }])
    expect(await lumi('other')).not.toHaveProperty('probe')
  })
  it('is answered while the store is away, without a word about pauses', async () => {
    const away = await openTestApi()
    const answering = consumeAsk(away.redis, 4, async () => ({ answer: { steps: [{ step: 'name', ok: true, detail: '' }] } }))
    // A link to itself: nobody can read there.
    await symlink('store', join(away.folder, 'store'))
    expect((await away.ask('/v1/platforms/lumi')).status).toBe(503)
    const { status, json } = await away.ask('/v1/platforms/lumi?probe=true')
    expect([status, json.probe.ok]).toEqual([200, true])
    expect(json).not.toHaveProperty('paused')
    await answering.close()
    await away.close()
  })
  it('that can not be made is no answer', async () => {
    answer(() => {
      throw new TypeError('x is not a function')
    })
    const { status, json, headers } = await api.ask('/v1/platforms/lumi?probe=true')
    expect([status, json.detail, headers.get('retry-after')]).toEqual([503, 'something unexpected happened', '5'])
  })
})

describe('a dry run', () => {
  const secret = 'inline-value-that-stays-here'
  const target = { place: 'hpc/lumi', path: '/users/x/job.sh', value: 'None' }
  const order = {
    name: 'n',
    platforms: {
      lumi: {
        configs: { modules: ['gcc/13'], venv: { name: secret } },
        files: { send: [{ transfer: { source: { place: 'inline', path: 'job.sh', value: secret }, target } }] },
        jobs: [
          {
            script: '#!/bin/sh\n',
            options: { time: '1:00', export: `KEY=${secret}`, expor: secret },
            environment: { KEY: secret }
          },
          { path: '/users/x/job.sh', name: 'second' }
        ]
      },
      mahti: { jobs: [{ path: '/users/x/job.sh' }] }
    }
  }

  it('asks each platform about its jobs, by nothing but what sbatch needs, and stores nothing', async () => {
    const asked: Question[] = []
    answer((question) => {
      asked.push(question)
      if (question.platform === 'mahti') throw new CredentialsError('no credential for mahti', { hint: 'put one there' })
      return {
        jobs: [
          { index: 0, accepted: true, detail: 'Job 1 to start' },
          { index: 1, accepted: false, detail: 'no such file' }
        ]
      }
    })
    const before = await readdir(join(api.folder, 'store'), { recursive: true })
    const { status, json } = await send('/v1/orchestrations?dry-run=true', order, 'other')
    expect(status).toBe(200)
    expect(json).toEqual({
      valid: true,
      warnings: ['platforms.mahti is retired: computing was closed on 2026-08-31, storage on 2026-10-15'],
      platforms: {
        lumi: {
          jobs: [
            { index: 0, accepted: true, detail: 'Job 1 to start' },
            { index: 1, accepted: false, detail: 'no such file', hint: expect.stringContaining('the order itself') }
          ]
        },
        mahti: { jobs: [], detail: 'no credential for mahti', hint: 'put one there' }
      }
    })
    expect(asked).toContainEqual({
      ...{ kind: 'dry-run', user: other, platform: 'lumi', orderName: 'n', modules: ['gcc/13'], venv: null },
      jobs: [
        { index: 0, path: 'None', script: '#!/bin/sh\n', options: { time: '1:00' } },
        { index: 1, path: '/users/x/job.sh', name: 'second' }
      ]
    })
    expect(JSON.stringify(asked)).not.toContain(secret)
    expect(await readdir(join(api.folder, 'store'), { recursive: true })).toEqual(before)
    expect((await api.ask('/v1/orchestrations', { as: 'other' })).json.items).toEqual([])
  })
  it('asks about as many jobs as a platform is asked, and says so in one sentence', async () => {
    const asked: Question[] = []
    answer((question) => {
      asked.push(question)
      return { jobs: [] }
    })
    const long = `#!/bin/sh\n#${'x'.repeat(600_000)}\n`
    const many = Array.from({ length: 300 }, () => ({ path: '/a' }))
    const platforms = { lumi: { jobs: many }, mahti: { jobs: [{ script: long }, { script: long }, { path: '/a' }] } }
    const { json } = await send('/v1/orchestrations?dry-run=true', { name: 'n', platforms }, 'other')
    expect(json.platforms.lumi.detail).toMatch(/^asked about 200 of 300 jobs: /)
    expect(json.platforms.mahti.detail).toMatch(/^asked about 2 of 3 jobs: /)
    const askedOf = (platform: string) =>
      asked.flatMap((one) => (one.kind === 'dry-run' && one.platform === platform ? one.jobs.map(({ index }) => index) : []))
    expect([askedOf('lumi').length, askedOf('lumi').at(-1), askedOf('mahti')]).toEqual([200, 199, [0, 2]])
  })
  it('is checked as an order is, and starts nothing', async () => {
    const wrong = await send('/v1/orchestrations?dry-run=true&start=true', order)
    expect([wrong.status, wrong.json.errors[0].path]).toEqual([400, '?dry-run'])
    expect((await send('/v1/orchestrations?dry-run=true', { name: 'n', platforms: {} })).status).toBe(400)
    const local = { name: 'n', platforms: { local: { jobs: [{ script: '#!/bin/sh\n' }] } } }
    expect((await send('/v1/orchestrations?dry-run=true', local, 'other')).status).toBe(403)
  })
})

describe('one job', () => {
  const start = async (platform: string) => {
    const jobs = [{ script: '#!/bin/sh\n' }, { script: '#!/bin/sh\n' }]
    return (await send('/v1/orchestrations?start=true', { name: 'n', platforms: { [platform]: { jobs } } })).json.id
  }
  const give = (id: string, platform: string, index: number, verb: string) =>
    api.ask(`/v1/orchestrations/${id}/jobs/${platform}/${index}/${verb}`, { method: 'POST' })

  it('is cancelled alone', async () => {
    const id = await start('lumi')
    const { status, json } = await give(id, 'lumi', 1, 'cancel')
    expect([status, json.index, json.status.cancel]).toEqual([202, 1, true])
    expect((await api.ask(`/v1/orchestrations/${id}/jobs/lumi/0`)).json.status.cancel).toBe(false)
  })
  it('is held and released before it was submitted, and requeued only after', async () => {
    const id = await start('lumi')
    expect((await give(id, 'lumi', 0, 'hold')).status).toBe(202)
    expect((await give(id, 'lumi', 0, 'release')).status).toBe(202)
    const { status, json } = await give(id, 'lumi', 0, 'requeue')
    expect([status, json.detail]).toEqual([409, 'the job has not been submitted yet'])
    expect((await give(id, 'lumi', 7, 'hold')).status).toBe(404)
  })
  it('is no task of an array: who names one is refused, and nothing is ordered', async () => {
    const id = await start('lumi')
    expect((await give(id, 'lumi', 0, 'cancel?task=3')).status).toBe(400)
    expect((await api.ask(`/v1/orchestrations/${id}/jobs/lumi/0`)).json.status.cancel).toBe(false)
  })
  it('of platform local knows cancel only', async () => {
    const id = await start('local')
    for (const verb of ['hold', 'release', 'requeue']) expect((await give(id, 'local', 0, verb)).status).toBe(409)
    expect((await give(id, 'local', 0, 'cancel')).status).toBe(202)
  })
})

import { describe, expect, it } from 'vitest'
import { threeColumns } from '../../../test/support/workspace-prints.ts'
import { declareJob } from '../src/job/job.ts'
import { answerOrder } from '../src/orchestration/answer.ts'
import { orchestrationSchema } from '../src/orchestration/dictionary.ts'
import type { KnownOrder } from '../src/orchestration/known-order.ts'
import { pickleView } from '../src/orchestration/pickled-view.ts'
import { readPickle } from '../src/pickle/read-pickle.ts'
import { toPlain } from '../src/pickle/to-plain.ts'
import { readWorkspaces } from '../src/workspaces/read-workspaces.ts'

const jobs = [{ script: '#!/bin/sh\n' }]
const request = orchestrationSchema(['lumi', 'mahti']).parse({ name: 'n', platforms: { lumi: { jobs }, mahti: { jobs } } })
const status = { schema: 1, id: '1', platform: 'lumi', fence: 1, sequence: 1, history: [] }
const known: KnownOrder = {
  request: { id: '1', createdAt: '2026-11-20T12:00:00.000Z', warnings: [], request, version: 1, errors: [] },
  earlier: new Map(),
  orders: [],
  statuses: new Map([['lumi', { ...status, jobs: [{ ...declareJob(0), state: { kind: 'running', slurmJobId: '7' } }] }]])
}

describe('the pickled view of an order', () => {
  it('is its answer with one platform, also of the smallest order', () => {
    const view = toPlain(readPickle(pickleView(known, 'lumi', null)))
    const { platforms, ...head } = answerOrder(known)
    expect(view).toEqual({ ...head, platforms: { lumi: platforms.lumi } })
    expect(view).toMatchObject({
      state: 'active',
      platforms: {
        lumi: {
          properties: { directory: 'None', languages: [], workspaces: [] },
          configs: { modules: [], venv: { name: 'None', path: 'None', modules: [], packages: [] } },
          files: { send: [], get: [] },
          jobs: [{ path: 'None', id: '7', status: { start: false, submit: true, running: true } }]
        }
      }
    })
  })
  it('tells what the user finds on its platform', () => {
    const found = {
      languages: [{ name: 'Python', version: '3.6.8' }],
      modules: ['gcc'],
      foundAt: '',
      workspacesFoundAt: '',
      partitions: null,
      partitionsFoundAt: null
    }
    const environment = { directory: '/users/csc', ...found, ...readWorkspaces(threeColumns) }
    const view = toPlain(readPickle(pickleView(known, 'lumi', environment)))
    const seed = { 'used-capacity': '3.045G', 'max-capacity': '10G', 'used-files': '2.42k', 'max-files': '100k' }
    const workspaces = [{ path: '/users/csc', ...seed }, {}, {}]
    expect(view).toMatchObject({
      platforms: { lumi: { properties: { directory: '/users/csc', languages: found.languages, workspaces } } }
    })
  })
  it('tells the state of its own platform only', () => {
    expect(toPlain(readPickle(pickleView(known, 'mahti', null)))).toMatchObject({ state: 'declared' })
  })
})

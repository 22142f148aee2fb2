import type { Environment } from '@lautta/core/documents/environment-document'
import { readWorkspaces } from '@lautta/core/workspaces/read-workspaces'
import type { Management } from '@lautta/object-store/management'
import { createLogger } from '@lautta/runtime/logger'
import { openInstallation } from '@lautta/runtime/open-installation'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { until } from '../../../test/support/until.ts'
import { withAllocations } from '../../../test/support/workspace-prints.ts'
import { openTestApi, type TestApi } from './open-api.ts'

let api: TestApi
let management: Management
beforeAll(async () => {
  api = await openTestApi()
  management = openInstallation(api.config, createLogger('silent')).management
})
afterAll(() => api?.close())

const foundAt = '2026-11-20T12:00:00.000Z'
const environment: Environment = {
  ...{ directory: '/users/csc', languages: [{ name: 'Python', version: '3.6.8' }], modules: ['pytorch/2.9'], foundAt },
  ...{ ...readWorkspaces(withAllocations), unreadableLines: ['/flash ?'], workspacesFoundAt: foundAt },
  ...{ partitions: null, partitionsFoundAt: null }
}
const home = {
  ...{ path: '/users/csc', 'used-capacity': '16M', 'max-capacity': '22G', 'used-files': '17', 'max-files': '100K' },
  ...{ 'used-capacity-bytes': 16 * 2 ** 20, 'max-capacity-bytes': 22 * 2 ** 30 },
  ...{ 'used-files-count': 17, 'max-files-count': 100_000, 'over-quota': false, cleanup: null }
}

describe('what users find on a platform', () => {
  it('is not known at first, and then told to that user in the platform and in the orders for it', async () => {
    const propertiesOf = async (as: 'local' | 'other') => (await api.ask('/v1/platforms/lumi', { as })).json.properties
    const platforms = { lumi: { jobs: [{ path: '/a.sh' }] }, mahti: { jobs: [{ path: '/a.sh' }] } }
    const { id } = (await api.ask('/v1/orchestrations', asJson({ name: 'n', platforms }))).json
    const order = async () => (await api.ask(`/v1/orchestrations/${id}`)).json.platforms
    const none = { directory: 'None', languages: [], workspaces: [] }
    expect(await propertiesOf('local')).toBeNull()
    expect(await order()).toMatchObject({ lumi: { properties: none }, mahti: { properties: none } })

    await management.writeEnvironment('local', 'lumi', environment)
    const told = await until(() => propertiesOf('local'))
    expect(told).toMatchObject({
      ...{
        directory: '/users/csc',
        languages: environment.languages,
        modules: ['pytorch/2.9'],
        'unreadable-lines': ['/flash ?']
      },
      ...{ 'found-at': foundAt, 'workspaces-found-at': foundAt }
    })
    expect(told.workspaces[0]).toEqual(home)
    expect(told.allocations[0]).toMatchObject({
      project: 'project_465000001',
      'used-core-hours': 12_345,
      'allocated-tb-hours': 90
    })
    expect(Object.keys(told)).not.toContain('hmac')
    expect(await propertiesOf('other')).toBeNull()
    expect(await order()).toMatchObject({
      lumi: { properties: { directory: '/users/csc', languages: environment.languages, workspaces: told.workspaces } },
      mahti: { properties: none }
    })
  })

  it('is what an order that is posted back may carry', async () => {
    await management.writeEnvironment('local', 'puhti', environment)
    const platforms = { puhti: { jobs: [{ path: '/a.sh' }] } }
    const { id } = (await api.ask('/v1/orchestrations', asJson({ name: 'n', platforms }))).json
    const { json: answer } = await api.ask(`/v1/orchestrations/${id}`)
    expect(answer.platforms.puhti.properties.workspaces).toHaveLength(4)
    expect((await api.ask('/v1/orchestrations', asJson(answer))).status).toBe(202)
  })
})

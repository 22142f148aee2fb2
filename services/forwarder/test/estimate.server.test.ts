import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asJson } from '../../../test/support/rest-client.ts'
import { openTestApi, type TestApi } from './open-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi({ platforms: { plain: {}, 'my-mahti': { profile: 'mahti' } } })
})
afterAll(() => api?.close())

const ask = (platform: string, body: unknown, as: 'local' | 'other' = 'other') =>
  api.ask(`/v1/platforms/${platform}/estimate`, { ...asJson(body), as })
const script = '#!/bin/bash\n#SBATCH -p small -N1 -n1 -c4\n#SBATCH --mem=16G --time=2:00:00\nsrun work\n'

describe('POST /v1/platforms/{p}/estimate', () => {
  it('tells what a script would reserve and cost, and the formula in words', async () => {
    const { status, json } = await ask('roihu-cpu', { script })
    expect([status, json]).toEqual([
      200,
      {
        ...{ partition: 'small', nodes: 1, cores: 4, 'memory-gib': 16, gpus: 0, 'gpu-slices': 0, 'storage-gib': 0 },
        ...{ hours: 2, tasks: 1, 'cpu-bu': 12, 'gpu-bu': 0 },
        formula: 'max(0.75·cores, 0.375·GiB of memory) + 0.02·GiB of local storage CPU BU an hour',
        assumed: [],
        warnings: []
      }
    ])
  })
  it('takes options without a script, an array, and YAML', async () => {
    const { json } = await ask('my-mahti', { options: { partition: 'medium', nodes: 2, time: '30' }, array: '1-10%2' })
    expect(json).toMatchObject({ nodes: 2, cores: 256, tasks: 10, 'cpu-bu': 1000 })
    const yaml = 'script: |\n  #!/bin/sh\n  #SBATCH -p gputest --gres=gpu:a100:1\n  #SBATCH -t 15\n'
    const sent = { method: 'POST', headers: { 'content-type': 'application/yaml' }, body: yaml }
    expect((await api.ask('/v1/platforms/mahti/estimate', sent)).json).toMatchObject({ gpus: 1, 'gpu-bu': 25 })
  })
  it('names the lines that can not be read, and the fields', async () => {
    const wrong = '#!/bin/sh\n#SBATCH --nodes=two\n\n#SBATCH --mem=1.5G\n'
    const { status, json } = await ask('lumi', { script: wrong, options: { gres: 'gpu:' } })
    expect([status, json.errors]).toEqual([
      400,
      [
        { path: 'script', message: "line 2: --nodes=two can't be read: write a number, or a range like 2-4" },
        { path: 'script', message: "line 4: --mem=1.5G can't be read: write whole megabytes, or a size such as 10G" },
        {
          path: 'options.gres',
          message: "--gres=gpu: can't be read: write names and numbers, such as gpu:a100:2,nvme:100"
        }
      ]
    ])
    expect((await ask('lumi', {})).json.errors).toMatchObject([{ message: expect.stringContaining('give script') }])
    expect((await ask('lumi', { options: { array: '1-2' } })).json.errors).toMatchObject([{ path: 'options.array' }])
  })
  it('says of a platform without formulas that nobody can tell', async () => {
    const { status, json } = await ask('plain', { script })
    expect(status).toBe(200)
    expect(json).toMatchObject({ cores: 4, hours: 2, 'cpu-bu': null, 'gpu-bu': null, formula: null })
    expect(json.warnings).toEqual(['no billing formula is known for this platform, so nobody here can tell what the job costs'])
    expect((await ask('local', { script }, 'local')).json).toMatchObject({ 'cpu-bu': null })
  })
  it('of a platform that is not for the caller, or not there, is not told', async () => {
    expect((await ask('local', { script })).status).toBe(404)
    expect((await ask('unknown', { script })).status).toBe(404)
  })
})

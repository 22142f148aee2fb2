import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { knownPlatforms } from '../packages/platforms/src/settings.ts'
import { configFileSchema } from '../packages/runtime/src/config-schema.ts'
import { platformsPage } from '../scripts/platforms-page.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const example = read('examples/platforms/lautta.yaml')

describe('docs/platforms.md', () => {
  it('says what the profiles say (scripts/write-platforms.ts writes it)', () => {
    expect(read('docs/platforms.md')).toBe(platformsPage(example))
  })
  it('shows profiles of one’s own that are read as it says', () => {
    const [own, test] = knownPlatforms(configFileSchema.parse(parse(example)).platforms, false)
    expect(own).toMatchObject({
      name: 'my-cluster',
      architecture: 'x86_64',
      timeZone: 'Europe/Helsinki',
      refusesPrivateKeys: true
    })
    expect(own?.partitions).toMatchObject([
      { name: 'small', 'cores-per-node': 128 },
      { name: 'gpu', 'max-gpus': 8 }
    ])
    expect(own?.billing).toMatchObject([{ unit: 'cpu-bu' }, { unit: 'gpu-bu', max: [] }])
    expect(test).toMatchObject({ name: 'puhti-test', retired: null, preamble: ['source /appl/profile/zz-csc-env.sh'] })
  })
})

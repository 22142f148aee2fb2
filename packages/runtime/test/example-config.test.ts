import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { loadConfig } from '../src/config.ts'
import { configFileSchema } from '../src/config-schema.ts'

const example = readFileSync(new URL('../../../lautta.example.yaml', import.meta.url), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'lautta-example-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** All keys that lautta.yaml may have, at whatever depth. */
function keysOf(schema: unknown): string[] {
  if (schema === null || typeof schema !== 'object') return []
  const { properties = {}, ...rest } = schema as { properties?: Record<string, unknown> }
  return [...Object.keys(properties), ...[...Object.values(properties), ...Object.values(rest)].flatMap(keysOf)]
}

describe('lautta.example.yaml', () => {
  it('is accepted as it stands, when the files that it names are there', () => {
    writeFileSync(join(folder, 'key'), 'a-key-of-16-characters\n')
    writeFileSync(join(folder, 'lautta.yaml'), example.replace('/run/secrets/api-key-of-user', join(folder, 'key')))
    const config = loadConfig({ standalone: true }, { LAUTTA_CONFIG: join(folder, 'lautta.yaml'), LAUTTA_DATA_DIR: folder })
    expect(config.users).toMatchObject([{ name: 'user@example.com', slug: 'user', isAdmin: true }])
    expect(config.platforms.map(({ name }) => name)).toEqual(expect.arrayContaining(['local', 'lumi', 'my-cluster', 'roihu-cpu']))
  })
  it('shows every key that there is', () => {
    const keys = new Set(keysOf(z.toJSONSchema(configFileSchema, { io: 'input' })))
    expect(keys.size).toBeGreaterThan(20)
    expect([...keys].filter((key) => !new RegExp(`\\b${key}:`).test(example) && !example.includes(`or ${key}:`))).toEqual([])
  })
})

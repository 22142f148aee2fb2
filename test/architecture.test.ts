import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The rooms, and into which each may look: the picture in ARCHITECTURE.md. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'packages/core': [],
  'packages/object-store': ['core'],
  'packages/platforms': ['core'],
  'packages/queue': ['core'],
  'packages/tables': ['core'],
  'packages/runtime': ['core', 'object-store', 'platforms', 'queue'],
  // The forwarder talks to no platform.
  'services/forwarder': ['core', 'object-store', 'queue', 'runtime', 'tables'],
  'services/submitter': ['core', 'object-store', 'platforms', 'queue', 'runtime', 'tables'],
  'services/monitor': ['core', 'object-store', 'platforms', 'queue', 'runtime', 'tables'],
  'services/standalone': ['core', 'forwarder', 'submitter', 'monitor', 'queue', 'runtime']
}

function workspace(): string[] {
  return ['packages', 'services'].flatMap((kind) => readdirSync(join(root, kind)).map((name) => `${kind}/${name}`))
}

function sources(folder: string): { file: string; text: string }[] {
  const files = readdirSync(join(root, folder, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(ts|mjs)$/.test(file)
  )
  return files.map((file) => ({ file: `${folder}/src/${file}`, text: readFileSync(join(root, folder, 'src', file), 'utf8') }))
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s+'([^']+)'|import\('([^']+)'\)/g)].map(([, from, dynamic]) => from ?? dynamic ?? '')
}

describe('the rooms of the house', () => {
  it('are those of ARCHITECTURE.md', () => {
    expect(workspace().sort()).toEqual(Object.keys(arrows).sort())
    const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
    for (const room of Object.keys(arrows)) expect(text).toContain(room)
  })

  it.each(Object.entries(arrows))('%s looks only where it may', (folder, allowed) => {
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const declared = Object.keys(dependencies).filter((name) => name.startsWith('@lautta/'))
    expect(declared.filter((name) => !allowed.includes(name.slice('@lautta/'.length)))).toEqual([])
    for (const { file, text } of sources(folder)) {
      const used = importsOf(text)
        .filter((name) => name.startsWith('@lautta/'))
        .map((name) => name.split('/').slice(0, 2).join('/'))
      expect(
        used.filter((name) => !declared.includes(name)),
        file
      ).toEqual([])
      // Another room is entered by its door, not through the wall.
      expect(
        importsOf(text).filter((name) => name.startsWith('.') && /\/src\/|node_modules/.test(name)),
        file
      ).toEqual([])
    }
  })

  it('are all under the Apache licence', () => {
    expect(readFileSync(join(root, 'LICENSE'), 'utf8')).toMatch(/Apache License\s+Version 2\.0/)
    for (const folder of ['.', ...workspace()])
      expect(JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).license, folder).toBe('Apache-2.0')
  })

  it('have rules without I/O in core', () => {
    const pure = ['node:crypto', 'node:path', 'zod']
    for (const { file, text } of sources('packages/core')) {
      expect(
        importsOf(text).filter((name) => !name.startsWith('.') && !pure.includes(name)),
        file
      ).toEqual([])
      expect(text, file).not.toMatch(/Date\.now\(|new Date\(\)|Math\.random\(/)
    }
  })

  it('know Redis in packages/queue only, and ssh2 in packages/platforms only', () => {
    const owners = {
      bullmq: 'packages/queue',
      ioredis: 'packages/queue',
      ssh2: 'packages/platforms',
      'parquet-wasm': 'packages/tables',
      'apache-arrow': 'packages/tables'
    }
    for (const [name, owner] of Object.entries(owners)) {
      const users = workspace().filter((folder) => sources(folder).some(({ text }) => importsOf(text).includes(name)))
      expect(users, name).toEqual([owner])
    }
  })
})

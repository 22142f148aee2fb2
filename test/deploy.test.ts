import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

interface ComposeService {
  command: string[]
  environment?: Record<string, string>
}
const { services } = parse(read('docker-compose.yaml'), { merge: true }) as { services: Record<string, ComposeService> }
const dockerfile = read('deploy/images/Dockerfile')

describe('docker-compose.yaml', () => {
  it('runs each service by its own main file, with settings that there are', () => {
    const schema = read('packages/runtime/src/config-schema.ts')
    for (const name of ['forwarder', 'submitter', 'monitor']) {
      const { command, environment = {} } = services[name]!
      expect(command).toEqual(['node', `services/${name}/src/main.ts`])
      expect(existsSync(join(root, command[1]!))).toBe(true)
      expect(Object.keys(environment).filter((key) => !schema.includes(`${key}:`))).toEqual([])
      expect(environment).toHaveProperty('LAUTTA_REDIS_URL')
    }
  })
})

describe('the image', () => {
  it('installs every room of the house', () => {
    for (const kind of ['packages', 'services']) {
      for (const room of readdirSync(join(root, kind))) {
        expect(dockerfile).toContain(`COPY ${kind}/${room}/package.json ${kind}/${room}/\n`)
      }
    }
  })
})

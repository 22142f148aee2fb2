import { afterEach, describe, expect, it, vi } from 'vitest'
import { requireCommands } from './require-server.ts'

describe('a required command', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })

  it('is found on the path and where Debian keeps daemons', () => {
    expect(requireCommands(['sh', 'ldconfig'])).toBe(true)
  })

  it('is looked for in one place when it is a path', () => {
    vi.stubEnv('CI', '')
    vi.spyOn(console, 'log').mockImplementation(() => {})
    expect(requireCommands(['/bin/sh'])).toBe(true)
    expect(requireCommands(['/no-such-folder/sh'])).toBe(false)
  })

  it('is a printed skip when it is missing', () => {
    vi.stubEnv('CI', '')
    const print = vi.spyOn(console, 'log').mockImplementation(() => {})
    expect(requireCommands(['sh', 'no-such-server', 'nor-this'])).toBe(false)
    expect(print).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('not installed: no-such-server, nor-this'))
  })

  it('is a failure when it is missing in CI', () => {
    vi.stubEnv('CI', 'true')
    expect(() => requireCommands(['no-such-server'])).toThrow('not installed: no-such-server')
  })
})

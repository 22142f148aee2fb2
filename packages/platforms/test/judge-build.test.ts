import { RefusedError, UnavailableError } from '@lautta/core/errors'
import { describe, expect, it } from 'vitest'
import { askForVenv } from '../src/venv/ask-for-venv.ts'
import { judgeBuild } from '../src/venv/judge-build.ts'

const refusal = (exitCode: number, log: string): RefusedError => {
  try {
    judgeBuild('/v', exitCode, log)
  } catch (error) {
    if (error instanceof RefusedError) return error
  }
  throw new Error('it is not refused')
}

describe('a venv that could not be built', () => {
  it('is refused with those of the words of pip that tell why', () => {
    const log = `  error: subprocess-exited-with-error
  × Building wheel for x (pyproject.toml) did not run successfully.
  ╰─> [40 lines of output]
${'      running build_ext\n'.repeat(40)}      x.c:1:10: fatal error: Python.h: No such file or directory
      [end of output]
  note: This comes from a subprocess.
  ERROR: Failed building wheel for x
`
    expect(refusal(1, log).message).toBe(`the venv /v could not be built: error: subprocess-exited-with-error
x.c:1:10: fatal error: Python.h: No such file or directory
ERROR: Failed building wheel for x`)
    expect(refusal(1, `${'ERROR: a long line '.repeat(1000)}\n`.repeat(100)).message.length).toBeLessThan(3000)
  })
  it('is not refused when the look at it is killed, or can not begin', () => {
    const { parse } = askForVenv({ folder: '/v', packages: [] }, { preamble: [], modules: [] }, null)
    for (const exitCode of [75, 137, 143, 254, 255])
      expect(() => parse({ stdout: '', stderr: 'fork: Cannot allocate memory', exitCode })).toThrow(UnavailableError)
    expect(() => parse({ stdout: '', stderr: "mkdir: cannot create directory '/v': Permission denied", exitCode: 1 })).toThrow(
      RefusedError
    )
  })
  it('is refused as too much for a login node when it was killed, or took too long', () => {
    expect(refusal(137, '').message).toBe('the venv /v could not be built: it was killed.')
    expect(refusal(124, '').message).toBe('the venv /v could not be built within an hour')
    expect(refusal(137, '').hint).toMatch(/in a job/)
  })
  it('waits for the disk, also when no word of it could be written', () => {
    const quota = "ERROR: Could not install packages due to an OSError: [Errno 122] Disk quota exceeded: '/v/x'"
    expect(judgeBuild('/v', 1, quota)).toMatchObject({
      kind: 'stuck',
      on: 'platform-disk',
      reason: expect.stringMatching(/Disk quota exceeded.*your quota/)
    })
    expect(judgeBuild('/v', 28, '')).toMatchObject({
      kind: 'stuck',
      on: 'platform-disk',
      reason: expect.stringMatching(/is full$/)
    })
  })
  it('waits for the platform when the index is out of reach, or the file system unwell', () => {
    const retry = (left: number) =>
      `WARNING: Retrying (Retry(total=${left}, connect=None)) after connection broken by 'NewConnectionError'\n`
    const gone = 'ERROR: No matching distribution found for x\n'
    const stuck = { kind: 'stuck', on: 'platform' }
    expect(judgeBuild('/v', 1, retry(1) + retry(0) + gone)).toMatchObject(stuck)
    expect(judgeBuild('/v', 1, "cat: '/v/x': Stale file handle")).toMatchObject(stuck)
    // It did answer in the end.
    expect(refusal(1, retry(4) + gone).message).toMatch(/No matching distribution/)
  })
})

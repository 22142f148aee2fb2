import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { identifyProcess, isAlive } from '@lautta/platforms/process-identity'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DataLockedError, lockDataDirectory } from '../src/data-lock.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lautta-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const lockFiles = () => readdirSync(folder).filter((name) => name.startsWith('lock-'))

describe('a data directory', () => {
  it('belongs to one holder at a time, who is named to the others', async () => {
    const lock = await lockDataDirectory(folder)
    await expect(lockDataDirectory(folder)).rejects.toThrow(`process ${process.pid}`)
    await expect(lockDataDirectory(folder)).rejects.toThrow(DataLockedError)
    await lock.release()
    await (await lockDataDirectory(folder)).release()
    expect(lockFiles()).toEqual(['lock-2'])
  })
  it('is given to one of many who ask at once', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => lockDataDirectory(folder)))
    expect(answers.filter(({ status }) => status === 'fulfilled').length).toBe(1)
  })
  it('is not taken when it can not be read who holds it', async () => {
    mkdirSync(join(folder, 'lock-1'))
    await expect(lockDataDirectory(folder)).rejects.toThrow(/EISDIR/)
  })
  it('is free when its holder is gone, also when another process has that number now', async () => {
    const gone = spawnSync('true').pid
    for (const holder of [
      { pid: gone, startTicks: 1, bootId: 'x' },
      { ...(await identifyProcess(process.pid)), startTicks: 1 },
      'torn'
    ]) {
      writeFileSync(join(folder, `lock-${lockFiles().length + 5}`), JSON.stringify(holder))
      await (await lockDataDirectory(folder)).release()
    }
  })
})

describe('a process', () => {
  it('is alive until it ends, and a zombie is not', async () => {
    // The shell starts a child, becomes a program that never waits for it, and so leaves a zombie.
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 60'])
    const [line] = await once(parent.stdout, 'data')
    const child = await identifyProcess(Number(String(line)))
    expect(child).not.toBeNull()
    while (child !== null && (await isAlive(child))) await new Promise((resolve) => setTimeout(resolve, 20))
    // Its number is still taken: kill(pid, 0) would not notice.
    expect(process.kill(Number(String(line)), 0)).toBe(true)
    parent.kill()
    await once(parent, 'exit')
  })
  it('is not called gone by one who can not look, with too many files open', () => {
    const code = `
import { openSync } from 'node:fs'
import { isAlive, identifyProcess } from '@lautta/platforms/process-identity'
const me = await identifyProcess(process.pid)
try { for (;;) openSync('/dev/null') } catch {}
await isAlive(me).then((alive) => process._rawDebug('alive: ' + alive), (error) => process._rawDebug(error.code))`
    const limited = ['-c', 'ulimit -n 200; exec "$0" --import tsx --input-type=module -e "$1"', process.execPath, code]
    const { stderr } = spawnSync('sh', limited, { cwd: import.meta.dirname, encoding: 'utf8' })
    expect(stderr).toBe('EMFILE\n')
  })
})

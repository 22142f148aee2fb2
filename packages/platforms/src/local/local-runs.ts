import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { link, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasCode } from '@lautta/core/errors'
import { isAlive } from '../process-identity.ts'
import { type LocalEnd, type LocalRun, readEnd, readRun, writeWhole } from './local-job.ts'
import { type UnitPhase, waitingPhase } from './local-units.ts'
import { sweepLostJob } from './sweep-lost-job.ts'

const runnerPath = fileURLToPath(new URL('./runner.mjs', import.meta.url))
const nobody = 0

/** Where a job or task is; null when it has ended. What a killed runner left is ended here, so the evidence is written once. */
export async function observeRun(own: string): Promise<UnitPhase | null> {
  // Most have: after a start all that ever ran are looked at.
  if ((await readEnd(own)) !== null) return null
  const run = await readRun(own)
  const runs = run !== null && (await isAlive(run))
  // Read after the process was looked at: it may have ended in between.
  if ((await readEnd(own)) !== null) return null
  if (run === null) return waitingPhase
  if (runs) return { phase: 'running', startedAt: run.startedAt }
  await sweepLostJob(run)
  await writeEnd(own, run.pid === nobody ? 'cancelled' : 'lost', run.startedAt)
  return null
}

/** Starts a runner and waits until it has the job; `startWaiting` is called when it has ended. */
export async function startRunner(
  own: string,
  environment: Readonly<Record<string, string>>,
  onChange: () => void,
  startWaiting: () => Promise<void>
): Promise<void> {
  const log = openSync(join(own, 'runner.log'), 'a', 0o600)
  const runner = spawn(process.execPath, [runnerPath, own], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...environment }
  })
  closeSync(log)
  runner.unref()
  const over = new Promise<void>((resolve) => runner.once('exit', () => resolve()).once('error', () => resolve()))
  over
    .then(onChange)
    // One that never began is tried again with the next listing, not at once: perhaps the disk is full.
    .then(async () => ((await readRun(own)) === null ? undefined : startWaiting()))
    .catch(() => {})
  const hasEnded = () => runner.exitCode !== null || runner.signalCode !== null
  while (!hasEnded() && (await readRun(own)) === null) await Promise.race([over, pause(5)])
  onChange()
}

/** Ends what runs in a folder, or keeps it from ever beginning. */
export async function cancelRun(own: string): Promise<void> {
  if (await claimForNobody(own)) return writeEnd(own, 'cancelled', null)
  const run = await readRun(own)
  if (run !== null && (await isAlive(run))) process.kill(run.pid, 'SIGTERM')
}

/** Takes the claim that a runner would take, so that a waiting job can't start any more; false when one has it. */
async function claimForNobody(jobFolder: string): Promise<boolean> {
  const claim = join(jobFolder, 'run.cancel')
  const run: LocalRun = { pid: nobody, startTicks: 0, bootId: '', mark: '', startedAt: new Date().toISOString() }
  await writeFile(claim, JSON.stringify(run))
  try {
    await link(claim, join(jobFolder, 'run.json'))
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(claim, { force: true })
  }
}

function writeEnd(jobFolder: string, why: LocalEnd['why'], startedAt: string | null): Promise<void> {
  const nothing = { exitCode: null, signal: null, cpuSeconds: null, peakMemoryBytes: null }
  const end: LocalEnd = { why, startedAt, endedAt: new Date().toISOString(), ...nothing }
  return writeWhole(join(jobFolder, 'end.json'), JSON.stringify(end))
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

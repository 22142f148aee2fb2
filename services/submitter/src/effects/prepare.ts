import type { Readable } from 'node:stream'
import { messageOf, RefusedError } from '@lautta/core/errors'
import type { Job } from '@lautta/core/job/job'
import type { JobEvent } from '@lautta/core/job/job-event'
import { trimObjectPath } from '@lautta/core/object-path'
import type { Send } from '@lautta/core/orchestration/dictionary'
import { type Direction, readPlace } from '@lautta/core/orchestration/direction'
import { buildVenv } from '@lautta/platforms/build-venv'
import { writeFile } from '@lautta/platforms/files'
import { readBytes } from '@lautta/platforms/read-bytes'
import { type RemoteCommand, runCommand } from '@lautta/platforms/run-command'
import { createSequence } from '../in-turn.ts'
import type { LiveOrder } from '../live-order.ts'
import { isPrivateKey, readSecret } from '../secrets.ts'
import { type JobWork, type PerformEffect, waitForPause } from './job-work.ts'

/**
 * Makes ready what the job needs. The jobs of an order share it, so they are prepared one after the other, and what the
 * first one sent is not sent again: that one may be reading it.
 */
export function createPrepare(): PerformEffect {
  const preparations = new WeakMap<LiveOrder, { inTurn: ReturnType<typeof createSequence>; prepared: Set<string> }>()
  return (work) => {
    const { order, job } = work
    const { inTurn, prepared } = preparations.get(order) ?? { inTurn: createSequence(), prepared: new Set<string>() }
    preparations.set(order, { inTurn, prepared })
    const keyOf = ({ version, attempt }: Job) => `${version}/${attempt}`
    return inTurn(async (): Promise<JobEvent | null> => {
      if (work.isBackingOff()) return null
      const waiting = await waitForPause(work)
      if (waiting !== null) return waiting
      if (!work.platform.shell.isOpen()) await runCommand(work.platform.shell, reach)
      const isShared = order.status.jobs.some((other) => keyOf(other) === keyOf(job) && other.preparedAt !== null)
      if (!isShared && !prepared.has(keyOf(job))) {
        await prepareVenv(work)
        await sendFiles(work)
        prepared.add(keyOf(job))
      }
      return { type: 'prepared' }
    })
  }
}

const mostKeyBytes = 64 * 1024

// Asked first where there is no connection yet, even when nothing is to be sent: as long as no sbatch was begun, a stop needs no platform to be honoured.
const reach: RemoteCommand<void> = { argv: ['true'], parse: () => {} }

async function sendFiles(work: JobWork): Promise<void> {
  for (const [index, entry] of work.part.files.send.entries()) {
    try {
      await sendFile(work, entry)
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error
      throw new RefusedError(`files.send[${index}]: ${messageOf(error)}`, {
        cause: error,
        ...(error.hint === undefined ? {} : { hint: error.hint })
      })
    }
  }
}

async function prepareVenv({ part, known, platform, notice }: JobWork): Promise<void> {
  const { venv } = part.configs
  if (venv.name === 'None' || venv.path === 'None') return
  const folder = `${venv.path.replace(/\/$/, '')}/${venv.name}`
  const environment = { preamble: known.preamble, modules: venv.modules }
  const python = await runCommand(platform.shell, buildVenv({ folder, packages: venv.packages }, environment))
  if (python !== null) await notice(`the venv ${folder} was built with ${python}`)
}

async function sendFile(work: JobWork, { transfer: { source, target }, overwrite }: Send): Promise<void> {
  const { content, isSecret } = await openSource(work, source)
  const isKey = Buffer.isBuffer(content) && isPrivateKey(content)
  if (isKey) {
    if (work.known.refusesPrivateKeys) {
      throw new RefusedError(`a private key may not lie on ${work.known.name}`, {
        hint: "connections are made from Lautta's side, so the platform needs no key"
      })
    }
    await work.notice(`a private key was sent to ${target.path}`)
  }
  const options = {
    isSecret: isSecret || isKey || target.path.endsWith('.pem'),
    overwrite,
    writer: `${work.order.id}-${work.known.name}`
  }
  if ((await writeFile(work.platform.shell, target.path, content, options)) === 'kept') {
    await work.notice(`${target.path} was there and is kept: overwrite is false`)
  }
}

async function openSource(
  work: JobWork,
  { place, path, value }: Direction
): Promise<{ content: Buffer | Readable; isSecret: boolean }> {
  const from = readPlace(place)
  switch (from?.kind) {
    case 'inline':
      return { content: Buffer.from(value), isSecret: false }
    case 'secrets':
      return { content: await readSecret(work.secretsFolder, path, value), isSecret: true }
    case 'store': {
      const found = await work.store.get(work.management.bucketOf(work.user, from.target), trimObjectPath(path))
      if (found === null)
        throw new RefusedError(`${place} has no object ${trimObjectPath(path)}`, {
          hint: 'put it there first: PUT /v1/objects/…'
        })
      // A private key is small: what may be one is looked at whole.
      const isSmall = found.info.usedBytes <= mostKeyBytes
      return { content: isSmall ? await readBytes(found.content) : found.content, isSecret: false }
    }
    default:
      throw new RefusedError(`${place} can not be a source`)
  }
}

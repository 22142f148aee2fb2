import { RefusedError } from '../errors.ts'
import { quote } from '../quote.ts'
import type { RayJobRequest } from './ray-job.ts'

/** The command of a Ray job, and what one of its files must hold for that. */
export interface Entrypoint {
  command: string
  /** The text of `parametersFileName` in the Ray job's directory; null: there is none. */
  parametersFile: string | null
}

/** Where parameters lie that are too long for a command. */
export const parametersFileName = '.lautta-parameters.json'

// Linux takes 128 KiB for one argument; Ray runs the whole command as one argument of `sh -c`.
const longestCommandBytes = 100_000
/** Of the parameters of a Ray job, as JSON. */
export const longestArgumentBytes = 128 * 1024 - 1

/**
 * What a Ray job runs: `python <file> '<json>'`, as seed 003 has it, quoted for sh. Where that would be too long, sh reads
 * the argument from a file.
 */
export function composeEntrypoint({ entrypoint, file, parameters }: RayJobRequest): Entrypoint {
  if (entrypoint !== undefined) {
    const usedBytes = Buffer.byteLength(entrypoint)
    if (usedBytes <= longestArgumentBytes) return { command: entrypoint, parametersFile: null }
    throw new RefusedError(`the entrypoint is ${usedBytes} bytes, and a command has at most ${longestArgumentBytes}`)
  }
  const program = `python ${quote(file ?? '')}`
  if (Object.keys(parameters).length === 0) return { command: program, parametersFile: null }
  const json = JSON.stringify(parameters)
  const command = `${program} ${quote(json)}`
  if (Buffer.byteLength(command) <= longestCommandBytes) return { command, parametersFile: null }
  const usedBytes = Buffer.byteLength(json)
  if (usedBytes > longestArgumentBytes) {
    throw new RefusedError(`the parameters are ${usedBytes} bytes of JSON, and an argument has at most ${longestArgumentBytes}`, {
      hint: 'put them into a file of the directory'
    })
  }
  return { command: `${program} "$(cat ${parametersFileName})"`, parametersFile: json }
}

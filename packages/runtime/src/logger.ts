import { type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** Logs as JSON lines on standard output, or to a file, one line for each thing that happened. */
export function createLogger(level: string, file?: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: file ?? 1, sync: false, mkdir: true })
  )
}

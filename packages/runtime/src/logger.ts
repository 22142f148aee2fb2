import { type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** Logs as JSON lines on standard output, or to a file, one line for each thing that happened. */
export function createLogger(level: string, file?: string): Logger {
  const destination = pino.destination({ dest: file ?? 1, sync: false, mkdir: true })
  // Lines that can't be written, on a full disk say, are lost; work goes on.
  destination.on('error', () => {})
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
}

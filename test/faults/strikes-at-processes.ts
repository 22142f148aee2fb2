import { setTimeout as pause } from 'node:timers/promises'
import { atWrite, killSubmitters, type Strike, writes } from './strikes.ts'

/** Whole processes: one that stands still for longer than its lease, Redis, and everything at once. */
export const strikesAtProcesses: readonly Strike[] = [
  {
    name: 'the submitter is stopped for longer than its lease, and goes on',
    strike: ({ site }) =>
      atWrite(site, writes.status, /^/, async (writer, send) => {
        writer.signal('SIGSTOP')
        await pause(site.leaseMs * 2)
        await send()
        writer.signal('SIGCONT')
      })
  },
  { name: 'Redis is emptied', strike: ({ site: { redis } }) => redis.restart() },
  {
    name: 'every process is killed, and Redis is emptied',
    async strike({ site }) {
      await Promise.all([
        killSubmitters(site),
        site.redis.restart(),
        ...[site.forwarder, site.monitor].map((service) => service.killAndRestart())
      ])
    }
  }
]

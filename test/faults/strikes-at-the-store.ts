import { until } from '../support/until.ts'
import type { FaultyService } from './fault-site.ts'
import { atWrite, type Strike, writes } from './strikes.ts'

const anything = /^/
/** States of a job whose saving is a step of the submit protocol, or its end. */
const states = ['submitting', 'queued', 'finishing', 'finished'] as const
const saying = (state: string): RegExp => new RegExp(`"state":\\{[^}]*"kind":"${state}"`)

/** Between a submitter and the object store: a crash on either side of each write, late writes, refusals. */
export const strikesAtTheStore: readonly Strike[] = [
  {
    name: 'the submitter is killed before a status is saved',
    strike: ({ site, choice }) => atWrite(site, writes.status, saying(choice.pick(states)), (writer) => writer.killAndRestart())
  },
  {
    name: 'the submitter is killed when a status is saved, before it knows',
    strike: ({ site, choice }) =>
      atWrite(site, writes.status, saying(choice.pick(states)), async (writer, send) => {
        await send()
        await writer.killAndRestart()
      })
  },
  {
    name: 'the submitter is killed before a try is written',
    strike: ({ site }) => atWrite(site, writes.try, anything, (writer) => writer.killAndRestart())
  },
  {
    name: 'the submitter is killed when a try is written, before sbatch',
    strike: ({ site }) =>
      atWrite(site, writes.try, anything, async (writer, send) => {
        await send()
        await writer.killAndRestart()
      })
  },
  {
    name: 'a status arrives late, over what another submitter has saved',
    strike: ({ site, choice }) =>
      atWrite(site, writes.status, saying(choice.pick(states)), async (writer, send) => {
        const { url = '' } = writer.store.requests.at(-1) ?? {}
        const seen = site.submitters.map(({ store }) => store.requests.length)
        const isSavedAnew = ({ store }: FaultyService, index: number) =>
          store.requests.slice(seen[index]).some((request) => request.method === 'PUT' && request.url === url)
        await writer.killAndRestart()
        await until(() => site.submitters.some(isSavedAnew))
        await send()
      })
  },
  {
    name: 'the store refuses, and does what it does not answer',
    async strike({ site, choice }) {
      const count = 5 + choice.below(20)
      const spoilt = site.submitters.map(async ({ store }) => {
        const seen = store.requests.length
        store.failNext(count, 503)
        store.resetAfterForwarding(count)
        await until(() => store.requests.length >= seen + 2 * count)
      })
      // The other submitter meets with it when it has the lease.
      await Promise.race(spoilt)
    }
  },
  {
    name: 'the monitor is killed before the last table of a run',
    strike: ({ site: { monitor } }) => monitor.store.strikeAt(/^PUT \S+\/TIMES\//, anything, () => monitor.killAndRestart())
  }
]

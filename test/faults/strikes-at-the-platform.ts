import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../support/until.ts'
import { sbatchFates } from './sbatch-faults.ts'
import { type Battlefield, killSubmitters, type Strike } from './strikes.ts'

// Longer than slurmctld's clients wait for it (MessageTimeout).
const frozenMs = 15_000
const silentMs = 5000

/** While sbatch waits, something happens to whoever called it; it goes on at any moment up to its last. */
function during(name: string, when: 'before' | 'after', happen: (field: Battlefield) => unknown): Strike {
  return {
    name,
    async strike(field) {
      const letGo = await field.sbatch.hold(when)
      // It is killed some seconds after its time.
      const goesOnAfterMs = field.choice.below((field.site.sbatchSeconds + 3) * 1000)
      await Promise.all([happen(field), pause(goesOnAfterMs).then(letGo)])
    }
  }
}
const cut = ({ site }: Battlefield): void => {
  for (const { ssh } of site.submitters) ssh.cut()
}
const kill = ({ site }: Battlefield) => killSubmitters(site)

/** Between a submitter and the platform: sbatch at each of its steps, the connection, slurmctld, the disk. */
export const strikesAtThePlatform: readonly Strike[] = [
  ...Object.entries(sbatchFates).map(([name, fate]) => ({
    name: `sbatch ${name}`,
    strike: ({ sbatch }: Battlefield) => sbatch.meet(fate)
  })),
  during('the submitters are killed before sbatch reaches slurmctld', 'before', kill),
  during('the submitters are killed before sbatch answers', 'after', kill),
  during('the connection is cut before sbatch reaches slurmctld', 'before', cut),
  during('the connection is cut before sbatch answers', 'after', cut),
  {
    name: 'the connection is cut in the middle of an answer',
    strike: ({ site, choice }) => Promise.race(site.submitters.map(({ ssh }) => ssh.cutAfter(choice.below(3000))))
  },
  {
    name: 'the connection is silent, and then cut',
    async strike(field) {
      for (const { ssh } of field.site.submitters) ssh.silence()
      await pause(silentMs)
      for (const { ssh } of field.site.submitters) ssh.pass()
      cut(field)
    }
  },
  {
    name: 'slurmctld is frozen for longer than its clients wait, and the submitters are killed meanwhile',
    async strike({ site, choice }) {
      await site.slurm.signal('slurmctld', 'SIGSTOP')
      const killedAfterMs = choice.below(frozenMs)
      await pause(killedAfterMs)
      await Promise.all([killSubmitters(site), pause(frozenMs - killedAfterMs)])
      await site.slurm.signal('slurmctld', 'SIGCONT')
    }
  },
  {
    name: 'the disk of ~/.lautta is full',
    async strike({ site: { slurm, ask } }) {
      await slurm.exec(['sh', '-c', 'cat /dev/zero >.lautta/full'])
      const isWaiting = async () => /"waiting":"platform-disk"/.test((await ask('/v1/orchestrations?limit=500')).text)
      await until(isWaiting, 1000)
      await slurm.exec(['rm', '.lautta/full'])
    }
  }
]

import type { SlurmServer } from '../servers/slurm.ts'

/** What SLURM's two daemons were asked since they began to count, by the kind of question and by the name of who asked. */
export interface SlurmQuestions {
  slurmctld: ReadonlyMap<string, number>
  slurmdbd: ReadonlyMap<string, number>
}

async function runAsRoot(slurm: SlurmServer, ...argv: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await slurm.exec(argv, { as: 'root' })
  if (exitCode !== 0) throw new Error(stderr)
  return stdout
}

/** Lines like `REQUEST_JOB_USER_INFO ( 2039) count:2 ave_time:…`. */
function readCounts(text: string): ReadonlyMap<string, number> {
  return new Map([...text.matchAll(/^\s+(\S+)\s+\(\s*\d+\)\s+count:(\d+)/gm)].map(([, name, count]) => [name!, Number(count)]))
}

/** Counts, as SLURM itself does it for administrators. */
export async function countQuestions(slurm: SlurmServer): Promise<SlurmQuestions> {
  const [slurmctld, slurmdbd] = [await runAsRoot(slurm, 'sdiag'), await runAsRoot(slurm, 'sacctmgr', 'show', 'stats')]
  return { slurmctld: readCounts(slurmctld), slurmdbd: readCounts(slurmdbd) }
}

/** The daemons begin to count anew. */
export async function forgetQuestions(slurm: SlurmServer): Promise<void> {
  await runAsRoot(slurm, 'sdiag', '--reset')
  await runAsRoot(slurm, 'sacctmgr', 'clear', 'stats')
}

import type { SlurmServer } from '../../test/servers/slurm.ts'

/** SLURM refuses more jobs than MaxJobCount, 10,000 unless told otherwise, which it reads at its start. */
export async function raiseJobLimit({ exec, signal, start }: SlurmServer, jobs: number): Promise<void> {
  await exec(['sh', '-c', `echo MaxJobCount=${jobs} >>/etc/slurm/slurm.conf`], { as: 'root' })
  await signal('slurmctld', 'SIGTERM')
  await start('slurmctld')
}

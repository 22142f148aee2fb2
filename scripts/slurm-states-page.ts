import { outcomes } from '../packages/core/src/job/outcome.ts'
import { type SlurmState, slurmStates } from '../packages/platforms/src/slurm/slurm-state.ts'
import { markdownTable } from './markdown-table.ts'

const anyOther = ['any other', 'running', 'no end', 'A newer SLURM may have it; nothing ends without evidence.']
const head = ['State of SLURM', 'Listed by squeue, it is', "As accounting's last word, it is", 'What it means']

/** The page of docs that tells how every state of SLURM is read, from the table that reads them. */
export function slurmStatesPage(): string {
  return `# SLURM's states, and how Lautta reads them

Two programs tell where a job is. \`squeue\` lists those that have not ended: they are queued or running. \`sacct\` is asked
for the end of a job that is not listed any more: only an outcome there ends it, and any other state means that the end is
still to come. So being absent from \`squeue\` ends nothing, and neither does a state that is not in this table.

An array job is one job to Lautta. It runs when one of its tasks runs; it has ended when all of them have, and as the worst
of them did. From worst to best: ${outcomes.join(', ')}.

${markdownTable(head, [...slurmStates.map(cellsOf), anyOther])}
This page is written by \`node --import tsx scripts/write-slurm-states.ts\`, from the table in
\`packages/platforms/src/slurm/slurm-state.ts\`. What follows a state is left out: \`CANCELLED by 1001\` is \`CANCELLED\`.
`
}

function cellsOf({ state, reading, meaning }: SlurmState): string[] {
  if (reading === 'pending') return [`\`${state}\``, 'queued', 'no end', meaning]
  if (reading === 'running') return [`\`${state}\``, 'running', 'no end', meaning]
  return [`\`${state}\``, 'running, until it is gone', `**${reading}**`, meaning]
}

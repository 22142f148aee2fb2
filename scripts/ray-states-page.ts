import { rayFailures, rayStates } from '../packages/platforms/src/ray/ray-state.ts'
import { markdownTable } from './markdown-table.ts'

const anyState = ['any other', 'running', 'A newer Ray may have it; nothing ends without evidence.']
const anyKind = ['any other', '**failed**', 'A newer Ray may have it.']

/** The page of docs that tells how every state of a Ray job is read, from the tables that read them. */
export function rayStatesPage(): string {
  const states = rayStates.map(({ state, reading, meaning }) => [`\`${state}\``, readingOf(reading), meaning])
  const kinds = rayFailures.map(({ kind, reading, meaning }) => [`\`${kind}\``, `**${reading}**`, meaning])
  return `# Ray's states, and how Lautta reads them

The Jobs API tells how each Ray job stands and how it ended, until its cluster is gone. A cluster that was started anew knows
nothing of what was before: such Ray jobs are lost.

${markdownTable(['State of Ray', 'It is', 'What it means'], [...states, anyState])}
A Ray job that is \`FAILED\` has a kind of failure:

${markdownTable(['Kind of failure', 'It is', 'What it means'], [...kinds, anyKind])}
Where Ray says that memory was short, also as the last words of the command (\`ray.exceptions.OutOfMemoryError\`), it is
**out-of-memory**, and with \`ray.exceptions.NodeDiedError\` there **node-failed**.

This page is written by \`node --import tsx scripts/write-ray-states.ts\`, from the tables in
\`packages/platforms/src/ray/ray-state.ts\`.
`
}

function readingOf(reading: string): string {
  if (reading === 'pending') return 'queued'
  return reading === 'running' ? 'running' : `**${reading}**`
}

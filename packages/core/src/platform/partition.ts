import { z } from 'zod'

const known = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().default(null)
const count = () => known(z.number().int().nonnegative())

/** A partition with its limits, as it is told and as lautta.yaml writes it; null is no limit, or none that is known. */
export const partitionSchema = z.strictObject({
  name: z.string().min(1),
  state: known(z.string()).describe("SLURM's own word: UP, DOWN, DRAIN or INACTIVE"),
  'is-default': known(z.boolean()).describe('whether jobs that name none go there'),
  'time-limit-seconds': count(),
  'default-time-seconds': count().describe('what a job gets that names no time'),
  'min-nodes': count().describe('of one job'),
  'max-nodes': count().describe('of one job'),
  nodes: count().describe('all that the partition has'),
  'whole-nodes': known(z.boolean()).describe('whether each job has its nodes to itself'),
  'cores-per-node': count().describe('of its largest node, as the next two'),
  'memory-per-node-bytes': count(),
  'gpus-per-node': count(),
  'threads-per-core': count().describe("how many of SLURM's CPUs are one core"),
  'memory-per-core-bytes': count().describe('what a core brings: who asks for more gets more cores'),
  'default-memory-per-core-bytes': count().describe('what a job gets that asks for no memory'),
  'default-memory-per-node-bytes': count().describe('the same, where it goes by node'),
  'max-cores': count().describe('of one job; SLURM does not tell it, as the next two'),
  'max-memory-bytes': count(),
  'max-gpus': count(),
  'max-jobs-submitted': count().describe('of one user; a task of an array is one'),
  'max-jobs-running': count().describe('of one user'),
  accounts: known(z.array(z.string())).describe('who may use it; null: every account'),
  note: known(z.string()).describe('what else is to be known')
})
export type Partition = z.output<typeof partitionSchema>

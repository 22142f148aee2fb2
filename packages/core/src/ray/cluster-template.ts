import { z } from 'zod'

// These become lines of a batch script.
const word = z.string().regex(/^[\w.+:@%,/=-]{1,200}$/, 'write letters, digits and . + : @ % , / = - _')
const memory = z.string().regex(/^\d+[KMGT]?$/, "write a size as SLURM takes it, such as 10G: a node's")
const time = z.string().regex(/^(\d+-)?\d{1,4}(:\d{2}){0,2}$/, 'write a time as SLURM takes it, such as 01:30:00')
const line = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^\P{Cc}+$/u, 'no control characters')

/** A Ray cluster that a SLURM job is to be: a head on its first node, and a worker on each other one. */
export const clusterTemplateSchema = z.strictObject({
  nodes: z.number().int().min(1).max(1000).default(1),
  cpus: z.number().int().min(1).max(1000).default(1).describe("of each node, Ray's and SLURM's alike"),
  gpus: z.number().int().min(0).max(64).default(0).describe('of each node'),
  'gpu-type': word.optional().describe('as SLURM names it, such as v100'),
  memory: memory.default('8G'),
  time: time.default('01:00:00'),
  partition: word.optional(),
  account: word.optional(),
  modules: z.array(line).default([]).describe('module entries, loaded in the job'),
  venv: line.optional().describe("the folder of a venv that is activated; else that of the order's configs"),
  'container-wrapper': z
    .array(line)
    .default([])
    .describe('words before each command of Ray, such as ["singularity_wrapper", "exec"]'),
  'idle-minutes': z.number().positive().max(100_000).default(30).describe('after which a cluster without work ends'),
  'stop-seconds': z.number().int().min(10).max(3600).default(60).describe('before the time limit, for an orderly end'),
  'temp-folder': z
    .string()
    // A socket's path has 107 characters at most, and Ray adds up to 83.
    .regex(/^\/[\w./-]{0,23}$/, 'write an absolute path of at most 24 characters: those of sockets are short')
    .default('/tmp')
    .describe("of the nodes' own disks, for Ray's sockets and logs")
})
export type ClusterTemplate = z.output<typeof clusterTemplateSchema>

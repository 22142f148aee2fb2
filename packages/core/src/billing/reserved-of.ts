import type { AccountingRecord } from '../accounting/accounting-record.ts'
import { readTrackedResources } from '../accounting/tracked-resources.ts'
import type { ReservedResources } from './billing-formula.ts'

/**
 * What a run of a job had reserved, from its own line of accounting: what SLURM gave it, not what was asked for. Null where
 * accounting does not say. SLURM counts hardware threads as CPUs where nodes have several of them on a core.
 */
export function reservedOf(record: AccountingRecord, threadsPerCore = 1): ReservedResources | null {
  const given = readTrackedResources(record.allocTres)
  if (given === null) return null
  const nodes = given.nodes ?? record.allocNodes
  const cpus = given.cpus ?? record.allocCpus
  const memoryBytes = given.memoryBytes ?? record.reqMemBytes
  return {
    ...(nodes === null ? {} : { nodes }),
    ...(cpus === null ? {} : { cores: Math.ceil(cpus / threadsPerCore) }),
    ...(memoryBytes === null ? {} : { 'memory-gib': memoryBytes / 1024 ** 3 }),
    gpus: given.gpus,
    'gpu-slices': given.gpuSlices,
    'storage-gib': given.storageGib
  }
}

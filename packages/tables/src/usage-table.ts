import type { Usage } from '@lautta/core/accounting/usage'
import type { Run } from '@lautta/core/object-names'
import { columns } from './column.ts'
import { readTable } from './read-table.ts'
import { runCells, runColumns } from './run-columns.ts'
import { writeTable } from './write-table.ts'

/** The columns of USAGE behind those of the run. */
export const usageColumns = [
  ...columns('string', 'job-id', 'state'),
  ...columns('int64', 'nodes'),
  ...columns(
    'double',
    'cores-per-node',
    'cpu-utilized-seconds',
    'core-walltime-seconds',
    'cpu-efficiency-percent',
    'wall-clock-seconds'
  ),
  ...columns('int64', 'memory-utilized-bytes', 'memory-allocated-bytes'),
  ...columns('double', 'memory-efficiency-percent', 'gpu-hours', 'energy-joules', 'cpu-bu', 'gpu-bu', 'storage-bu'),
  ...columns('string', 'billed-project', 'source'),
  ...columns('double', 'gpu-efficiency-percent')
]

/** USAGE: one row a run. */
export function writeUsageTable(usage: Usage, run: Run): Uint8Array {
  const row = {
    ...runCells(run),
    'job-id': usage.jobId,
    state: usage.state,
    nodes: usage.nodes,
    'cores-per-node': usage.coresPerNode,
    'cpu-utilized-seconds': usage.cpuUtilizedSeconds,
    'core-walltime-seconds': usage.coreWalltimeSeconds,
    'cpu-efficiency-percent': usage.cpuEfficiencyPercent,
    'wall-clock-seconds': usage.wallClockSeconds,
    'memory-utilized-bytes': usage.memoryUtilizedBytes,
    'memory-allocated-bytes': usage.memoryAllocatedBytes,
    'memory-efficiency-percent': usage.memoryEfficiencyPercent,
    'gpu-hours': usage.gpuHours,
    'energy-joules': usage.energyJoules,
    'cpu-bu': usage.cpuBu,
    'gpu-bu': usage.gpuBu,
    'storage-bu': usage.storageBu,
    'billed-project': usage.billedProject,
    source: usage.source,
    'gpu-efficiency-percent': usage.gpuEfficiencyPercent
  }
  return writeTable({ columns: [...runColumns, ...usageColumns], rows: [row] })
}

/** USAGE of a run with the bill that its project's numbers tell, which became known after it was written. */
export function amendBill(
  content: Uint8Array,
  { cpuBu, gpuBu, storageBu }: Pick<Usage, 'cpuBu' | 'gpuBu' | 'storageBu'>
): Uint8Array {
  const table = readTable(content)
  const bill = { 'cpu-bu': cpuBu, 'gpu-bu': gpuBu, 'storage-bu': storageBu, source: 'lumi-allocations' }
  return writeTable({ ...table, rows: table.rows.map((row) => ({ ...row, ...bill })) })
}

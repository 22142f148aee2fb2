import type { Usage } from '@lautta/core/accounting/usage'
import type { Run } from '@lautta/core/object-names'
import { columns } from './column.ts'
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
  ...columns('string', 'billed-project', 'source')
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
    'energy-joules': usage.energyJoules,
    source: 'formula'
  }
  return writeTable({ columns: [...runColumns, ...usageColumns], rows: [row] })
}

import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import { nameWithoutToken } from '@lautta/core/job/job-token'
import type { Run } from '@lautta/core/object-names'
import { type Cell, columns } from './column.ts'
import { runCells, runColumns } from './run-columns.ts'
import { writeTable } from './write-table.ts'

/** The 24 columns of seed 000 in its sequence and types; absent values are 'null' and 0. */
const seedColumns = [
  ...columns('string', 'job-id', 'job-name', 'partition'),
  ...columns('int64', 'req-cpus', 'alloc-cpus', 'req-nodes', 'alloc-nodes'),
  ...columns('string', 'state'),
  ...columns('double', 'ave-cpu-seconds'),
  ...columns(
    'int64',
    'ave-disk-read-bytes',
    'ave-disk-write-bytes',
    'ave-pages',
    'ave-rss',
    'ave-vm-size',
    'consumed-energy-raw'
  ),
  ...columns('double', 'timelimit-seconds'),
  ...columns('int64', 'submit-time', 'start-time'),
  ...columns('double', 'elapsed-seconds', 'planned-seconds'),
  ...columns('int64', 'end-time'),
  ...columns('double', 'planned-cpu-seconds', 'cpu-time-seconds', 'total-cpu-seconds')
]

/** Ours; absent values are null. */
const ownColumns = [
  ...columns('string', 'account'),
  ...columns('int64', 'ave-cpu-freq-khz'),
  ...columns('string', 'job-step'),
  ...columns('int64', 'array-task', 'restart', 'exit-code', 'exit-signal', 'max-rss-bytes', 'req-mem-bytes'),
  ...columns('string', 'alloc-tres', 'node-list', 'cluster', 'user')
]

/** The columns of SACCT as this version writes them. */
export const sacctColumns = [...seedColumns, ...ownColumns, ...runColumns]

/** SACCT: one row a line of accounting. The token is taken off the job's name. */
export function writeSacctTable(records: readonly AccountingRecord[], run: Run, token: string): Uint8Array {
  const rows = records.map((record) => ({ ...fillAbsent(seedCells(record, token)), ...ownCells(record), ...runCells(run) }))
  return writeTable({ columns: sacctColumns, rows })
}

function seedCells(record: AccountingRecord, token: string): Record<string, Cell> {
  return {
    'job-id': record.jobId,
    'job-name': record.jobName === null ? null : nameWithoutToken(record.jobName, token),
    partition: record.partition,
    'req-cpus': record.reqCpus,
    'alloc-cpus': record.allocCpus,
    'req-nodes': record.reqNodes,
    'alloc-nodes': record.allocNodes,
    state: record.state,
    'ave-cpu-seconds': record.aveCpuSeconds,
    'ave-disk-read-bytes': record.aveDiskReadBytes,
    'ave-disk-write-bytes': record.aveDiskWriteBytes,
    'ave-pages': record.avePages,
    'ave-rss': record.aveRssBytes,
    'ave-vm-size': record.aveVmSizeBytes,
    'consumed-energy-raw': record.consumedEnergyJoules,
    'timelimit-seconds': record.timeLimitSeconds,
    'submit-time': record.submittedAtEpoch,
    'start-time': record.startedAtEpoch,
    'elapsed-seconds': record.elapsedSeconds,
    'planned-seconds': record.plannedSeconds,
    'end-time': record.endedAtEpoch,
    'planned-cpu-seconds': record.plannedCpuSeconds,
    'cpu-time-seconds': record.cpuTimeSeconds,
    'total-cpu-seconds': record.totalCpuSeconds
  }
}

function ownCells(record: AccountingRecord): Record<string, Cell> {
  return {
    account: record.account,
    'ave-cpu-freq-khz': record.aveCpuFreqKhz,
    'job-step': record.jobStep,
    'array-task': record.arrayTask,
    restart: record.restart,
    'exit-code': record.exitCode,
    'exit-signal': record.exitSignal,
    'max-rss-bytes': record.maxRssBytes,
    'req-mem-bytes': record.reqMemBytes,
    'alloc-tres': record.allocTres,
    'node-list': record.nodeList,
    cluster: record.cluster,
    user: record.user
  }
}

function fillAbsent(cells: Record<string, Cell>): Record<string, Cell> {
  return Object.fromEntries(seedColumns.map(({ name, type }) => [name, cells[name] ?? (type === 'string' ? 'null' : 0)]))
}

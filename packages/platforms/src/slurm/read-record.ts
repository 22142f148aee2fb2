import type { AccountingRecord } from '@lautta/core/accounting/accounting-record'
import { saysNothing } from '@lautta/core/accounting/says-nothing'
import { parseRequestedMemory, parseSlurmBytes, parseSlurmCount, parseSlurmKilohertz } from '@lautta/core/accounting/slurm-size'
import { parseEpoch, parseSlurmDuration } from '@lautta/core/accounting/slurm-time'
import { readGpuUse } from '@lautta/core/accounting/tracked-resources'
import type { SacctLine } from './sacct-lines.ts'
import { stripStateSuffix } from './slurm-state.ts'

/** A line of accounting as a record, and in words which of its fields can't be read: those are null in it. */
export function readRecord({ id, row }: SacctLine): { record: Omit<AccountingRecord, 'restart'>; complaints: string[] } {
  const complaints: string[] = []
  const readWith =
    <Value>(parse: (text: string) => Value | null) =>
    (field: string): Value | null => {
      const text = row[field] ?? ''
      if (saysNothing(text)) return null
      const value = parse(text)
      if (value === null) complaints.push(`${field} reads ${JSON.stringify(text)}`)
      return value
    }
  const text = (field: string): string | null => row[field] || null
  const count = readWith(parseSlurmCount)
  const bytes = readWith(parseSlurmBytes)
  const duration = readWith(parseSlurmDuration)
  const epoch = readWith(parseEpoch)
  const [exitCode, exitSignal] = readWith(parseExitCode)('ExitCode') ?? [null, null]
  const limitMinutes = count('TimelimitRaw')
  const [allocNodes, allocCpus] = [count('AllocNodes'), count('AllocCPUS')]
  const record = {
    ...id,
    jobName: text('JobName'),
    partition: text('Partition'),
    account: text('Account'),
    cluster: text('Cluster'),
    user: text('User'),
    nodeList: text('NodeList'),
    state: row.State ? stripStateSuffix(row.State) : null,
    exitCode,
    exitSignal,
    reqCpus: count('ReqCPUS'),
    allocCpus,
    reqNodes: count('ReqNodes'),
    allocNodes,
    reqMemBytes: readWith((text) => parseRequestedMemory(text, allocNodes, allocCpus))('ReqMem'),
    allocTres: text('AllocTRES'),
    aveCpuSeconds: duration('AveCPU'),
    aveCpuFreqKhz: readWith(parseSlurmKilohertz)('AveCPUFreq'),
    aveDiskReadBytes: bytes('AveDiskRead'),
    aveDiskWriteBytes: bytes('AveDiskWrite'),
    avePages: count('AvePages'),
    aveRssBytes: bytes('AveRSS'),
    aveVmSizeBytes: bytes('AveVMSize'),
    maxRssBytes: bytes('MaxRSS'),
    taskCount: count('NTasks'),
    gpuUsePercent: readGpuUse(row.TRESUsageInAve ?? ''),
    consumedEnergyJoules: count('ConsumedEnergyRaw'),
    timeLimitSeconds: limitMinutes === null ? null : limitMinutes * 60,
    submittedAtEpoch: epoch('Submit'),
    startedAtEpoch: epoch('Start'),
    endedAtEpoch: epoch('End'),
    elapsedSeconds: count('ElapsedRaw'),
    plannedSeconds: duration('Planned'),
    plannedCpuSeconds: duration('PlannedCPU'),
    cpuTimeSeconds: count('CPUTimeRAW'),
    totalCpuSeconds: duration('TotalCPU')
  }
  return { record, complaints }
}

/** An exit code and a signal, as `1:0`. */
export function parseExitCode(text: string): [exitCode: number, signal: number] | null {
  const [, code, signal] = /^(\d+):(\d+)$/.exec(text) ?? []
  return code === undefined ? null : [Number(code), Number(signal)]
}

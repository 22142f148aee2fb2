/**
 * One line of accounting: a job, one of its steps or array tasks. Null is what the platform does not tell; times are
 * seconds since 1970.
 */
export interface AccountingRecord {
  /** SLURM's id without step and task. */
  jobId: string
  /** `batch`, `extern`, `0` …; null for the job itself. */
  jobStep: string | null
  arrayTask: number | null
  /** Which part of a heterogeneous job this is, from 0; any other job has none. */
  hetComponent?: number
  restart: number
  jobName: string | null
  partition: string | null
  account: string | null
  cluster: string | null
  user: string | null
  nodeList: string | null
  /** SLURM's word without its suffix: `CANCELLED`, not `CANCELLED by 1001`. */
  state: string | null
  exitCode: number | null
  exitSignal: number | null
  reqCpus: number | null
  allocCpus: number | null
  reqNodes: number | null
  allocNodes: number | null
  reqMemBytes: number | null
  allocTres: string | null
  aveCpuSeconds: number | null
  aveCpuFreqKhz: number | null
  aveDiskReadBytes: number | null
  aveDiskWriteBytes: number | null
  avePages: number | null
  aveRssBytes: number | null
  aveVmSizeBytes: number | null
  maxRssBytes: number | null
  /** Of a step: into how many tasks `srun` divided it. */
  taskCount: number | null
  /** Of a step: how much of one GPU a task of it was seen to use, on the average. */
  gpuUsePercent: number | null
  consumedEnergyJoules: number | null
  timeLimitSeconds: number | null
  submittedAtEpoch: number | null
  startedAtEpoch: number | null
  endedAtEpoch: number | null
  elapsedSeconds: number | null
  plannedSeconds: number | null
  plannedCpuSeconds: number | null
  cpuTimeSeconds: number | null
  totalCpuSeconds: number | null
}

/** A line of accounting of a job of which nothing is known but its id. */
export const nothingRecorded: Omit<AccountingRecord, 'jobId'> = {
  jobStep: null,
  arrayTask: null,
  restart: 0,
  jobName: null,
  partition: null,
  account: null,
  cluster: null,
  user: null,
  nodeList: null,
  state: null,
  exitCode: null,
  exitSignal: null,
  reqCpus: null,
  allocCpus: null,
  reqNodes: null,
  allocNodes: null,
  reqMemBytes: null,
  allocTres: null,
  aveCpuSeconds: null,
  aveCpuFreqKhz: null,
  aveDiskReadBytes: null,
  aveDiskWriteBytes: null,
  avePages: null,
  aveRssBytes: null,
  aveVmSizeBytes: null,
  maxRssBytes: null,
  taskCount: null,
  gpuUsePercent: null,
  consumedEnergyJoules: null,
  timeLimitSeconds: null,
  submittedAtEpoch: null,
  startedAtEpoch: null,
  endedAtEpoch: null,
  elapsedSeconds: null,
  plannedSeconds: null,
  plannedCpuSeconds: null,
  cpuTimeSeconds: null,
  totalCpuSeconds: null
}

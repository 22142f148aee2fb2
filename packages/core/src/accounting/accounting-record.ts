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

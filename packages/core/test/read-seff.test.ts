import { describe, expect, it } from 'vitest'
import { jobForSeff, preferSeff } from '../src/accounting/prefer-seff.ts'
import { readSeff } from '../src/accounting/read-seff.ts'
import { computeUsage } from '../src/accounting/usage.ts'
import { recordOf } from './record-of.ts'

const mib = 1024 ** 2
const gib = 1024 ** 3

/** Of Mahti, as a user's guide shows it. */
const mahti = `Job ID: 3460247
Cluster: mahti
User/Group: csc/pepr_csc
State: CANCELLED (exit code 0)
Nodes: 2
Cores per node: 256
CPU Utilized: 00:05:54
CPU Efficiency: 0.17% of 2-10:10:08 core-walltime
Job Wall-clock time: 00:06:49
Memory Utilized: 2.26 GB
Memory Efficiency: 11.31% of 20.00 GB
Job consumed 22.72 CSC billing units based on following used resources
Billed project: project_2001234
Non-Interactive BUs: 22.72
`
const puhti = `Job ID: 22361601
Cluster: puhti
User/Group: csc/csc
State: COMPLETED (exit code 0)
Nodes: 1
Cores per node: 40
CPU Utilized: 2-09:05:29
CPU Efficiency: 92.44% of 2-13:45:36 core-walltime
Job Wall-clock time: 01:32:38
Memory Utilized: 76.45 GB (estimated maximum)
Memory Efficiency: 10.27% of 744.72 GB (744.72 GB/node)
Job consumed 24.27 CSC billing units based on following used resources
Billed project: project_2001234
CPU usage: 16.49 CPU BU
Mem usage: 7.78 CPU BU
`
/** Of the test cluster, SLURM 24.11: a job of an array, with one core. */
const ofArray = `Job ID: 619
Array Job ID: 619_8
Cluster: puhti
User/Group: csc/csc
State: COMPLETED (exit code 0)
Cores: 1
CPU Utilized: 00:00:00
CPU Efficiency: 0.00% of 00:00:06 core-walltime
Job Wall-clock time: 00:00:06
Memory Utilized: 3.23 MB
Memory Efficiency: 1.26% of 256.00 MB
`
const without = (print: string, ...labels: string[]) =>
  print
    .split('\n')
    .filter((line) => !labels.some((label) => line.startsWith(label)))
    .join('\n')

describe('what seff prints', () => {
  it('is read with days, as of Mahti', () => {
    expect(readSeff(mahti)).toEqual({
      ...{ jobId: '3460247', arrayTask: null, state: 'CANCELLED', nodes: 2, coresPerNode: 256 },
      ...{ cpuUtilizedSeconds: 354, coreWalltimeSeconds: 209_408, cpuEfficiencyPercent: 0.17, wallClockSeconds: 409 },
      ...{ memoryUtilizedBytes: Math.round(2.26 * gib), memoryAllocatedBytes: 20 * gib, memoryEfficiencyPercent: 11.31 },
      ...{ billedProject: 'project_2001234', billed: { units: 22.72, of: null } }
    })
  })
  it('is read with estimated memory, what a node has, and units that are named, as of Puhti', () => {
    expect(readSeff(puhti)).toMatchObject({
      ...{ cpuUtilizedSeconds: 205_529, coreWalltimeSeconds: 222_336, wallClockSeconds: 5558 },
      ...{ memoryUtilizedBytes: Math.round(76.45 * gib), memoryAllocatedBytes: Math.round(744.72 * gib) },
      billed: { units: 24.27, of: 'cpu-bu' }
    })
    const each = puhti.replace('744.72 GB (744.72 GB/node)', '7.81 GB (200.00 MB/core)')
    expect(readSeff(each)?.memoryAllocatedBytes).toBe(Math.round(7.81 * gib))
  })
  it.each([
    ['CPU usage: 24.27 CPU BU, billed on CPU usage', 'cpu-bu'],
    ['CPU BU: 16.49\nMem BU: 7.78', 'cpu-bu'],
    ['CPU BU: 0.00\nMem BU: 0.00\nGPU BU: 24.27', 'gpu-bu'],
    ['GPU usage: 24.27 GPU BU', 'gpu-bu']
  ])('tells the kind of its units by %j', (lines, of) => {
    const print = `${without(puhti, 'CPU usage', 'Mem usage')}${lines}\n`
    expect(readSeff(print)?.billed).toEqual({ units: 24.27, of })
    expect(readSeff(print.replace('billing units', 'Billing Units'))?.billed).toEqual({ units: 24.27, of })
  })
  it('may have no bill, one core, and be of a task', () => {
    expect(readSeff(ofArray)).toMatchObject({
      ...{ jobId: '619', arrayTask: 8, nodes: 1, coresPerNode: 1, billed: null, billedProject: null },
      ...{ memoryUtilizedBytes: Math.round(3.23 * mib), memoryAllocatedBytes: 256 * mib, memoryEfficiencyPercent: 1.26 }
    })
  })
  it('tells no memory that was not looked at', () => {
    const print = puhti.replace('76.45 GB', '0.00 MB').replace('10.27%', '0.00%')
    expect(readSeff(print)).toMatchObject({ memoryUtilizedBytes: null, memoryEfficiencyPercent: null })
  })
  it('may be of a job that goes on, with a warning', () => {
    const print = `${puhti.replace('COMPLETED (exit code 0)', 'RUNNING')}WARNING: Efficiency statistics may be misleading for RUNNING jobs.\n`
    expect(readSeff(print)?.state).toBe('RUNNING')
  })
  it.each(['', 'Job not found.\n', "Can't locate Slurmdb.pm in @INC\n", 'State: RUNNING\n'])(
    'is nothing when it reads %j',
    (print) => {
      expect(readSeff(print)).toBeNull()
    }
  )
  it('is read behind what a site prints before it', () => {
    expect(readSeff(`Welcome!\n\n${mahti}`)).toEqual(readSeff(mahti))
  })
})

describe('what seff says of a job', () => {
  const line = {
    ...{ jobId: '22361601', state: 'COMPLETED', elapsedSeconds: 5558, allocCpus: 40, allocNodes: 1, totalCpuSeconds: 205_529.5 },
    ...{ account: 'project_7', consumedEnergyJoules: 9, allocTres: 'cpu=40,gres/gpu=1' }
  }
  const job = recordOf(line)
  const usage = computeUsage([job])!
  const said = (print: string) => preferSeff(usage, job, readSeff(print)!)

  it('wins over our own arithmetic, which tells the rest', () => {
    expect(said(puhti)).toMatchObject({
      ...{ source: 'seff', cpuBu: 24.27, gpuBu: 0, billedProject: 'project_2001234', cpuEfficiencyPercent: 92.44 },
      ...{ cpuUtilizedSeconds: 205_529, memoryUtilizedBytes: Math.round(76.45 * gib), energyJoules: 9, gpuHours: 5558 / 3600 }
    })
    const plain = said(without(puhti, 'Job consumed', 'Billed', 'CPU usage', 'Mem usage'))
    expect(plain).toMatchObject({ source: 'seff', cpuBu: null, billedProject: 'project_7' })
  })
  it('is in the units of the job’s partition where it names none', () => {
    expect(said(`${without(puhti, 'CPU usage', 'Mem usage')}\nNon-Interactive BUs: 24.27`)).toMatchObject({
      cpuBu: 0,
      gpuBu: 24.27
    })
    const known = { ...usage, cpuBu: 3, gpuBu: 0 }
    const print = `${without(puhti, 'CPU usage', 'Mem usage')}\nNon-Interactive BUs: 24.27`
    expect(preferSeff(known, job, readSeff(print)!)).toMatchObject({ cpuBu: 24.27, gpuBu: 0 })
  })
  it('does not count when it is of another job, or of one that had not ended', () => {
    expect(said(puhti.replace('Job ID: 22361601', 'Job ID: 8'))).toBe(usage)
    expect(said(puhti.replace('COMPLETED', 'RUNNING'))).toBe(usage)
    expect(said(puhti.replace('01:32:38', '01:32:37'))).toBe(usage)
  })
  it('is asked of a job that ran once, and of no array', () => {
    expect(jobForSeff([job, recordOf({ ...line, jobStep: 'batch' })])).toBe(job)
    expect(jobForSeff([job, recordOf({ ...line, restart: 1 })])).toBeNull()
    expect(jobForSeff([recordOf({ ...line, arrayTask: 1 })])).toBeNull()
    expect(jobForSeff([recordOf({ ...line, elapsedSeconds: 0 })])).toBeNull()
    expect(jobForSeff([])).toBeNull()
  })
})

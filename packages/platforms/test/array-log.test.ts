import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLogPaths } from '../src/slurm/describe-job.ts'
import { composeTestJob } from './compose-test-job.ts'

/** scontrol's line of an array's tasks, as both versions of SLURM print it. */
const line = (rawId: number, tasks: string, out: string, err = out) =>
  `JobId=${rawId} ArrayJobId=20 ArrayTaskId=${tasks} ArrayTaskThrottle=4 JobName=arr UserId=csc(1001) Command=(null) ` +
  `WorkDir=/users/csc StdErr=${err} StdIn=/dev/null StdOut=${out} Power= `
const pathsOf = (scontrol: string, output?: string) => {
  const script = `#!/bin/sh\n${output === undefined ? '' : `#SBATCH --output=${output}\n`}true\n`
  const { outPath, errPath } = readLogPaths(scontrol, composeTestJob(script))
  expect(errPath).toBe(outPath)
  return outPath
}
const found = (scontrol: string) => readLogPaths(scontrol, null).outPath

describe('the path of the logs of an array', () => {
  it('is what was asked for, whichever task scontrol tells of', () => {
    expect(pathsOf(line(20, '4-9%4', '/users/csc/slurm-20_4294967294.out'))).toBe('/users/csc/slurm-20_%a.out')
    expect(pathsOf(line(20, '20', '/users/csc/slurm-20_20.out'))).toBe('/users/csc/slurm-20_%a.out')
    expect(pathsOf(line(24, '3', '/scratch/arr-20_003.out'), '/scratch/arr-%A_%3a.out')).toBe('/scratch/arr-20_%3a.out')
    // 22.05 does not fill in what has a width.
    expect(pathsOf(line(20, '1-2', '/scratch/%3a.4294967294'), '/scratch/%3a.%a')).toBe('/scratch/%3a.%a')
  })
  it('is what scontrol shows where that is something else', () => {
    expect(pathsOf(line(20, '1-2', '/users/csc/x.4294967294'))).toBe('/users/csc/x.%a')
    expect(pathsOf(line(20, '1-2', '/dev/null'), 'none')).toBe('/dev/null')
  })
  it('is guessed from the number of a task where nobody knows what was asked for', () => {
    expect(found(line(20, '4-9', '/scratch/p_2001234/arr-20_4294967294.out'))).toBe('/scratch/p_2001234/arr-20_%a.out')
    expect(found(line(24, '3', '/scratch/p_2001234/arr-20_3.out'))).toBe('/scratch/p_2001234/arr-20_%a.out')
    expect(found(line(24, '3', '/scratch/003.out'))).toBe('/scratch/%3a.out')
    expect(found(line(24, '3', '/scratch/all.out'))).toBe('/scratch/all.out')
  })
  it('is not known where it differs by more than the number, or the number is not clear', () => {
    expect(pathsOf(line(20, '4-9', '/users/csc/slurm-20.out'), 'slurm-%j.out')).toBeNull()
    expect(pathsOf(line(20, '4-9', '/users/csc/20_4294967294.out'), '%j_%a.out')).toBeNull()
    expect(found(line(20, '4-9', '/users/csc/slurm-20.out'))).toBeNull()
    expect(found(line(24, '3', '/users/csc/3/slurm-24.out'))).toBeNull()
    expect(found(line(20, '20', '/users/csc/slurm-20_20.out'))).toBeNull()
    expect(found(line(20, '1-2', '/scratch/%8A-4294967294'))).toBeNull()
    expect(pathsOf(line(20, '7', '/scratch/%9999994294967294.out'), '/scratch/%999999999a.out')).toBeNull()
  })
  it('has ten digits at most, as SLURM writes it, however many are asked for', () => {
    expect(pathsOf(line(24, '3', '/scratch/0000000020-0003'), '/scratch/%12A-%4a')).toBe('/scratch/0000000020-%4a')
    expect(pathsOf(line(24, '3', '/scratch/log-0000000003'), '/scratch/log-%999999999a')).toBe('/scratch/log-%999999999a')
  })
  it('is found or not, whatever was asked for: what was accepted is never lost for it', () => {
    const anyName = fc.array(fc.oneof(fc.constantFrom('%', 'a', 'A', '/', '0', '4294967294'), fc.nat().map(String), fc.string()))
    fc.assert(
      fc.property(anyName, anyName, (shown, asked) => {
        const scontrol = line(24, '3', shown.join(''))
        expect(() => readLogPaths(scontrol, composeTestJob('', { output: asked.join('') }))).not.toThrow()
      })
    )
  })
  it('of a job that is no array is as scontrol shows it', () => {
    const scontrol = 'JobId=7 JobName=a WorkDir=/users/csc StdErr=/a b/4294967294 StdIn=/dev/null StdOut=/a b/%x Power= '
    expect(readLogPaths(scontrol, composeTestJob(''))).toEqual({ errPath: '/a b/4294967294', outPath: '/a b/%x' })
  })
})

import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireCommands } from '../../../test/servers/require-server.ts'
import { type SlurmServer, slurmCommands, startSlurm } from '../../../test/servers/slurm.ts'
import { guardScript } from '../src/slurm/guard-script.ts'

describe.skipIf(!requireCommands(slurmCommands()))('the guard in a batch script', () => {
  let slurm: SlurmServer
  beforeAll(async () => {
    slurm = await startSlurm()
    await csc(['mkdir', '-p', '.lautta/twins', '.lautta/array'])
  })
  afterAll(() => slurm?.stop())

  const csc = async (argv: string[], stdin = ''): Promise<string> => {
    const { stdout, stderr, exitCode } = await slurm.exec(argv, { stdin })
    if (exitCode !== 0) throw new Error(stderr)
    return stdout.trim()
  }
  const sbatch = (script: string, ...options: string[]) => csc(['sbatch', '--parsable', '--mem=16M', ...options], script)
  /** Waits for the ends of so many jobs or tasks, and answers them as accounting has them. */
  const untilEnded = async (count: number, ...ids: string[]): Promise<string[]> => {
    for (;;) {
      const ends = (await csc(['sacct', '-nXP', '-j', ids.join(','), '-o', 'State,ExitCode'])).split('\n')
      if (ends.length === count && !ends.some((end) => /PENDING|RUNNING/.test(end))) return ends
      await pause(100)
    }
  }

  it('lets one of two jobs work that begin at the same moment, and the other end well and say why', async () => {
    const script = guardScript('#!/bin/sh\necho worked >>twins.runs\n', 'twins')
    const output = ['--hold', '--output=twin-%j.out', '--error=twin-%j.err']
    const twins = [await sbatch(script, ...output), await sbatch(script, ...output)]
    await csc(['scontrol', 'release', ...twins])
    expect(await untilEnded(2, ...twins)).toEqual(['COMPLETED|0:0', 'COMPLETED|0:0'])
    expect(await csc(['cat', 'twins.runs'])).toBe('worked')
    const words = await Promise.all(twins.map((id) => csc(['cat', `twin-${id}.err`])))
    const worker = twins[words.indexOf('')]
    expect(words.sort()).toEqual(['', `lautta: job-${worker} has this work already, this duplicate ends`])
  })

  it('lets every task of an array work', async () => {
    const script = guardScript('#!/bin/sh\necho $SLURM_ARRAY_TASK_ID >>array.runs\n', 'array')
    const id = await sbatch(script, '--array=1-6', '--output=/dev/null')
    expect(await untilEnded(6, id)).toEqual(Array(6).fill('COMPLETED|0:0'))
    expect((await csc(['cat', 'array.runs'])).split('\n').sort()).toEqual(['1', '2', '3', '4', '5', '6'])
  })
})

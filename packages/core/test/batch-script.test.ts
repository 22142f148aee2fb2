import { describe, expect, it } from 'vitest'
import { insertPrologue, isShellScript, readDirectiveLines, readDirectives } from '../src/batch-script.ts'

const script = `#!/bin/bash -l
#SBATCH --job-name=ray-cluster   # the name
#SBATCH --account project_2001234
#SBATCH -p medium -t 00:10:00
#SBATCH --output="my dir/%x-%j.out"
#SBATCH --exclusive

# a comment
module load pytorch
#SBATCH --job-name=too-late
`

describe('the directives of a batch script', () => {
  it('are read as sbatch reads them, until the first command', () => {
    expect(readDirectives(script)).toEqual({
      'job-name': 'ray-cluster',
      account: 'project_2001234',
      partition: 'medium',
      time: '00:10:00',
      output: 'my dir/%x-%j.out',
      exclusive: true
    })
  })
  it('have their long names, also a cluster that is named by its letter', () => {
    expect(readDirectives('#!/bin/sh\n#SBATCH -Mother -J mine\n')).toEqual({ clusters: 'other', 'job-name': 'mine' })
  })
  it('go on behind an indented comment', () => {
    const indented = '#!/bin/sh\n  # a note\n#SBATCH --time=1\necho\n'
    expect(readDirectives(indented)).toEqual({ time: '1' })
    expect(insertPrologue(indented, 'PROLOGUE')).toBe('#!/bin/sh\n  # a note\n#SBATCH --time=1\nPROLOGUE\necho\n')
  })
  it('are none in a script without any', () => {
    expect(readDirectives('#!/bin/sh\necho #SBATCH --time=1\n')).toEqual({})
  })
})

/** Each as `sbatch -v` of SLURM 22.05 shows that it read it. */
describe('the words of a directive', () => {
  it.each([
    ['--comment --time=1', { comment: '--time=1' }],
    ['-Hc4', { hold: true, 'cpus-per-task': '4' }],
    ['-Wt6 -knoaa', { wait: true, time: '6', 'no-kill': 'noaa' }],
    ['--comment=a#b --time=1', { comment: 'a' }],
    ['-n3#-t 5', { ntasks: '3' }],
    [String.raw`--comment="\" --time=1 --comment="\" `, { comment: '" --time=1 --comment="' }],
    [String.raw`--ti\me=\10`, { time: '10' }],
    ['--comment="a\u2028b" -n 3', { comment: 'a\u2028b', ntasks: '3' }],
    ['-n 3\v-t\f5', { ntasks: '3', time: '5' }],
    ['--comment "" -n 4', { comment: true }]
  ])('%s are those that sbatch reads', (line, expected) => {
    expect(readDirectives(`#!/bin/sh\n#SBATCH ${line}\n`)).toEqual(expected)
    expect(readDirectiveLines(`#!/bin/sh\n#SBATCH ${line}\n`).unreadable).toEqual([])
  })
  it.each(['--exclusive user', '--hold 10', '--comment=a\rb -n 3', '-- -n 5'])('%s are refused, as by sbatch', (line) => {
    expect(readDirectiveLines(`#!/bin/sh\n#SBATCH ${line}\n`).unreadable).toMatchObject([{ line: 2 }])
  })
  it('end where sbatch sees the first command', () => {
    expect(readDirectives('#!/bin/sh\n\u00a0\n#SBATCH -n3\n')).toEqual({})
  })
})

describe('the prologue', () => {
  it('stands where the first command would, behind all directives', () => {
    const lines = insertPrologue(script, 'PROLOGUE').split('\n')
    expect(lines.indexOf('PROLOGUE')).toBe(lines.indexOf('module load pytorch') - 1)
    expect(readDirectives(lines.join('\n'))).toEqual(readDirectives(script))
  })
  it('stands at the end of a script that has no command', () => {
    expect(insertPrologue('#!/bin/sh\n# nothing', 'PROLOGUE')).toBe('#!/bin/sh\n# nothing\nPROLOGUE')
  })
  it.each(['#!/bin/sh', '#!/bin/bash -l', '#!/usr/bin/env bash', '#! /usr/bin/bash', '#!/usr/bin/env -S bash -eu'])(
    'fits into a script that begins with %s',
    (line) => {
      expect(isShellScript(`${line}\ntrue\n`)).toBe(true)
    }
  )
  it.each(['#!/usr/bin/env python3', '#!/usr/bin/fish', '#!/bin/bashful', '#!/bin/tcsh', 'echo'])(
    'is kept out of a script that begins with %s',
    (line) => {
      expect(isShellScript(`${line}\n1\n`)).toBe(false)
    }
  )
})

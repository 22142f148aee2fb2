import { describe, expect, it } from 'vitest'
import { insertPrologue, isShellScript, readDirectives } from '../src/batch-script.ts'

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

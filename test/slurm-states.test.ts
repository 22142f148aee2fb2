import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { slurmStatesPage } from '../scripts/slurm-states-page.ts'

it('docs/slurm-states.md says what the code does (scripts/write-slurm-states.ts writes it)', () => {
  const page = readFileSync(new URL('../docs/slurm-states.md', import.meta.url), 'utf8')
  expect(page).toBe(slurmStatesPage())
})

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { rayStatesPage } from '../scripts/ray-states-page.ts'

it('docs/ray-states.md says what the code does (scripts/write-ray-states.ts writes it)', () => {
  const page = readFileSync(new URL('../docs/ray-states.md', import.meta.url), 'utf8')
  expect(page).toBe(rayStatesPage())
})

import { billingFormulaSchema } from '@lautta/core/billing/billing-formula'
import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import { expect, it } from 'vitest'
import { warningsFor } from '../src/order-warnings.ts'

const formula = billingFormulaSchema.parse({ partitions: ['small'], unit: 'cpu-bu' })
const open = { name: 'lumi', kind: 'slurm', billing: [formula], retired: null, ownerOnlyServices: false }

it('a limit where no price is known comes with a warning', () => {
  const request = (job: object, limit?: object) =>
    orchestrationSchema(['lumi']).parse({ name: 'n', limit, platforms: { lumi: { jobs: [job] } } })
  const limited = request({ script: 'true' }, { 'cpu-bu': 1 })
  expect(warningsFor([{ ...open, billing: [] }], limited)).toEqual([expect.stringMatching(/^platforms.lumi: no billing formula/)])
  expect(warningsFor([open], limited)).toEqual([])
  expect(warningsFor([{ ...open, billing: [] }], request({ script: 'true' }))).toEqual([])
  expect(warningsFor([{ ...open, kind: 'local', billing: [] }], limited)).toEqual([])
})

it('a Ray cluster where services may answer nobody but their owner comes with a warning of Serve', () => {
  const request = (job: object) => orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs: [job] } } })
  const lumi = (ownerOnlyServices: boolean) => [{ ...open, ownerOnlyServices }]
  expect(warningsFor(lumi(true), request({ 'ray-cluster': {} }))).toEqual([
    expect.stringMatching(/^platforms.lumi: .* Ray Serve for none/)
  ])
  expect(warningsFor(lumi(true), request({ script: 'true' }))).toEqual([])
  expect(warningsFor(lumi(false), request({ 'ray-cluster': {} }))).toEqual([])
})

import { orchestrationSchema } from '@lautta/core/orchestration/dictionary'
import { expect, it } from 'vitest'
import { warningsFor } from '../src/order-warnings.ts'

it('a Ray cluster where services may answer nobody but their owner comes with a warning of Serve', () => {
  const request = (job: object) => orchestrationSchema(['lumi']).parse({ name: 'n', platforms: { lumi: { jobs: [job] } } })
  const lumi = (ownerOnlyServices: boolean) => [{ name: 'lumi', retired: null, ownerOnlyServices }]
  expect(warningsFor(lumi(true), request({ 'ray-cluster': {} }))).toEqual([
    expect.stringMatching(/^platforms.lumi: .* Ray Serve for none/)
  ])
  expect(warningsFor(lumi(true), request({ script: 'true' }))).toEqual([])
  expect(warningsFor(lumi(false), request({ 'ray-cluster': {} }))).toEqual([])
})

import { describe, expect, it } from 'vitest'
import { gatherBatches, splitBySize, transferAll } from '../src/effects/transfer-batches.ts'

const mebibyte = 1024 ** 2
const files = (count: number, usedBytes: number, folder = 'a') => Array.from({ length: count }, () => ({ usedBytes, folder }))

describe('the batches of small files', () => {
  it('are of one folder, and bounded by their bytes and their number', () => {
    const batches = gatherBatches([...files(3000, 1), ...files(20, 3 * mebibyte, 'b')], ({ folder }) => folder)
    expect(batches.map((batch) => [batch.length, new Set(batch.map(({ folder }) => folder)).size])).toEqual([
      [2000, 1],
      [1000, 1],
      [10, 1],
      [10, 1]
    ])
  })
  it('have no file that goes alone', () => {
    const { small, large } = splitBySize([...files(1, 4 * mebibyte), ...files(1, 4 * mebibyte + 1)])
    expect([small, large]).toEqual([files(1, 4 * mebibyte), files(1, 4 * mebibyte + 1)])
  })
})

describe('transfers', () => {
  it('have all ended when one of them is told to have failed, and no further one is begun', async () => {
    const told: string[] = []
    const transfer = async (name: string) => {
      told.push(`${name} begins`)
      if (name === 'bad') throw new Error('no room')
      await new Promise(setImmediate)
      told.push(`${name} ends`)
    }
    await expect(transferAll(['good', 'bad', 'late'], transfer)).rejects.toThrow('no room')
    expect(told).toEqual(['good begins', 'bad begins', 'good ends'])
  })
})

import { describe, expect, it } from 'vitest'
import { parseRequestedMemory, parseSlurmBytes, parseSlurmCount } from '../src/accounting/slurm-size.ts'
import { isoFromEpoch, parseEpoch, parseSlurmDuration, parseTimeLimit } from '../src/accounting/slurm-time.ts'

describe('a duration of SLURM', () => {
  it.each([
    ['00:03.797', 3.797],
    ['00:18.36', 18.36],
    ['01:40', 100],
    ['14:13:20', 51_200],
    ['2-10:10:08', 209_408],
    ['1-02:03:04.5', 93_784.5]
  ])('that reads %s is %d s', (text, seconds) => {
    expect(parseSlurmDuration(text)).toBeCloseTo(seconds, 6)
  })
  it.each(['', 'UNLIMITED', 'INVALID', 'Partition_Limit', 'Unknown', '12'])('is none when it reads %j', (text) => {
    expect(parseSlurmDuration(text)).toBeNull()
  })
})

describe('a time limit of sbatch', () => {
  it.each([
    ['10', 600],
    ['10:30', 630],
    ['1:00:00', 3600],
    ['2-0', 172_800],
    ['1-2:30', 95_400],
    ['1-02:03:04', 93_784]
  ])('that reads %s is %d s', (text, seconds) => {
    expect(parseTimeLimit(text)).toBe(seconds)
  })
  it.each(['', 'soon', '1:2:3:4', '-1'])('is none when it reads %j', (text) => {
    expect(parseTimeLimit(text)).toBeNull()
  })
})

describe('sizes and counts of sacct', () => {
  it.each([
    ['0', 0],
    ['10824K', 11_083_776],
    ['1.5G', 1_610_612_736],
    ['256Mc', 268_435_456],
    ['12345', 12_345]
  ])('that read %s are %d bytes', (text, bytes) => {
    expect(parseSlurmBytes(text)).toBe(bytes)
  })
  it('count in thousands where they are no bytes: AveCPUFreq in kHz', () => {
    expect(parseSlurmCount('2.60M')).toBe(2_600_000)
    expect(parseSlurmCount('665.33K')).toBe(665_330)
  })
  it('are of the whole job where old versions tell the memory of a node or of a CPU', () => {
    expect(parseRequestedMemory('4Gn', 2, 8)).toBe(8 * 1024 ** 3)
    expect(parseRequestedMemory('256Mc', 2, 8)).toBe(2 * 1024 ** 3)
    expect(parseRequestedMemory('200M', 2, 8)).toBe(200 * 1024 ** 2)
    expect(parseRequestedMemory('4Gn', null, 8)).toBeNull()
  })
  it('are none when they are missing', () => {
    expect(parseSlurmCount('18446744073709551614')).toBeNull()
    expect(parseSlurmBytes('')).toBeNull()
    expect(parseSlurmCount('Unknown')).toBeNull()
  })
})

describe('a time with SLURM_TIME_FORMAT=%s', () => {
  it('is seconds since 1970, or nothing', () => {
    expect(isoFromEpoch(parseEpoch('1716736668'))).toBe('2024-05-26T15:17:48.000Z')
    expect(parseEpoch('Unknown')).toBeNull()
    expect(parseEpoch('N/A')).toBeNull()
  })
})

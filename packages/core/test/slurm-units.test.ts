import { describe, expect, it } from 'vitest'
import { saysNothing } from '../src/accounting/says-nothing.ts'
import { parseRequestedMemory, parseSlurmBytes, parseSlurmCount, parseSlurmKilohertz } from '../src/accounting/slurm-size.ts'
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
    ['0.00M', 0],
    ['-0.00M', 0],
    ['20.34M', 21_328_036],
    ['-3', -3],
    ['12345', 12_345]
  ])('that read %s are %d bytes', (text, bytes) => {
    expect(parseSlurmBytes(text)).toBe(bytes)
  })
  it.each([
    ['1.5K', 1536],
    ['17', 17]
  ])('that read %s count %d nodes, cores or pages', (text, count) => {
    expect(parseSlurmCount(text)).toBe(count)
  })
  // sacct counts the frequency in kHz and shortens that number by thousands, whether it was asked for --noconvert or not.
  it.each([
    ['2.60G', 2_600_000],
    ['2.60M', 2_600],
    ['2600000K', 2_600_000],
    ['2299K', 2_299],
    ['665.33K', 665],
    ['2600000', 2_600_000],
    ['0', 0]
  ])('that read %s are %d kHz as AveCPUFreq', (text, kilohertz) => {
    expect(parseSlurmKilohertz(text)).toBe(kilohertz)
  })
  it.each(['', 'Unknown', '12Q', '1.5.2', '0x10', '--5', '1e9', '16?', '9007199254740993', '10P0', 'K'])(
    'are none when they read %j',
    (text) => {
      expect([parseSlurmBytes(text), parseSlurmCount(text), parseSlurmKilohertz(text)]).toEqual([null, null, null])
    }
  )
  it('are of the whole job where old versions tell the memory of a node or of a CPU, and nothing else is', () => {
    expect(parseRequestedMemory('4Gn', 2, 8)).toBe(8 * 1024 ** 3)
    expect(parseRequestedMemory('256Mc', 2, 8)).toBe(2 * 1024 ** 3)
    expect(parseRequestedMemory('200M', 2, 8)).toBe(200 * 1024 ** 2)
    expect(parseRequestedMemory('4Gn', null, 8)).toBeNull()
    expect([parseSlurmCount('4n'), parseSlurmKilohertz('4c'), parseSlurmBytes('4Gn')]).toEqual([null, null, null])
  })
})

describe('a field of sacct', () => {
  it.each(['', ' ', 'UNLIMITED', 'INVALID', 'Unknown', 'Partition_Limit', 'None', 'N/A', '4294967294', '18446744073709551614'])(
    'says nothing when it reads %j',
    (text) => {
      expect(saysNothing(text)).toBe(true)
    }
  )
  it.each(['0', '12Q', '1-aa', '16?', 'None assigned', '-3'])('says something when it reads %j', (text) => {
    expect(saysNothing(text)).toBe(false)
  })
})

describe('a time with SLURM_TIME_FORMAT=%s', () => {
  it('is seconds since 1970, or nothing', () => {
    expect(isoFromEpoch(parseEpoch('1716736668'))).toBe('2024-05-26T15:17:48.000Z')
    expect(parseEpoch('Unknown')).toBeNull()
    expect(parseEpoch('N/A')).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import { fullDiskOf } from '../src/full-disk.ts'

describe('words about a full disk', () => {
  it.each([
    ['cat: write error: Disk quota exceeded', /your quota/],
    ["mkdir: cannot create directory 'a': Disk quota exceeded", /your quota .* of files/],
    ['cat: write error: No space left on device', /not your quota/]
  ])('%s says whose it is', (words, hint) => {
    expect(fullDiskOf('/scratch/a: full', words)).toMatchObject({
      message: '/scratch/a: full',
      hint: expect.stringMatching(hint)
    })
  })
  it('are no other words', () => {
    expect(fullDiskOf('a', "mkdir: cannot create directory 'a': Permission denied")).toBeNull()
  })
})

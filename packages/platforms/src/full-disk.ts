import { PlatformDiskError } from '@lautta/core/errors'

/** What a program's last words mean when a disk was full: the user's own quota or the file system of everybody; null for other words. */
export function fullDiskOf(message: string, words: string): PlatformDiskError | null {
  if (/quota exceeded/i.test(words)) {
    return new PlatformDiskError(message, {
      hint: 'your quota there is used up, of bytes or of files: remove some, or ask for a larger quota; it then goes on by itself'
    })
  }
  if (/No space left on device/i.test(words)) {
    return new PlatformDiskError(message, {
      hint: 'not your quota but the whole file system is full: it goes on by itself when there is room'
    })
  }
  return null
}

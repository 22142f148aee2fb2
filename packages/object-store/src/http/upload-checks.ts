import { type LauttaError, messageOf, RefusedError, StorageError } from '@lautta/core/errors'
import type { PutOptions } from '../object-store.ts'

/** What the content of an upload turned out to be; its MD5 where it was stated. */
export interface Content {
  usedBytes: number
  md5?: string
}

/** Compares what came with what was said of it. */
export function checkStated(path: string, stated: PutOptions, { usedBytes, md5 }: Content): void {
  if (stated.usedBytes !== undefined && stated.usedBytes !== usedBytes)
    throw new RefusedError(`${path}: ${usedBytes} bytes came, not ${stated.usedBytes}`)
  if (stated.md5 !== undefined && stated.md5 !== md5)
    throw new RefusedError(`${path}: the MD5 of what arrived is ${md5}, not ${stated.md5}`)
}

/** What has to be told when the stream that was to be stored breaks off. */
export function brokenSource(path: string, cause: unknown): LauttaError {
  if (cause instanceof RefusedError || cause instanceof StorageError) return cause
  return new StorageError(`${path}: what was to be stored broke off: ${messageOf(cause)}`, { cause })
}

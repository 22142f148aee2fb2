import { z } from 'zod'

/** A pip requirement, without anything that others must not read. */
export const requirementSchema = z
  .string()
  .refine(
    (text) => !/https?:\/\/[^/\s]*@|:\/\/[^/\s@]*:[^/\s@]*@/.test(text),
    'others could read the password: put it into a file from your secrets, and name that by `-r <file>`'
  )

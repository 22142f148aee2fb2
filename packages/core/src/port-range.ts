import { z } from 'zod'

/** Of TCP. */
export const highestPort = 65_535

/** Ports of a configuration, as `8125-8150`. */
export const portRangeSchema = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, 'write the first and the last port, as in 8125-8150')
  .transform((text) => {
    const [first = 0, last = 0] = text.split('-').map(Number)
    return { first, last }
  })
  .refine(({ first, last }) => first >= 1 && first <= last && last <= highestPort, 'ports are 1 to 65535, the lower one first')

/** The first and the last port of a range. */
export type PortRange = z.output<typeof portRangeSchema>

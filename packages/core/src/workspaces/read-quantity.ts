const powers = ['', 'K', 'M', 'G', 'T', 'P']

/** A number with its unit, as tools print it. */
export interface Quantity {
  value: number
  /** `K`, `M`, `G`, `T`, `P`, or nothing. */
  unit: string
}

/** Reads `2.2M`, `.97k`, `10TB`, `37`; null for what is none. */
export function readQuantity(text: string): Quantity | null {
  const match = /^(\d{1,15}(?:[.,]\d{0,15})?|[.,]\d{1,15})([KMGTP]?)(?:i?B)?$/i.exec(text)
  if (match?.[1] === undefined) return null
  return { value: Number(match[1].replace(',', '.')), unit: (match[2] ?? '').toUpperCase() }
}

/** The whole number that a quantity stands for; each unit is so many times the one before. */
export function scaleQuantity({ value, unit }: Quantity, base: 1000 | 1024): number {
  return Math.round(value * base ** powers.indexOf(unit))
}

/** The least for which a printed quantity may stand, as the whole number that it says: tools round to the last digit. */
export function leastMeant(text: string, amount: number): number {
  const value = readQuantity(text)?.value ?? 0
  // As it stands, without a unit, nothing was rounded.
  if (value === 0 || value === amount) return amount
  const decimals = /[.,](\d*)/.exec(text)?.[1]?.length ?? 0
  return amount * (1 - (0.5 * 10 ** -decimals) / value)
}

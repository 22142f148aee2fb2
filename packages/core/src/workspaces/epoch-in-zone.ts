/** A time as a platform prints it in its own zone, such as `2026-11-19 15:36:37`, in seconds since 1970; null for what is none. */
export function epochInZone(text: string, timeZone: string): number | null {
  const [, date, time = '00:00', seconds = ':00'] = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(:\d{2})?)?$/.exec(text) ?? []
  const asUtc = Date.parse(`${date}T${time}${seconds}Z`)
  if (Number.isNaN(asUtc)) return null
  // Twice, because where the clock was changed between the two its offset is another one.
  const guess = asUtc - offsetMs(asUtc, timeZone)
  return (asUtc - offsetMs(guess, timeZone)) / 1000
}

/** How much later it is there than in UTC. */
function offsetMs(atMs: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(atMs)
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign, hours = '0', minutes = '0'] = /^GMT([+-])(\d{2}):(\d{2})$/.exec(name) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

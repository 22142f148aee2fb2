/** What a configuration file says, by section and name. */
export type Sections = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>

/** Both OpenStack's and Ceph's files are in this format. */
export function ini(sections: Sections): string {
  const lines = Object.entries(sections).flatMap(([name, section]) => [
    `[${name}]`,
    ...Object.entries(section).map(([key, value]) => `${key} = ${value}`)
  ])
  return `${lines.join('\n')}\n`
}

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** What a server left behind is found by the folder that its command line or environment names. */
export function processesNaming(text: string): number[] {
  return livingProcesses().filter((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].some(contains(text)))
}

/** Nothing can leave a process namespace, so this finds also what has forgotten its folder, parent and session. */
export function processesInNamespace(link: string): number[] {
  return livingProcesses().filter((pid) => namespaceOf(pid) === link)
}

/** Where the processes that name the text live, but for our own namespace. */
export function namespacesNaming(text: string): string[] {
  const found = processesNaming(text).flatMap((pid) => namespaceOf(pid) ?? [])
  return [...new Set(found)].filter((link) => link !== namespaceOf(process.pid))
}

/** A zombie is gone: where the host's first process reaps late, signal 0 would still find it. */
export function isAlive(pid: number): boolean {
  const status = attempt(() => readFileSync(`/proc/${pid}/status`, 'utf8'))
  return status !== undefined && !/^State:\s+[ZX]/m.test(status)
}

function namespaceOf(pid: number): string | undefined {
  return attempt(() => readlinkSync(`/proc/${pid}/ns/pid`))
}

function livingProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(isAlive)
}

function contains(text: string): (path: string) => boolean {
  return (path) => attempt(() => readFileSync(path, 'utf8'))?.includes(text) ?? false
}

// Processes end while we read about them, and some of them are not ours to read about.
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

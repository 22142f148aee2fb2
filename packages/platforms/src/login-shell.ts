/** A script in a login shell, as an argv; what such a shell says first is not taken for the script's output. */
export function inLoginShell(script: string, args: readonly string[]): string[] {
  return ['sh', '-c', 'exec 3>&1 >/dev/null; exec bash -l -c "$@"', 'sh', `exec >&3 3>&-\n${script}`, 'lautta', ...args]
}

/** Lines of a profile in front of a script that goes on without them: what fails there is not its own failure. */
export function tryLines(preamble: readonly string[]): string {
  return preamble.map((line) => `{ ${line}\n} >/dev/null 2>&1\n`).join('')
}

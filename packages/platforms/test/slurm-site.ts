import type { SlurmServer } from '../../../test/servers/slurm.ts'

const home = '/users/csc'

/** What a site, or a user, may have put around the commands of a test SLURM. */
export function dressUp(slurm: SlurmServer) {
  const write = (path: string, text: string) =>
    slurm.exec(['sh', '-c', 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod +x "$1"', 'sh', path], { stdin: text })
  return {
    /** A program of one's own in front of SLURM's. */
    async wrap(command: string, script: string): Promise<void> {
      await write(`${home}/bin/${command}`, `#!/bin/sh\n${script}\n`)
      await write(`${home}/.bashrc`, `export PATH=${home}/bin:$PATH\n`)
    },
    /** A file in the place of a command; without its text, nothing. */
    async replace(command: string, text?: string): Promise<void> {
      await slurm.exec(['sh', '-c', `mkdir bin; ln -s /usr/bin/* bin/; rm bin/${command}`])
      if (text !== undefined) await write(`${home}/bin/${command}`, text)
      await write(`${home}/.bashrc`, `export PATH=${home}/bin\n`)
    },
    /** Lines that every command's shell reads first. */
    profile: (text: string) => write(`${home}/.bashrc`, text),
    undress: () => slurm.exec(['rm', '-rf', `${home}/.bashrc`, `${home}/bin`])
  }
}

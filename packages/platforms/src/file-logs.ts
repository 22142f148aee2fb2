import { lookAtFiles, readFileParts } from './files/file-parts.ts'
import type { LogReader } from './log-reader.ts'
import type { RemoteShell } from './remote-shell.ts'

/** Reads logs that are files on the platform. */
export function createFileLogs(shell: RemoteShell): LogReader {
  return {
    look: (paths) => lookAtFiles(shell, paths),
    read: (parts, mostBytes) => readFileParts(shell, parts, mostBytes)
  }
}

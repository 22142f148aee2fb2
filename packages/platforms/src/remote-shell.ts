import type { Duplex, Readable, Writable } from 'node:stream'

/** A command that runs on a platform. An error of a stream that nobody listens to is passed over. */
export interface RemoteProcess {
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** Resolves with the exit code when all output has been read; rejects when the connection was lost before. */
  ended: Promise<number>
  /** Stops listening. The command itself may go on. */
  abandon(): void
}

/** What a channel is used for: commands never wait behind all the files. */
export type Lane = 'command' | 'file'

/** Where something listens, as the login node knows it. */
export interface RemoteAddress {
  host: string
  port: number
}

/** The only door to a platform's login node; it hides the transport. */
export interface RemoteShell {
  /**
   * Starts a command. UnavailableError and CredentialsError say that it surely did not start; after any other error it
   * may have.
   */
  start(argv: readonly string[], lane?: Lane): Promise<RemoteProcess>
  /**
   * A TCP connection from the login node on. UnavailableError says that nobody listens there, or that it can not be
   * reached; once open, it ends with the connection to the platform.
   */
  dial(address: RemoteAddress): Promise<Duplex>
  /** Whether a connection is there now, as far as is known: a loss shows only when something is sent. */
  isOpen(): boolean
  close(): Promise<void>
}

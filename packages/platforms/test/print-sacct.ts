import type { CommandOutput, RemoteCommand } from '../src/run-command.ts'

function optionOf({ argv }: RemoteCommand<unknown>, option: string): string {
  const word = argv.find((one) => one.startsWith(`${option}=`))
  if (word === undefined) throw new Error(`there is no ${option}`)
  return word.slice(option.length + 1)
}

/** What a sacct asks for, in its sequence. */
export function fieldsOf(command: RemoteCommand<unknown>): string[] {
  return optionOf(command, '--format').split(',')
}

/** What sacct prints when it was asked by a command: the values of each line in the sequence of its fields. */
export function printLines(command: RemoteCommand<unknown>, lines: readonly (readonly string[])[]): CommandOutput {
  const delimiter = optionOf(command, '--delimiter')
  return { stdout: lines.map((values) => `${values.join(delimiter)}\n`).join(''), stderr: '', exitCode: 0 }
}

/** The same by the names of the fields; those that are not told of are empty. */
export function printRows(command: RemoteCommand<unknown>, rows: readonly Readonly<Record<string, string>>[]): CommandOutput {
  const fields = fieldsOf(command)
  return printLines(
    command,
    rows.map((row) => fields.map((field) => row[field] ?? ''))
  )
}

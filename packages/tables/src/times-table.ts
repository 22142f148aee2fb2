import { type Stage, type StageTime, stages } from '@lautta/core/job/stage-times'
import { columns } from './column.ts'
import { writeTable } from './write-table.ts'

/** The columns of TIMES, beside its index. */
export const timesColumns = columns('int64', 'begin', 'end', 'total')

/** TIMES: the stages of seed 000 as the index, when each began and ended. */
export function writeTimesTable(times: Readonly<Record<Stage, StageTime>>): Uint8Array {
  return writeTable({
    columns: timesColumns,
    rows: stages.map((stage) => ({ ...times[stage] })),
    index: stages
  })
}

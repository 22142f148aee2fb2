import type { Column, ColumnType } from './column.ts'

/** The column in which pandas keeps an index that is not 0..n-1. */
export const indexColumn: Column = { name: '__index_level_0__', type: 'string' }

/** Who wrote a table, in pandas' own words for it. */
export const writerLibrary = 'lautta'

const typeNames: Readonly<Record<ColumnType, { pandas_type: string; numpy_type: string }>> = {
  string: { pandas_type: 'unicode', numpy_type: 'object' },
  int64: { pandas_type: 'int64', numpy_type: 'int64' },
  double: { pandas_type: 'float64', numpy_type: 'float64' }
}

/**
 * What pandas writes beside a table, so that reading it restores the index. Where nobody knows yet how many rows there will
 * be (null) no index is named: readers then count from 0.
 */
export function pandasMetadata(columns: readonly Column[], rowCount: number | null, hasIndex: boolean): string {
  const range = rowCount === null ? [] : [{ kind: 'range', name: null, start: 0, stop: rowCount, step: 1 }]
  const described = columns.map(({ name, type }) => ({ name, field_name: name, ...typeNames[type], metadata: null }))
  const index = { name: null, field_name: indexColumn.name, ...typeNames.string, metadata: null }
  return JSON.stringify({
    index_columns: hasIndex ? [indexColumn.name] : range,
    column_indexes: [
      { name: null, field_name: null, pandas_type: 'unicode', numpy_type: 'object', metadata: { encoding: 'UTF-8' } }
    ],
    columns: hasIndex ? [...described, index] : described,
    attributes: {},
    creator: { library: writerLibrary, version: '1' },
    pandas_version: '2.2.0'
  })
}

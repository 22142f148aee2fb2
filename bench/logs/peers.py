"""The same table of a log by DuckDB or by pyarrow, which tells the most memory that it had: <peer> <log> <table>"""

import os
import resource
import sys

peer, log, table = sys.argv[1:]

if peer == "DuckDB":
    import duckdb

    duckdb.sql("set enable_progress_bar = false")
    duckdb.sql(f"""
        copy (
            select translate(rows, chr(9) || chr(27), '  ') as rows, line, 'out' as source
            from (select rows, row_number() over () as line from read_csv('{log}', header = false, auto_detect = false,
                delim = '\x01', quote = '', escape = '', null_padding = true, columns = {{'rows': 'varchar'}}))
            where trim(rows) != ''
        ) to '{table}' (format parquet, compression zstd, row_group_size 65536)""")
else:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    reading = csv.open_csv(
        log,
        csv.ReadOptions(column_names=["rows"], block_size=16 * 1024 * 1024),
        csv.ParseOptions(delimiter="\x01", quote_char=False, ignore_empty_lines=False),
        csv.ConvertOptions(column_types={"rows": pa.string()}, strings_can_be_null=False),
    )
    schema = pa.schema([("rows", pa.string()), ("line", pa.int64()), ("source", pa.string())])
    first = 1
    with pq.ParquetWriter(table, schema, compression="zstd") as writer:
        for batch in reading:
            rows = pc.replace_substring_regex(batch.column(0), "[\t\x1b]", " ")
            lines = pa.array(range(first, first + len(rows)), pa.int64())
            first += len(rows)
            columns = [rows, lines, pa.repeat(pa.scalar("out"), len(rows))]
            named = pa.Table.from_arrays(columns, schema=schema)
            writer.write_table(named.filter(pc.not_equal(pc.utf8_trim_whitespace(rows), "")), row_group_size=65_536)

sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
sys.stdout.flush()
os._exit(0)

-- How duckdb_*.bloom were made, by DuckDB 1.5.6, for tests/test_bloom.c. Each is one column's Bloom filter as it stands in
-- the Parquet file, from bloom_filter_offset on, bloom_filter_length bytes: its BloomFilterHeader (16 bytes), then the
-- filter. DuckDB writes filters for columns that it writes with a dictionary.
COPY (
  SELECT CASE WHEN i % 10 = 3 THEN NULL ELSE i * i * i END::BIGINT AS i64,
         (i * 31 - 16000)::SMALLINT AS i16,
         (i % 200 - 100)::TINYINT AS i8,
         (i % 200 + 50)::UTINYINT AS u8,
         'key ' || i AS text,
         CASE WHEN i % 2 = 0 THEN i / 8 ELSE -i / 8 END::DOUBLE AS f64
  FROM range(1000) t(i)
) TO 'golden.parquet' (FORMAT parquet, DICTIONARY_SIZE_LIMIT 100000, BLOOM_FILTER_FALSE_POSITIVE_RATIO 0.01);
SELECT path_in_schema, bloom_filter_offset, bloom_filter_length FROM parquet_metadata('golden.parquet');

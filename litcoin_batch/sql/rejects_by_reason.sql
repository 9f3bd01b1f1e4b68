-- What was rejected, and why: most frequent reasons first, with an example of each
--
-- Reasons are of one kind where they differ only in quoted values, from the first number to the last, or
-- behind the first colon.
WITH kinds AS (
  SELECT source, record, reason,
    -- chr(39) is the quotation mark that the reasons use.
    regexp_replace(
      split_part(regexp_replace(reason, concat(chr(39), '.*', chr(39)), '...'), ':', 1), '[0-9].*[0-9]|[0-9]', 'N'
    ) AS kind,
    row_number() OVER (ORDER BY source, record, reason) AS place
  FROM rejects
)
SELECT kind,
  count(*) AS n_rejects,
  count(DISTINCT source) AS n_sources,
  min_by(source, place) AS example_source,
  min_by(record, place) AS example_record,
  min_by(reason, place) AS example_reason
FROM kinds
GROUP BY kind
ORDER BY n_rejects DESC, kind

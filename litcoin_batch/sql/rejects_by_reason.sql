-- What was rejected, and why: most frequent reasons first, with an example of each
--
-- Reasons are told apart up to their first colon; behind it stands what was wrong in one record.
SELECT split_part(reason, ':', 1) AS kind,
  count(*) AS n_rejects,
  count(DISTINCT source) AS n_sources,
  min(source) AS example_source,
  min_by(record, source || ' ' || lpad(CAST(record AS STRING), 12, '0')) AS example_record,
  min_by(reason, source || ' ' || lpad(CAST(record AS STRING), 12, '0')) AS example_reason
FROM rejects
GROUP BY split_part(reason, ':', 1)
ORDER BY n_rejects DESC, kind

-- The documents with the most new findings: what to read first
--
-- expected_novel adds up the probabilities that a relation is there and is new; n_novel counts decisions.
SELECT d.pmid, d.year, d.journal, d.title,
  count(*) AS n_relations,
  count(CASE WHEN r.novel THEN 1 END) AS n_novel,
  sum(r.score * r.novel_score) AS expected_novel
FROM documents d
JOIN relations r ON r.pmid = d.pmid
GROUP BY d.pmid, d.year, d.journal, d.title
ORDER BY n_novel DESC, expected_novel DESC, d.pmid
LIMIT 50

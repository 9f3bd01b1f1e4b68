-- Chemicals given together or changing each other's effect: cotreatments and drug interactions
SELECT type, max_by(entity_1_text, score) AS chemical_1, max_by(entity_2_text, score) AS chemical_2,
  entity_1_id, entity_2_id,
  count(DISTINCT pmid) AS n_documents,
  count(DISTINCT CASE WHEN novel THEN pmid END) AS n_novel,
  max(score) AS best_score,
  max_by(pmid, score) AS example_pmid
FROM relations
WHERE type IN ('Cotreatment', 'Drug_Interaction')
GROUP BY type, entity_1_id, entity_2_id
ORDER BY n_documents DESC, best_score DESC, type, entity_1_id, entity_2_id
LIMIT 100

-- All that the documents together say of a concept, most documents first (--param concept=NAME or concept id)
--
-- One row for each other concept and type of relation. A name is found where the surest report uses it, in any case of
-- letters; a concept id finds all.
WITH sides AS (
  SELECT entity_1_id AS concept_id, entity_1_text AS concept,
    entity_2_id AS other_id, entity_2_text AS other, entity_2_type AS other_type,
    type, n_documents, first_year, last_year, novel_share, score, best_score, best_pmid, best_evidence
  FROM pairs
  UNION ALL
  SELECT entity_2_id, entity_2_text, entity_1_id, entity_1_text, entity_1_type,
    type, n_documents, first_year, last_year, novel_share, score, best_score, best_pmid, best_evidence
  FROM pairs
)
SELECT concept, concept_id, type, other, other_type, other_id, n_documents, first_year, last_year,
  novel_share, score, best_score, best_pmid, best_evidence
FROM sides
WHERE concept_id = :concept OR lower(concept) = lower(:concept)
ORDER BY n_documents DESC, score DESC, other_id, type
LIMIT 100

-- Sequence variants and the diseases they are related to, with the sentences
WITH pairs AS (
  SELECT pmid, type, score, novel, entity_1_id, entity_2_id,
    entity_1_id AS variant_id, entity_1_text AS variant, entity_2_id AS disease_id, entity_2_text AS disease
  FROM relations
  WHERE entity_1_type = 'SequenceVariant' AND entity_2_type = 'DiseaseOrPhenotypicFeature'
  UNION ALL
  SELECT pmid, type, score, novel, entity_1_id, entity_2_id,
    entity_2_id, entity_2_text, entity_1_id, entity_1_text
  FROM relations
  WHERE entity_2_type = 'SequenceVariant' AND entity_1_type = 'DiseaseOrPhenotypicFeature'
)
SELECT p.variant, p.variant_id, p.type, p.disease, p.disease_id, p.score, p.novel, p.pmid, e.text AS sentence
FROM pairs p
LEFT JOIN evidence e ON e.pmid = p.pmid AND e.type = p.type
  AND e.entity_1_id = p.entity_1_id AND e.entity_2_id = p.entity_2_id
ORDER BY p.score DESC, p.pmid, p.variant_id, p.disease_id, e.start

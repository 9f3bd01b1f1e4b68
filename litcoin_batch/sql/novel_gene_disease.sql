-- Gene-disease pairs that most documents report as a new finding
--
-- confidence is the noisy-or of the scores, 1 - (1 - s1)(1 - s2)...: the probability that at least one
-- report is right, were the reports independent. example_pmid is the report with the highest score. An entity
-- that no vocabulary knows (local:...) is another one in every document.
WITH findings AS (
  SELECT pmid, type, score,
    entity_1_id AS gene_id, entity_1_text AS gene, entity_2_id AS disease_id, entity_2_text AS disease
  FROM relations
  WHERE novel AND entity_1_type = 'GeneOrGeneProduct' AND entity_2_type = 'DiseaseOrPhenotypicFeature'
  UNION ALL
  SELECT pmid, type, score, entity_2_id, entity_2_text, entity_1_id, entity_1_text
  FROM relations
  WHERE novel AND entity_2_type = 'GeneOrGeneProduct' AND entity_1_type = 'DiseaseOrPhenotypicFeature'
)
SELECT gene_id, max_by(gene, score) AS gene, disease_id, max_by(disease, score) AS disease,
  count(DISTINCT pmid) AS n_documents,
  -- A score of exactly 1 would be certainty, whose logarithm does not exist.
  1 - exp(sum(ln(1 - least(score, 0.999999)))) AS confidence,
  max_by(type, score) AS surest_type,
  max_by(pmid, score) AS example_pmid
FROM findings
GROUP BY gene_id, disease_id
ORDER BY n_documents DESC, confidence DESC, gene_id, disease_id
LIMIT 50

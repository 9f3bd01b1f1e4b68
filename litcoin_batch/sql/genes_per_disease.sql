-- The five genes that most documents relate to each disease
--
-- Diseases and genes without a concept id of a vocabulary are left out: one document's local id is not
-- another's, so they cannot be counted over documents.
WITH pairs AS (
  SELECT pmid, score,
    entity_1_id AS gene_id, entity_1_text AS gene, entity_2_id AS disease_id, entity_2_text AS disease
  FROM relations
  WHERE entity_1_type = 'GeneOrGeneProduct' AND entity_2_type = 'DiseaseOrPhenotypicFeature'
  UNION ALL
  SELECT pmid, score, entity_2_id, entity_2_text, entity_1_id, entity_1_text
  FROM relations
  WHERE entity_2_type = 'GeneOrGeneProduct' AND entity_1_type = 'DiseaseOrPhenotypicFeature'
),
counted AS (
  SELECT disease_id, max_by(disease, score) AS disease, gene_id, max_by(gene, score) AS gene,
    count(DISTINCT pmid) AS n_documents, max(score) AS best_score
  FROM pairs
  WHERE gene_id NOT LIKE 'local:%' AND disease_id NOT LIKE 'local:%'
  GROUP BY disease_id, gene_id
),
ranked AS (
  SELECT c.*,
    row_number() OVER (PARTITION BY disease_id ORDER BY n_documents DESC, best_score DESC, gene_id) AS place,
    sum(n_documents) OVER (PARTITION BY disease_id) AS n_reports
  FROM counted c
)
SELECT disease_id, disease, place, gene_id, gene, n_documents, best_score
FROM ranked
WHERE place <= 5
ORDER BY n_reports DESC, disease_id, place

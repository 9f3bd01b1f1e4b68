-- Everything that correlates negatively with a chemical, with the sentences (--param chemical=NAME or concept id)
--
-- A name is found where a document uses it, in any case of letters; a concept id finds all names.
WITH sides AS (
  SELECT pmid, type, score, novel, entity_1_id, entity_2_id,
    entity_1_id AS chemical_id, entity_1_type AS chemical_type,
    entity_2_id AS other_id, entity_2_type AS other_type, entity_2_text AS other
  FROM relations
  UNION ALL
  SELECT pmid, type, score, novel, entity_1_id, entity_2_id,
    entity_2_id, entity_2_type, entity_1_id, entity_1_type, entity_1_text
  FROM relations
),
named AS (
  SELECT m.pmid, m.entity_ids FROM mentions m
  WHERE m.type = 'ChemicalEntity' AND lower(m.text) = lower(:chemical)
)
SELECT s.pmid, s.other, s.other_type, s.other_id, s.score, s.novel, e.text AS sentence
FROM sides s
LEFT JOIN evidence e ON e.pmid = s.pmid AND e.type = s.type
  AND e.entity_1_id = s.entity_1_id AND e.entity_2_id = s.entity_2_id
WHERE s.type = 'Negative_Correlation' AND s.chemical_type = 'ChemicalEntity'
  AND (s.chemical_id = :chemical OR EXISTS (
    SELECT 1 FROM named n WHERE n.pmid = s.pmid AND array_contains(n.entity_ids, s.chemical_id)
  ))
ORDER BY s.score DESC, s.pmid, s.other_id, e.start

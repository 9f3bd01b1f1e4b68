"""Published vocabularies to one compiled vocabulary: in come their files and a recipe, out go merged concepts and names."""

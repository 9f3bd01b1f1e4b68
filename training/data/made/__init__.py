"""Documents made by rule: in come names and templates, out go documents whose labels are known."""

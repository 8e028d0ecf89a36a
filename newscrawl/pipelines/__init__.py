"""From article to corpus: drops noted, duplicates linked, the rest saved."""

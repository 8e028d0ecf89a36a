"""What stays: the catalog of addresses and articles, the corpus files, saved responses."""

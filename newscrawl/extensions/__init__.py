"""What lives as long as a crawl does: the corpus, the cleaning processes, the progress display."""

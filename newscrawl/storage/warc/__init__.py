"""WARC archives: written by a crawl, indexed, replayed and read again."""

"""One spider class for all papers; the loader names one spider a paper, and `news` for all."""

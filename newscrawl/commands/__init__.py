"""Sub-commands of `scrapy`."""

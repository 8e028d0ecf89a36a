"""Page to article, text to text. No Scrapy, no network, no files."""

from newscrawl.cleaning.page import Cleaned, Cleaner, clean_page
from newscrawl.cleaning.text import clean_text

__all__ = ["Cleaned", "Cleaner", "clean_page", "clean_text"]

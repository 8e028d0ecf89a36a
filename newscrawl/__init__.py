"""newscrawl: Vietnamese news as a clean, deduplicated, dated text corpus."""

from newscrawl.article import Article, Drop, Image, NotAnArticle, Page
from newscrawl.cleaning import clean_page, clean_text

__all__ = ["Article", "Drop", "Image", "NotAnArticle", "Page", "clean_page", "clean_text"]
__version__ = "0.1.0"

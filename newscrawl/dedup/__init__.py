"""Which articles are the same story. Fingerprints of text, and who was first."""

from newscrawl.dedup.exact import precedence, text_fingerprint

__all__ = ["precedence", "text_fingerprint"]

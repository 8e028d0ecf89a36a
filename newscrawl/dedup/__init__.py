"""Which articles are the same story: fingerprints of text, likeness, who was first, and the lines that recur.

`exact`: the same text. `near`: nearly the same text, with an index on disk. `original`: which of several stays. `lines`: what a
site prints under every story. Where they are needed they are imported from these modules: the index brings numpy along.
"""

from newscrawl.dedup.exact import text_fingerprint

__all__ = ["text_fingerprint"]

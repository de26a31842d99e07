"""Proof that nobody reaches anybody else's: every door tried as everybody with foreign ids, and the database itself.

``cloud verify isolation`` does it on a database of its own that is gone afterwards, so that it needs nobody's data, and
writes a report that an institution's auditor can read. See README.md.
"""

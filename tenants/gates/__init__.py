"""Gates that go on without network: signed codes, what scans come to, and the script that keeps the page."""

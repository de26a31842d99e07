"""How tests ask the sandbox: with one client, since each of its own reads every certificate of the machine anew.

No connection is kept: the sandbox may be gone by the next question, which is what some tests are about.
"""

import ssl

import httpx

NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts no certificate: for clients that only speak plain HTTP on this machine."""
HTTP = httpx.Client(verify=NOBODY, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

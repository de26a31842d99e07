"""The outside world for demonstrations and tests: a bank, a stateful Stripe, a mailbox, and their faults.

A process of its own that the product reaches over HTTP and SMTP only. See README.md in this folder.
"""

"""Answering a bill: pay all or part, promise to pay later, dispute it, decline what is voluntary."""

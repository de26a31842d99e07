"""Disputes and chargebacks: the payer's bank asks money back; we answer in time, and the books show every step."""

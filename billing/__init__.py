"""Money: fee rules, bill runs, bills, payments, channels, ledger, receipts, refunds."""

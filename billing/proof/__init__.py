"""The file with which anybody checks a receipt or a whole ledger without us: nothing here imports anything of ours."""

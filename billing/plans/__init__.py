"""Instalment plans, single bills, opening balances and credit notes: what is owed in another shape than a run's."""
